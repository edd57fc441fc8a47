import { z } from "zod";
import { failureCodes, type FailureCode } from "#contract";
import { record } from "./record.ts";

/** How long the child waits for each thing, in ms. */
const timers = z.object({
  /** Until the page is there, or asks for a code. */
  start: z.number(),
  /** From the login to ready, before the page is nudged; after as much again the browser is started anew. */
  ready: z.number(),
  /** Between two looks whether the page still answers, and how long it may take. */
  heartbeat: z.number(),
  answer: z.number(),
  /** A code that is not followed by a new one in this time is stale. */
  code: z.number(),
  /** How long somebody may take to link the phone before the browser is closed. */
  linking: z.number(),
  /** Not connected to WhatsApp for so long: the browser is started anew. */
  degraded: z.number(),
  /** A message WhatsApp has not confirmed after this time is uncertain. */
  send: z.number(),
  /** Any other question to the page. */
  call: z.number(),
});
export type Timers = z.output<typeof timers>;

export const defaultTimers: Timers = {
  start: 90_000,
  ready: 30_000,
  heartbeat: 30_000,
  answer: 10_000,
  code: 75_000,
  linking: 10 * 60_000,
  degraded: 5 * 60_000,
  send: 45_000,
  call: 30_000,
};

/** Under the account's folder: the browser profile with the linked device in it, named as the library names it. */
export const loginName = "login";
export const loginFolder = `session-${loginName}`;

const begin = z.object({
  type: z.literal("begin"),
  folder: z.string(),
  executable: z.string(),
  flags: z.array(z.string()),
  number: z.string(),
  groups: z.boolean(),
  /** Unix seconds: messages before it are known. Absent: the phone was never linked before. */
  since: z.number().exactOptional(),
  /** Ids of messages of ours the parent knows, newest last. */
  sent: z.array(z.string()),
  timers,
});
export type Begin = z.output<typeof begin>;

const file = z.object({ name: z.string(), mimeType: z.string(), content: z.instanceof(Uint8Array) });
export type SentFile = z.output<typeof file>;

/** What the parent may ask; each is answered once. `chat` is a Customer, `message` a WhatsApp id under each name of its chat. */
export const calls = {
  text: {
    takes: z.object({
      chat: z.string(),
      text: z.string(),
      vcard: z.boolean().default(false),
      quote: z.string().exactOptional(),
    }),
    gives: z.object({ stanza: z.string() }),
  },
  file: {
    takes: z.object({ chat: z.string(), file, caption: z.string(), quote: z.string().exactOptional() }),
    gives: z.object({ stanza: z.string() }),
  },
  place: {
    takes: z.object({
      chat: z.string(),
      lat: z.number(),
      lng: z.number(),
      name: z.string().exactOptional(),
      address: z.string().exactOptional(),
      quote: z.string().exactOptional(),
    }),
    gives: z.object({ stanza: z.string() }),
  },
  edit: { takes: z.object({ message: z.string(), text: z.string() }), gives: z.object({}) },
  remove: { takes: z.object({ message: z.string() }), gives: z.object({}) },
  react: { takes: z.object({ message: z.string(), emoji: z.string() }), gives: z.object({}) },
  typing: { takes: z.object({ chat: z.string(), active: z.boolean() }), gives: z.object({}) },
  read: { takes: z.object({ chat: z.string() }), gives: z.object({}) },
  download: {
    takes: z.object({ message: z.string() }),
    gives: z.object({ mimeType: z.string(), content: z.instanceof(Uint8Array) }),
  },
  pairingCode: { takes: z.object({}), gives: z.object({ code: z.string() }) },
  logout: { takes: z.object({}), gives: z.object({}) },
} as const;
type Calls = typeof calls;
export type CallName = keyof Calls;
export type Takes<N extends CallName> = z.output<Calls[N]["takes"]>;
export type Gives<N extends CallName> = z.output<Calls[N]["gives"]>;

const code = z.enum(Object.keys(failureCodes) as [FailureCode, ...FailureCode[]]);

/** Why a child ended. What the parent does next depends on nothing else. */
export const endings = {
  /** Asked to: by an administrator, or because the account stops. */
  asked: { again: "at-once" },
  /** Nobody scanned: no browser runs until an administrator asks. */
  unlinked: { again: "asked" },
  /** Another phone than the settings name was linked. */
  "other-phone": { again: "asked" },
  /** Logged out on the phone, or by us: the stored login is worthless and goes. */
  "logged-out": { again: "at-once" },
  /** Everything else: later, with growing waits. */
  failed: { again: "later" },
} as const;
export type Ending = keyof typeof endings;

export const phases = ["starting", "code", "linking", "ready", "degraded"] as const;
export type Phase = (typeof phases)[number];

export const fromChild = z.discriminatedUnion("type", [
  z.object({ type: z.literal("phase"), phase: z.enum(phases), says: z.string(), linked: z.string().exactOptional() }),
  z.object({ type: z.literal("qr"), qr: z.string() }),
  z.object({ type: z.literal("browser"), pid: z.number() }),
  z.object({ type: z.literal("memory"), bytes: z.number() }),
  z.object({ type: z.literal("record"), record }),
  /** Everything up to here (Unix seconds) was told. */
  z.object({ type: z.literal("caughtUp"), at: z.number() }),
  /** A message of ours has this id now; before any record that could mention it. */
  z.object({ type: z.literal("named"), no: z.number(), stanza: z.string() }),
  z.discriminatedUnion("ok", [
    z.object({ type: z.literal("answer"), no: z.number(), ok: z.literal(true), value: z.unknown() }),
    z.object({
      type: z.literal("answer"),
      no: z.number(),
      ok: z.literal(false),
      code,
      says: z.string(),
      retryAfterMs: z.number().exactOptional(),
    }),
  ]),
  z.object({ type: z.literal("log"), level: z.enum(["info", "warn"]), text: z.string() }),
  z.object({ type: z.literal("ended"), why: z.enum(Object.keys(endings) as [Ending, ...Ending[]]), says: z.string() }),
]);
export type FromChild = z.output<typeof fromChild>;

export const toChild = z.discriminatedUnion("type", [
  begin,
  z.object({
    type: z.literal("call"),
    no: z.number(),
    name: z.enum(Object.keys(calls) as [CallName, ...CallName[]]),
    input: z.unknown(),
  }),
  z.object({ type: z.literal("stop") }),
]);
export type ToChild = z.output<typeof toChild>;
