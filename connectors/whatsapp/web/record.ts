import { z } from "zod";

const customer = z.templateLiteral([z.enum(["phone", "lid", "group"]), ":", z.string()]);

/** One person or chat with everything WhatsApp told about it. A hidden id is never taken for a phone number. */
const party = z.object({
  /** Digits with country code, only when WhatsApp itself named the number. */
  phone: z.string().regex(/^\d+$/).exactOptional(),
  lid: z.string().regex(/^\d+$/).exactOptional(),
  group: z.string().exactOptional(),
});
export type Party = z.output<typeof party>;

const message = z.object({
  type: z.literal("message"),
  /** How the chat is named for good; the parent fills it in, so that the record reads the same later. */
  customer: customer.exactOptional(),
  chat: party,
  /** Who wrote in a group. */
  author: party.exactOptional(),
  stanza: z.string().min(1).max(200),
  fromMe: z.boolean(),
  /** As WhatsApp calls it: chat, image, ptt, vcard ... */
  kind: z.string().max(60),
  text: z.string().max(200_000),
  /** Unix seconds. */
  at: z.number(),
  name: z.string().max(200).exactOptional(),
  quoted: z.object({ stanza: z.string(), fromMe: z.boolean() }).exactOptional(),
  media: z
    .object({
      mimeType: z.string(),
      name: z.string().exactOptional(),
      bytes: z.number(),
      seconds: z.number().exactOptional(),
    })
    .exactOptional(),
  location: z
    .object({ lat: z.number(), lng: z.number(), name: z.string().exactOptional(), address: z.string().exactOptional() })
    .exactOptional(),
  vcards: z.array(z.string().max(20_000)).max(50).exactOptional(),
  forwarded: z.boolean().exactOptional(),
  /** What of an answer to buttons or a list WhatsApp told beside its text. */
  chosen: z.string().max(1_000).exactOptional(),
  /** -1 failed, 1 taken by WhatsApp, 2 delivered, 3 read, 4 played. */
  ack: z.number().exactOptional(),
});

const about = { chat: party, customer: customer.exactOptional(), stanza: z.string().min(1), fromMe: z.boolean() };

/** What the child tells of a chat. Kept as the raw form of the event: reading it again gives the same. */
export const record = z.discriminatedUnion("type", [
  message,
  z.object({ type: z.literal("edit"), ...about, text: z.string().max(200_000), at: z.number() }),
  z.object({ type: z.literal("revoke"), ...about, at: z.number() }),
  z.object({
    type: z.literal("reaction"),
    ...about,
    actor: z.string().max(200),
    emoji: z.string().max(40),
    at: z.number(),
  }),
  z.object({ type: z.literal("ack"), ...about, ack: z.number(), at: z.number() }),
  z.object({
    type: z.literal("call"),
    chat: party,
    customer: customer.exactOptional(),
    stanza: z.string().min(1),
    video: z.boolean(),
    at: z.number(),
  }),
]);
export type Record = z.output<typeof record>;
export type MessageRecord = z.output<typeof message>;
