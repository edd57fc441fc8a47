import { z } from "zod";

/**
 * What passes between a desk and the hub about calls. Audio itself runs over one WebRTC connection of the desk: the
 * hub offers (`phone.start`), the browser answers (`phone.answer`), and calls come and go on it.
 */

const id = z.string().min(1).max(64);
const sdp = z.string().min(1).max(20_000);
const number = z.string().min(1).max(64);

/** Where a call stands for one agent. Each step is told whole (`phone.state`): the last one told is true. */
export const phoneCall = z.object({
  callId: z.string(),
  tenantId: z.string(),
  /** Null until the call is stored. */
  conversationId: z.string().nullable(),
  direction: z.enum(["in", "out"]),
  /** The customer's number as E.164 or as dialled; null = withheld. */
  number: z.string().nullable(),
  display: z.string(),
  /** Our number that was called, or is shown to the called. */
  line: z.string(),
  queue: z.string().nullable(),
  state: z.enum(["ringing", "dialling", "active", "held", "consulting", "conference", "wrapup", "ended"]),
  /** What this agent is to the call. */
  part: z.enum(["agent", "consulted", "monitor", "whisper", "barge"]),
  muted: z.boolean(),
  recording: z.enum(["off", "announcing", "on", "paused"]),
  /** ISO times; null = not yet. */
  since: z.iso.datetime(),
  answeredAt: z.iso.datetime().nullable(),
  /** Until when the offer or the wrap-up runs. */
  until: z.iso.datetime().nullable(),
  /** The other party of a consultation or conference, for the call bar. */
  other: z.object({ name: z.string(), state: z.enum(["ringing", "active", "held"]) }).nullable(),
  /** Codes to choose from after the call; empty = none needed. */
  dispositions: z.array(z.object({ code: z.string(), title: z.string() })),
});

const onCall = { callId: id };

/** What an agent may do to a call. */
export const phoneCommand = z.discriminatedUnion("name", [
  z.object({ name: z.literal("answer"), ...onCall }),
  z.object({ name: z.literal("reject"), ...onCall }),
  z.object({ name: z.literal("hangup"), ...onCall }),
  /** `purpose` other than "service" needs a consent reference. */
  z.object({
    name: z.literal("dial"),
    tenantId: id,
    to: number,
    /** One of our numbers; absent = the tenant's usual one. */
    line: number.optional(),
    conversationId: id.optional(),
    purpose: z.enum(["service", "callback", "marketing", "survey"]).default("service"),
    consentRef: z.string().max(200).optional(),
  }),
  z.object({ name: z.literal("hold"), ...onCall }),
  z.object({ name: z.literal("resume"), ...onCall }),
  z.object({ name: z.literal("mute"), ...onCall, on: z.boolean() }),
  z.object({
    name: z.literal("transfer"),
    ...onCall,
    to: z.discriminatedUnion("type", [
      z.object({ type: z.literal("agent"), id }),
      z.object({ type: z.literal("queue"), id }),
      z.object({ type: z.literal("number"), number }),
    ]),
    mode: z.enum(["blind", "attended"]),
  }),
  /** Of a consultation: hands the customer over, brings all three together, or goes back to the customer. */
  z.object({ name: z.literal("consult"), ...onCall, next: z.enum(["complete", "conference", "cancel"]) }),
  z.object({
    name: z.literal("dtmf"),
    ...onCall,
    digits: z
      .string()
      .regex(/^[0-9A-D*#]+$/)
      .max(40),
  }),
  z.object({ name: z.literal("pauseRecording"), ...onCall, reason: z.enum(["card", "subject", "sensitive"]) }),
  z.object({ name: z.literal("resumeRecording"), ...onCall }),
  z.object({ name: z.literal("wrapUp"), ...onCall, disposition: z.string().max(64), note: z.string().max(4_000) }),
  /** Supervisors: listen in, speak to the agent alone, speak to both. */
  z.object({ name: z.literal("monitor"), ...onCall, mode: z.enum(["listen", "whisper", "barge", "leave"]) }),
]);

export const phoneAsked = {
  /** This tab takes the phone; another tab that had it is told `phone.taken`. Gives our offer. */
  "phone.start": { takes: z.object({}), gives: z.object({ sdp, calls: z.array(phoneCall) }) },
  "phone.answer": { takes: z.object({ sdp }), gives: z.object({}) },
  "phone.stop": { takes: z.object({}), gives: z.object({}) },
  /** Whether calls may be offered. Taken back by the hub when an offer runs out unanswered (`phone.ready`). */
  "phone.ready": { takes: z.object({ ready: z.boolean() }), gives: z.object({}) },
  "phone.command": { takes: phoneCommand, gives: z.object({ callId: z.string().nullable() }) },
} as const;

export const phoneTold = {
  /** A call is offered to this agent. */
  "phone.ringing": phoneCall,
  "phone.state": phoneCall,
  "phone.ended": z.object({ callId: z.string(), reason: z.string() }),
  /** The audio connection of this desk. */
  "phone.media": z.object({ state: z.enum(["connecting", "connected", "lost"]) }),
  "phone.ready": z.object({ ready: z.boolean(), reason: z.enum(["asked", "unanswered", "media", "call"]) }),
  /** Another tab of the same agent took the phone. */
  "phone.taken": z.object({}),
};

/** GET /api/recordings/:id: how a recording looks, before a byte of it is played. */
export const recordingView = z.object({
  ms: z.int(),
  /** Loudest moment of each stretch, 0 to 255; the customer, the agent. */
  left: z.array(z.int()),
  right: z.array(z.int()),
  pauses: z.array(z.object({ fromMs: z.int(), toMs: z.int(), reason: z.string() })),
  sha256: z.string(),
});

export type RecordingView = z.output<typeof recordingView>;
export type PhoneCall = z.output<typeof phoneCall>;
export type PhoneCommand = z.output<typeof phoneCommand>;
