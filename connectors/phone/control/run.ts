import { randomUUID } from "node:crypto";
import { ConnectorError } from "#contract";
import type { LegId, MediaPort, SipCall, SipEvent } from "../ports.ts";
import type { Srtp } from "../sdp/audio.ts";
import type { Agent, Agents } from "./agents.ts";
import { namedAlarms } from "./alarms.ts";
import { type CallAudio, onReoffer, openAudio, sendKeys } from "./audio.ts";
import { hearing } from "./hearing.ts";
import { openThirds } from "./thirds.ts";
import { type Action, type CallState, customer, type Input, type TimerName } from "./state.ts";
import { step } from "./step.ts";

export interface RunParts {
  readonly accountId: string;
  readonly media: MediaPort;
  readonly agents: Agents;
  readonly srtp: Srtp;
  readonly now: () => number;
  readonly warn: (text: string, fields?: object) => void;
  /** The prompt's id in the media process; undefined = it could not be made. */
  readonly promptOf: (state: CallState, prompt: string) => Promise<string | undefined>;
  /** How the call stands now, to desks and store. */
  readonly onChange: (run: Run) => void;
  /** The agent is free of the call. */
  readonly onRelease: (run: Run, agent: Agent, wrapUp: boolean, reason: string) => void;
  readonly onRing: (run: Run, agent: Agent, until: number) => void;
  readonly onEnd: (run: Run) => void;
}

/** One call being run: the pure step in the middle, SIP, audio, agents and timers around it. */
export interface Run {
  readonly id: string;
  readonly state: () => CallState;
  /** Takes the call that came in. */
  readonly begin: (open: boolean) => void;
  readonly give: (input: Input) => void;
  /** A command of an agent; throws ConnectorError with the reason when it is refused. */
  readonly command: (input: Extract<Input, { type: "by" }>) => void;
  readonly legOfCustomer: LegId;
  /** Whether this leg of the media process belongs to the call itself (not to an agent's desk). */
  readonly owns: (leg: LegId) => boolean;
  /** Sound that must be re-joined: an agent's new connection. */
  readonly rejoin: () => void;
  readonly recordings: readonly string[];
  readonly began: number;
}

const familyOf = (sdp: string | undefined): 4 | 6 => (sdp !== undefined && /\r?\nc=IN IP6 /.test(sdp) ? 6 : 4);

export const runCall = (input: {
  readonly parts: RunParts;
  readonly state: CallState;
  /** Undefined = a call of ours that has to be dialled first. */
  readonly sip: SipCall | undefined;
  readonly dial: (sdp: string, number: string) => SipCall;
}): Run => {
  const { parts } = input;
  const { media, agents } = parts;
  let state = input.state;
  const recordings: string[] = [];
  const main = `call:${state.id}`;
  let sip = input.sip;
  let audio: CallAudio | undefined;
  let recording: string | undefined;
  let refused: string | undefined;
  let heard = new Map<string, string>();
  let playing = 0;
  let queue: Promise<void> = Promise.resolve();

  const mediaLeg = (leg: string): LegId | undefined => {
    if (leg === customer) return audio?.leg;
    if (leg.startsWith("agent:")) {
      const agent = agents.get(leg.slice(6));
      return agent?.connected === true ? agent.leg : undefined;
    }
    return thirds.legOf(leg);
  };

  /** Orders to the media process keep their order; one that fails does not keep the next. */
  const order = (what: string, work: () => Promise<unknown>): void => {
    queue = queue.then(work).then(
      () => undefined,
      (thrown: unknown) => parts.warn("audio order failed", { what, reason: String(thrown), call: state.id }),
    );
  };

  const applyHearing = (): void => {
    const next = new Map<string, string>();
    for (const [leg, from] of hearing(state)) {
      const own = mediaLeg(leg);
      if (own === undefined) continue;
      const sources = from.flatMap((source) => mediaLeg(source) ?? []);
      next.set(own, sources.join(" "));
      if (heard.get(own) !== sources.join(" ")) order("hear", () => media.hear({ leg: own, from: sources }));
    }
    for (const gone of heard.keys())
      if (!next.has(gone) && gone.startsWith("web:")) order("hear", () => media.hear({ leg: gone, from: [] }));
    heard = next;
  };

  const play = async (prompt: string, loop: boolean): Promise<void> => {
    const turn = ++playing;
    const id = await parts.promptOf(state, prompt);
    const leg = audio?.leg;
    if (turn !== playing || leg === undefined) return;
    // Said without words is said: a caller must not hang on a prompt that could not be made.
    const done = id === undefined ? true : await media.play({ leg, prompt: id, loop }).catch(() => true);
    if (turn === playing) give({ type: "played", prompt, done });
  };

  const alarms = namedAlarms<TimerName>((name) => {
    const position = name === "position" ? agents.position(state.id) : undefined;
    give(position === undefined ? { type: "timer", name } : { type: "position", position });
  });

  const thirds = openThirds({
    media,
    srtp: parts.srtp,
    prefix: main,
    dial: input.dial,
    give: (given) => give(given),
    warn: parts.warn,
  });

  const act = (action: Action): void => {
    switch (action.do) {
      case "accept":
        return;
      case "hangUp":
        return sip?.hangup();
      case "play":
        return void play(action.prompt, action.loop);
      case "stop":
        playing += 1;
        if (audio !== undefined) order("stopPlay", () => media.stopPlay(main));
        return;
      case "timer":
        return alarms.start(action.name, action.ms);
      case "clear":
        return alarms.clear(action.name);
      case "seek":
        return agents.seek({
          callId: state.id,
          accountId: parts.accountId,
          queue: action.queue,
          since: state.queuedAt ?? state.startedAt,
          excluded: action.excluded,
          found: (agent) => give({ type: "found", userId: agent.userId, name: agent.name }),
        });
      case "unseek":
        return agents.unseek(state.id);
      case "ring": {
        const agent = agents.get(action.userId);
        if (agent === undefined || (agent.busy !== undefined && agent.busy !== state.id) || !agent.connected)
          return void setImmediate(() => give({ type: "agentGone", userId: action.userId }));
        agent.busy = state.id;
        return parts.onRing(run, agent, action.until);
      }
      case "unready": {
        const agent = agents.get(action.userId);
        if (agent !== undefined) agent.wants = false;
        agent?.desk?.tell("phone.ready", { ready: false, reason: "unanswered" });
        return;
      }
      case "release": {
        const agent = agents.get(action.userId);
        if (agent !== undefined) parts.onRelease(run, agent, action.wrapUp, action.reason);
        return;
      }
      case "dial":
        return void thirds.call(action.leg, action.number);
      case "drop":
        return thirds.drop(action.leg);
      case "refuse":
        refused = action.says;
        return;
      case "digits":
        if (sip !== undefined) {
          const to = sip;
          order("digits", () => sendKeys({ media, leg: main, sip: to, digits: action.digits }));
        }
        return;
      case "startRecording": {
        const id = randomUUID();
        recording = id;
        recordings.push(id);
        return order("record", () => media.startRecording({ recording: id, leg: main }));
      }
      case "pauseRecording": {
        const id = recording;
        return order("pause", async () =>
          id === undefined ? undefined : media.pauseRecording({ recording: id, reason: action.reason }),
        );
      }
      case "resumeRecording": {
        const id = recording;
        return order("resume", async () => (id === undefined ? undefined : media.resumeRecording(id)));
      }
      case "stopRecording": {
        const id = recording;
        recording = undefined;
        return order("stopRecording", async () => (id === undefined ? undefined : media.stopRecording(id)));
      }
      default:
        return action satisfies never;
    }
  };

  const finish = (): void => {
    alarms.stop();
    playing += 1;
    thirds.dropAll();
    const own = audio;
    if (own !== undefined) order("close", () => own.close());
    parts.onEnd(run);
  };

  const give = (given: Input): void => {
    if (state.phase === "ended") return;
    const next = step(state, given, parts.now());
    state = next.state;
    for (const action of next.actions) act(action);
    applyHearing();
    parts.onChange(run);
    if (next.state.phase === "ended") finish();
  };

  const run: Run = {
    id: state.id,
    state: () => state,
    begin: (open) => {
      if (sip !== undefined) void takeCall(sip, open);
    },
    give,
    command: (given) => {
      refused = undefined;
      if (state.phase === "ended") throw new ConnectorError("rejected", "The call has ended.");
      give(given);
      // Set by an action of this very step.
      const says: string | undefined = refused;
      if (says !== undefined) throw new ConnectorError("rejected", says);
    },
    legOfCustomer: main,
    owns: (leg) => leg === main || leg.startsWith(`${main}:`),
    rejoin: () => {
      heard = new Map();
      applyHearing();
    },
    recordings,
    began: state.startedAt,
  };

  const answered = async (call: SipCall, sdp: string): Promise<void> => {
    const fits = await audio?.accepted(sdp).catch(() => undefined);
    if (fits === true) return give({ type: "customerAnswered" });
    call.hangup("no common codec");
    give(fits === false ? { type: "customerFailed", status: 488, reason: "no common codec" } : { type: "mediaDown" });
  };
  const reoffered = async (event: Extract<SipEvent, { type: "reoffer" }>): Promise<void> => {
    if (audio === undefined) return event.answer(undefined);
    await onReoffer(audio, event);
    give({ type: "remoteHold", held: audio.held() });
  };
  const listen = (call: SipCall): void =>
    call.onEvent((event) => {
      switch (event.type) {
        case "answered":
          return void answered(call, event.sdp);
        case "progress":
          return void audio?.accepted(event.sdp).catch(() => undefined);
        case "confirmed":
          if (event.sdp !== undefined) void audio?.accepted(event.sdp).catch(() => give({ type: "mediaDown" }));
          return;
        case "failed":
          return give({ type: "customerFailed", status: event.status, reason: event.reason });
        case "ended":
          return give({ type: "customerGone", reason: event.reason });
        case "reoffer":
          return void reoffered(event);
        case "digit":
          return give({ type: "digit", digit: event.digit, via: "info", durationMs: event.durationMs });
        case "refer":
          // A caller may not send the hub calling elsewhere: that is how toll fraud begins.
          return event.reject();
        case "ringing":
        case "referred":
          return;
        default:
          return event satisfies never;
      }
    });

  const takeCall = async (call: SipCall, open: boolean): Promise<void> => {
    call.ring();
    try {
      audio = await openAudio({ media, leg: main, srtp: parts.srtp, family: familyOf(call.offer) });
      const sdp = call.offer === undefined ? audio.offer() : await audio.answer(call.offer);
      if (sdp === undefined) {
        call.reject({ status: 488 });
        return;
      }
      call.accept(sdp);
    } catch (thrown) {
      parts.warn("a call could not be taken", { reason: String(thrown) });
      call.reject({ status: 503, reason: "No audio" });
      return;
    }
    give({ type: "arrived", open });
  };

  const makeCall = async (number: string): Promise<void> => {
    try {
      audio = await openAudio({ media, leg: main, srtp: parts.srtp, family: 4 });
      sip = input.dial(audio.offer(), number);
      listen(sip);
      applyHearing();
    } catch (thrown) {
      parts.warn("a call could not be made", { reason: String(thrown) });
      give({ type: "customerFailed", status: 503, reason: "no audio" });
    }
  };

  if (sip === undefined) setImmediate(() => void makeCall(state.number ?? ""));
  else listen(sip);
  return run;
};
