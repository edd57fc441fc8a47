import type { Menu } from "./menus.ts";

/** Who takes part in a call beside the customer. `leg` names the audio leg in the media process. */
export interface Party {
  readonly leg: string;
  /** Undefined for a number that was called in. */
  readonly userId: string | undefined;
  readonly name: string;
  /** A consulted party hears the agent alone; a monitor hears and is not heard; a whisperer is heard by the agent. */
  readonly as: "agent" | "consulted" | "third" | "monitor" | "whisper" | "barge";
  readonly muted: boolean;
  readonly on: boolean;
}

/** What a number of ours does with a call. Durations in milliseconds. */
export interface Line {
  readonly number: string;
  readonly queue: string;
  readonly language: string;
  /** Version of the recording notice; undefined = none is played, and then nothing may be recorded. */
  readonly notice: string | undefined;
  readonly record: boolean;
  readonly keepDays: number;
  readonly menu: string | undefined;
  readonly menus: ReadonlyMap<string, Menu>;
  /** When closed, and when nobody came in time. */
  readonly closed: "voicemail" | "callback" | "end";
  readonly overflow: "voicemail" | "callback" | "stay";
  readonly ringMs: number;
  readonly mostWaitMs: number;
  readonly positionMs: number;
  readonly wrapUpMs: number;
  readonly mostVoicemailMs: number;
}

type Phase = "announcing" | "menu" | "queued" | "talking" | "voicemail" | "dialling" | "closing" | "ended";

interface Happening {
  readonly at: number;
  readonly name: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface CallState {
  readonly id: string;
  readonly direction: "in" | "out";
  readonly line: Line;
  /** The customer's number; undefined = withheld. */
  readonly number: string | undefined;
  readonly phase: Phase;
  readonly queue: string;
  readonly menu: string | undefined;
  readonly tries: number;
  readonly position: number | undefined;
  readonly queuedAt: number | undefined;
  /** The agent it is offered to, and until when (epoch ms). */
  readonly offered: { readonly userId: string; readonly until: number } | undefined;
  /** Agents who did not take it; forgotten when everybody was asked. */
  readonly excluded: readonly string[];
  readonly parties: readonly Party[];
  readonly held: boolean;
  readonly remoteHeld: boolean;
  readonly conference: boolean;
  readonly recording: "off" | "announcing" | "on" | "paused";
  readonly notice: { readonly version: string; readonly at: number } | undefined;
  /** The agent who spoke last: the conversation's owner. */
  readonly agent: string | undefined;
  readonly startedAt: number;
  readonly answeredAt: number | undefined;
  /** When an agent first spoke to the customer. */
  readonly talkedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly outcome: Outcome | undefined;
  readonly events: readonly Happening[];
}

export type Outcome = "answered" | "abandoned" | "voicemail" | "callback" | "failed" | "unanswered" | "closed";

export const customer = "customer";
export const legOf = (userId: string): string => `agent:${userId}`;

export const newCall = (input: {
  readonly id: string;
  readonly direction: "in" | "out";
  readonly line: Line;
  readonly number: string | undefined;
  readonly at: number;
}): CallState => ({
  id: input.id,
  direction: input.direction,
  line: input.line,
  number: input.number,
  phase: input.direction === "in" ? "announcing" : "dialling",
  queue: input.line.queue,
  menu: undefined,
  tries: 0,
  position: undefined,
  queuedAt: undefined,
  offered: undefined,
  excluded: [],
  parties: [],
  held: false,
  remoteHeld: false,
  conference: false,
  recording: "off",
  notice: undefined,
  agent: undefined,
  startedAt: input.at,
  answeredAt: undefined,
  talkedAt: undefined,
  endedAt: undefined,
  outcome: undefined,
  events: [],
});

/** What may happen to a call. */
export type Input =
  /** `open` = the line's hours say so. */
  | { readonly type: "arrived"; readonly open: boolean }
  /** A prompt ran to its end (`done`) or was stopped. */
  | { readonly type: "played"; readonly prompt: string; readonly done: boolean }
  | { readonly type: "digit"; readonly digit: string; readonly via: "rfc4733" | "info"; readonly durationMs: number }
  | { readonly type: "timer"; readonly name: TimerName }
  | { readonly type: "found"; readonly userId: string; readonly name: string }
  | { readonly type: "position"; readonly position: number }
  | { readonly type: "customerGone"; readonly reason: string }
  | { readonly type: "customerAnswered" }
  | { readonly type: "customerFailed"; readonly status: number; readonly reason: string }
  | { readonly type: "remoteHold"; readonly held: boolean }
  | { readonly type: "agentGone"; readonly userId: string }
  | { readonly type: "legAnswered"; readonly leg: string }
  | { readonly type: "legGone"; readonly leg: string; readonly reason: string }
  | { readonly type: "mediaDown" }
  | { readonly type: "stopping" }
  | { readonly type: "by"; readonly userId: string; readonly name: string; readonly command: Command };

/** One member for each name, so that a switch over them narrows. */
type Each<K extends string, N extends string> = N extends N ? Readonly<Record<K, N>> : never;

export type Command =
  | Each<"name", "answer" | "reject" | "hangup" | "hold" | "resume" | "resumeRecording">
  | { readonly name: "mute"; readonly on: boolean }
  | { readonly name: "dtmf"; readonly digits: string }
  | { readonly name: "pauseRecording"; readonly reason: string }
  | {
      readonly name: "transfer";
      readonly mode: "blind" | "attended";
      readonly to:
        | { readonly type: "agent"; readonly id: string; readonly name: string }
        | { readonly type: "queue"; readonly id: string }
        | { readonly type: "number"; readonly number: string };
    }
  | { readonly name: "consult"; readonly next: "complete" | "conference" | "cancel" }
  | { readonly name: "monitor"; readonly mode: "listen" | "whisper" | "barge" | "leave" };

export type TimerName = "ring" | "wait" | "position" | "menu" | "voicemail" | "pause" | "lost";

/** What the call wants done. Who hears whom is not an action: it follows from the state (`hearing`). */
export type Action =
  | Each<"do", "accept" | "hangUp" | "unseek" | "startRecording" | "stopRecording" | "resumeRecording" | "stop">
  | { readonly do: "play"; readonly prompt: string; readonly loop: boolean }
  | { readonly do: "timer"; readonly name: TimerName; readonly ms: number }
  | { readonly do: "clear"; readonly name: TimerName }
  | { readonly do: "seek"; readonly queue: string; readonly excluded: readonly string[] }
  | { readonly do: "ring"; readonly userId: string; readonly until: number }
  /** The agent is free of this call: at once, or after wrap-up. */
  | { readonly do: "release"; readonly userId: string; readonly wrapUp: boolean; readonly reason: string }
  | { readonly do: "dial"; readonly leg: string; readonly number: string }
  | { readonly do: "drop"; readonly leg: string }
  | { readonly do: "refuse"; readonly says: string }
  | { readonly do: "digits"; readonly digits: string }
  | { readonly do: "pauseRecording"; readonly reason: string }
  | { readonly do: "unready"; readonly userId: string };
