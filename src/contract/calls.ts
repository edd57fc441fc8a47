import type { ThreadKey } from "./ids.ts";

/** How one call stands, told whole each time: the hub stores what is new in it. One call is one thread. */
export interface CallReport {
  readonly thread: ThreadKey;
  /** A UUID, equal in every report of the call. */
  readonly id: string;
  readonly direction: "in" | "out";
  readonly state: "ringing" | "queued" | "talking" | "ended";
  readonly startedAt: Date;
  readonly answeredAt?: Date;
  readonly endedAt?: Date;
  /** Key of the queue it waits in or came through; absent = the account's own. */
  readonly queue?: string;
  /** The user who has it, or had it last. */
  readonly agentId?: string;
  /** Nobody spoke to the caller: the conversation stays open as a task to call back. */
  readonly missed?: boolean;
  /** What the call's card shows; small, JSON. */
  readonly card: Readonly<Record<string, unknown>>;
  /** One line for lists and searches. */
  readonly text: string;
  /** What happened so far, in order. Grows at its end only: what a report repeats is stored once. */
  readonly events: readonly {
    readonly at: Date;
    readonly name: string;
    readonly detail: Readonly<Record<string, unknown>>;
  }[];
  /** What the agent chose and wrote after the call. */
  readonly wrapUp?: { readonly disposition: string; readonly note: string };
}

/** A finished recording of a call. */
export interface CallRecording {
  readonly thread: ThreadKey;
  readonly callId: string;
  /** A UUID: handing it over twice is harmless. */
  readonly id: string;
  readonly kind: "call" | "voicemail";
  readonly ms: number;
  /** Hex, of the file's bytes. */
  readonly sha256: string;
  /** Proof that the caller was told before anything was kept. */
  readonly notice?: { readonly playedAt: Date; readonly version: string };
  /** Where sound was left out, milliseconds from the start. */
  readonly pauses: readonly { readonly fromMs: number; readonly toMs: number; readonly reason: string }[];
  /** Days it may be kept. */
  readonly keepDays: number;
  open(): Promise<AsyncIterable<Uint8Array>>;
}

/** What the hub does for channels that carry calls. */
export interface CallStore {
  /** Resolves once stored; the thread must have been received before. */
  put(report: CallReport): Promise<{ readonly conversationId: string }>;
  /**
   * Resolves once the file is stored, encrypted, and shown on the call's card; of an anonymous line it is not kept. The
   * source may then be deleted.
   */
  recording(recording: CallRecording): Promise<void>;
  /**
   * The company promised its callers that nobody learns who they are (a crisis line): no number is passed on, nothing is
   * recorded, nobody is called back.
   */
  anonymous(): Promise<boolean>;
}

/** A desk that can take calls: one agent's open tab. */
export interface CallDesk {
  readonly userId: string;
  readonly name: string;
  /** Keys of the queues the agent serves at this account's tenant. */
  readonly queues: readonly string[] | "all";
  /** May listen in, and speak to an agent during a call. */
  readonly supervises: boolean;
  /** Never learns a number, and dials only what the hub chose. */
  readonly restricted: boolean;
  tell(event: string, payload: unknown): void;
}

/** The calls of one account, for the desks of its tenant. */
export interface Calls {
  /** This desk serves the account from now on; a second desk of the same user replaces the first. */
  attach(desk: CallDesk): void;
  /** The desk is gone (tab closed, network lost, logged out). */
  detach(desk: CallDesk): void;
  /** Whether this call is one of the account's. */
  has(callId: string): boolean;
  /** A question of an attached desk, already checked against the wire; throws ConnectorError with words for the agent. */
  ask(desk: CallDesk, question: string, takes: unknown): Promise<unknown>;
}
