import type { Asks, Gives, PhoneCall, Told } from "#wire";
import { createValue, type Value } from "./value.ts";

type PhoneQuestion = "phone.start" | "phone.answer" | "phone.stop" | "phone.ready" | "phone.command";
type AskPhone = <Q extends PhoneQuestion>(question: Q, takes: Asks<Q>) => Promise<Gives<Q>>;
type PhoneNews = "phone.ringing" | "phone.state" | "phone.ended" | "phone.ready" | "phone.taken";
type HearPhone = <E extends PhoneNews>(event: E, listener: Told[E]) => void;

/** The browser's part of the audio: microphone, connection, loudspeaker. */
export interface Voice {
  /** Answers the hub's offer; rejects when there is no microphone (NotAllowedError, NotFoundError) or no connection can be made. */
  readonly answer: (offer: string) => Promise<string>;
  readonly mute: (on: boolean) => void;
  readonly onState: (listener: (state: "connected" | "lost") => void) => void;
  readonly close: () => void;
}

/** Lets one tab of this browser have the phone: resolves when it is ours, `onLost` when another took it. */
export type Seize = (input: { readonly force: boolean; readonly onLost: () => void }) => Promise<(() => void) | null>;

/**
 * off: this tab has no phone. elsewhere: another tab or computer of the agent has it. blocked: no microphone. on: calls
 * come here.
 */
type PhoneAt = "off" | "starting" | "on" | "elsewhere" | "blocked";
interface PhoneState {
  readonly at: PhoneAt;
  readonly media: "connecting" | "connected" | "lost";
  readonly ready: boolean;
  /** Why readiness was taken back, for a sentence; null = the agent's own doing. */
  readonly why: "unanswered" | "media" | null;
}

export interface Phone {
  readonly state: Value<PhoneState>;
  readonly calls: Value<readonly PhoneCall[]>;
  /** Takes the phone to this tab; `force` takes it from another one. */
  readonly start: (force: boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly setReady: (ready: boolean) => Promise<void>;
  readonly command: (command: Asks<"phone.command">) => Promise<string | null>;
  /** The line to the hub is up again: the call that runs is attached to it anew. */
  readonly again: () => void;
}

/** How long a connection may take before another is tried (facts: browsers that lost one packet too many stay silent). */
const patienceMs = 5_000;

const rank = (call: PhoneCall): number =>
  ["active", "conference", "consulting", "held", "ringing", "dialling", "wrapup", "ended"].indexOf(call.state);

export const createPhone = (input: {
  readonly ask: AskPhone;
  readonly on: HearPhone;
  readonly openVoice: () => Voice;
  readonly seize: Seize;
  /** Survives a refresh of this tab, not its closing. */
  readonly memory: { readonly get: () => boolean; readonly set: (on: boolean) => void };
  readonly wait: (ms: number, then: () => void) => () => void;
}): Phone => {
  const { ask, openVoice, seize, memory, wait } = input;
  const idle: PhoneState = { at: "off", media: "connecting", ready: false, why: null };
  const state = createValue<PhoneState>(idle);
  const calls = createValue<readonly PhoneCall[]>([]);
  let voice: Voice | undefined;
  let release: (() => void) | undefined;
  let turn = 0;
  let forget: (() => void) | undefined;

  const change = (part: Partial<PhoneState>): void => state.set({ ...state.get(), ...part });
  const learn = (call: PhoneCall): void => {
    const others = calls.get().filter((one) => one.callId !== call.callId);
    calls.set(call.state === "ended" ? others : [...others, call].sort((a, b) => rank(a) - rank(b)));
    const speaking = calls.get().find(({ state: at }) => at === "active" || at === "conference" || at === "consulting");
    voice?.mute(speaking?.muted ?? false);
  };

  const letGo = (at: PhoneAt): void => {
    turn++;
    forget?.();
    voice?.close();
    voice = undefined;
    release?.();
    release = undefined;
    calls.set([]);
    memory.set(false);
    state.set({ ...idle, at });
  };

  /** Connects the sound anew, until it is connected or this tab has no phone any more. */
  const connect = async (): Promise<void> => {
    const mine = ++turn;
    forget?.();
    voice?.close();
    const fresh = openVoice();
    voice = fresh;
    change({ media: "connecting" });
    const retry = (): void => {
      if (mine === turn) void connect();
    };
    fresh.onState((media) => {
      if (mine !== turn) return;
      forget?.();
      change({ media });
      if (media === "lost") forget = wait(1_000, retry);
    });
    try {
      const given = await ask("phone.start", {});
      if (mine !== turn) return;
      calls.set([]);
      for (const call of given.calls) learn(call);
      const sdp = await fresh.answer(given.sdp);
      if (mine !== turn) return;
      await ask("phone.answer", { sdp });
      if (mine !== turn) return;
      memory.set(true);
      change({ at: "on" });
      if (state.get().media !== "connected") forget = wait(patienceMs, retry);
    } catch (thrown) {
      if (mine !== turn) return;
      if (thrown instanceof Error && /^Not(?:Allowed|Found|Readable)Error$/.test(thrown.name)) {
        letGo("blocked");
        // Without an answer the hub would wait for this desk's sound.
        await ask("phone.stop", {}).catch(() => undefined);
        return;
      }
      change({ media: "lost" });
      forget = wait(patienceMs, retry);
    }
  };

  input.on("phone.ringing", learn);
  input.on("phone.state", learn);
  input.on("phone.ended", ({ callId }) => calls.set(calls.get().filter((call) => call.callId !== callId)));
  input.on("phone.ready", ({ ready, reason }) =>
    change({ ready, why: reason === "unanswered" || reason === "media" ? reason : null }),
  );
  input.on("phone.taken", () => letGo("elsewhere"));

  return {
    state,
    calls,
    start: async (force) => {
      if (state.get().at === "on" || state.get().at === "starting") return;
      change({ at: "starting" });
      const freed = await seize({ force, onLost: () => letGo("elsewhere") });
      if (freed === null) return change({ at: "elsewhere" });
      release = freed;
      await connect();
    },
    stop: async () => {
      letGo("off");
      await ask("phone.stop", {});
    },
    setReady: async (ready) => {
      await ask("phone.ready", { ready });
      change({ ready, why: null });
    },
    command: async (command) => (await ask("phone.command", command)).callId,
    again: () => {
      if (state.get().at === "on") void connect();
    },
  };
};
