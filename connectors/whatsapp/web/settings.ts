import { z } from "zod";

export const settings = z.object({
  number: z.e164().meta({
    title: "Number of the phone",
    description: "With + and country code. A phone with another number is refused when it is linked.",
  }),
  groups: z.boolean().default(false).meta({
    title: "Take group chats",
    description: "Otherwise only what people write to the number itself. Statuses and newsletters are never taken.",
  }),
  secondsBetweenSends: z.number().min(0).max(60).default(2).meta({
    title: "Seconds between two messages",
    description: "On average, with chance in it. Fast and even sending gets numbers banned.",
  }),
});
export type Settings = z.output<typeof settings>;
