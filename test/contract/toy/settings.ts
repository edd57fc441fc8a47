import { z } from "zod";

export const settings = z.object({
  number: z.e164().meta({ title: "Number", description: "The number customers write to." }),
  apiUrl: z.url().meta({ title: "Address of the gateway" }),
  apiKey: z.string().min(8).meta({ title: "API key" }),
  webhookSecret: z.string().min(16).meta({ title: "Webhook secret" }),
  checkEveryMs: z.int().min(10).default(30_000).meta({ title: "Milliseconds between looks at the gateway" }),
});
export type Settings = z.output<typeof settings>;
