import { z } from "zod";

/** What passes between the hub and a media process: checked on both sides, because a crash can cut either short. */

const leg = z.string().min(1).max(100);
/** Also the name of a file. */
const recording = z.string().regex(/^[A-Za-z0-9-]{1,80}$/);
const prompt = z.string().min(1).max(200);
const maybe = <T extends z.ZodType>(inner: T) =>
  z.custom<z.output<T> | undefined>((value) => value === undefined || inner.safeParse(value).success);

const stats = z.object({ received: z.number(), sent: z.number(), lost: z.number(), jitterMs: z.number() });
const done = z.undefined();

const audio = z.object({
  host: z.string().min(1).max(100),
  port: z.int().min(0).max(65_535),
  law: z.enum(["PCMA", "PCMU"]),
  events: maybe(z.int().min(0).max(127)),
  direction: z.enum(["sendrecv", "sendonly", "recvonly", "inactive"]),
  srtp: maybe(z.object({ ours: z.base64(), theirs: z.base64() })),
});

const source = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ text: z.string().min(1).max(5_000), language: z.string().max(20) }),
  z.strictObject({ builtin: z.enum(["music", "beep", "ringback", "busy"]) }),
]);

/** The questions of the hub: the same names and shapes as MediaPort. */
export const asked = {
  openTrunkLeg: {
    takes: z.object({ leg, family: z.union([z.literal(4), z.literal(6)]), inside: z.boolean().default(false) }),
    gives: z.object({ host: z.string(), port: z.int() }),
  },
  connectTrunkLeg: { takes: z.object({ leg, audio }), gives: done },
  openWebLeg: { takes: z.object({ leg }), gives: z.object({ sdp: z.string() }) },
  connectWebLeg: { takes: z.object({ leg, sdp: z.string().min(1).max(20_000) }), gives: done },
  closeLeg: { takes: leg, gives: stats },
  hear: { takes: z.object({ leg, from: z.array(leg).max(4) }), gives: done },
  loadPrompt: { takes: z.object({ prompt, source }), gives: z.object({ ms: z.number() }) },
  play: { takes: z.object({ leg, prompt, loop: z.boolean().default(false) }), gives: z.boolean() },
  stopPlay: { takes: leg, gives: done },
  sendDigits: { takes: z.object({ leg, digits: z.string().regex(/^[0-9A-D*#]{1,40}$/) }), gives: done },
  startRecording: { takes: z.object({ recording, leg }), gives: done },
  pauseRecording: { takes: z.object({ recording, reason: z.string().min(1).max(100) }), gives: done },
  resumeRecording: { takes: recording, gives: done },
  stopRecording: { takes: recording, gives: done },
  stats: { takes: leg, gives: stats },
} as const;
export type Method = keyof typeof asked;
export const isMethod = (name: string): name is Method => Object.hasOwn(asked, name);

/** What the media process tells by itself. `down` is told by the hub about it. */
const event = z.discriminatedUnion("type", [
  z.object({ type: z.literal("digit"), leg, digit: z.string(), durationMs: z.number() }),
  z.object({ type: z.literal("legState"), leg, state: z.enum(["connected", "disconnected", "closed"]) }),
  z.object({ type: z.literal("silent"), leg, ms: z.number() }),
  z.object({
    type: z.literal("recorded"),
    recording,
    file: z.string(),
    ms: z.number(),
    sha256: z.string(),
    pauses: z.array(z.object({ fromMs: z.number(), toMs: z.number(), reason: z.string() })).readonly(),
  }),
  z.object({ type: z.literal("recordingFailed"), recording }),
]);

const address = z.object({ bind: z.string(), advertise: z.string() });
const settings = z.object({
  v4: address,
  v6: maybe(address),
  ports: z.object({ from: z.int().min(1).max(65_535), to: z.int().min(1).max(65_535) }),
  web: z.object({
    bind: maybe(z.string()),
    port: maybe(z.int()),
    advertise: maybe(z.string()),
    iceServers: z.array(z.string()).readonly(),
  }),
  recordings: z.string(),
});

/** From the hub: first the settings, then questions. */
export const order = z.union([
  z.object({ settings }),
  z.object({ id: z.int(), method: z.string(), takes: z.unknown() }),
]);

/** From the media process. */
export const report = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ id: z.int(), value: z.unknown() }),
  z.object({ id: z.int(), refused: z.string(), gone: z.boolean() }),
  z.object({ event }),
  z.object({ warning: z.string() }),
]);
export type Order = z.output<typeof order>;
export type Report = z.output<typeof report>;
