import path from "node:path";
import { type LegId, type MediaEvent, MediaGone, type MediaPort } from "../ports.ts";
import { makeClock } from "./clock.ts";
import type { Leg } from "./leg.ts";
import { makeMixer } from "./mixer.ts";
import { play, type Playing } from "./player.ts";
import { loadSound } from "./prompts.ts";
import { openRecorder, type Recorder } from "./recorder.ts";
import { makePorts, openTrunkLeg, type PortRange, type TrunkLeg } from "./trunk-leg.ts";
import type { Prompt } from "./wav.ts";
import { openWebLeg, type WebLeg, type WebSettings } from "./web-leg.ts";

interface Address {
  /** What the socket is bound to. */
  readonly bind: string;
  /** What we write into our SDP. */
  readonly advertise: string;
}

export interface MediaSettings {
  readonly v4: Address;
  readonly v6: Address | undefined;
  readonly ports: PortRange;
  readonly web: WebSettings;
  /** Folder of running recordings. */
  readonly recordings: string;
}

/** Everything of MediaPort that happens inside a media process. */
export type Engine = Omit<MediaPort, "onEvent" | "stop"> & { close(): Promise<void> };

interface Party {
  readonly leg: Leg;
  readonly trunk: TrunkLeg | undefined;
  readonly web: WebLeg | undefined;
  from: readonly LegId[];
  unhear: () => void;
  playing: Playing | undefined;
  warnedAt: number;
}

/** A leg is called silent after this, and again after this much more, ms. */
const silentAfter = 3_000;
const silentAgain = 5_000;

const nothing = (): void => undefined;

export const makeEngine = (input: {
  readonly settings: MediaSettings;
  readonly tell: (event: MediaEvent) => void;
  readonly warn: (text: string) => void;
}): Engine => {
  const { settings, tell, warn } = input;
  const nowMs = (): number => performance.now();
  const clock = makeClock();
  const mixer = makeMixer({ clock });
  const ports = makePorts(settings.ports);
  const parties = new Map<LegId, Party>();
  const prompts = new Map<string, Prompt>();
  const recordings = new Map<
    string,
    { readonly recorder: Recorder; readonly leg: LegId; readonly detach: () => void }
  >();

  const party = (id: LegId): Party => {
    const found = parties.get(id);
    if (found === undefined) throw new MediaGone("This leg is gone.");
    return found;
  };
  const add = (leg: Leg, kind: { readonly trunk?: TrunkLeg; readonly web?: WebLeg }): void => {
    parties.set(leg.id, {
      leg,
      trunk: kind.trunk,
      web: kind.web,
      from: [],
      unhear: nothing,
      playing: undefined,
      warnedAt: 0,
    });
  };
  const fresh = (id: LegId): void => {
    if (parties.has(id)) throw new Error("There is such a leg already.");
  };

  /** Connects a party to what it should hear now: its prompt alone, or those of its sources that are still there. */
  const apply = (who: Party): void => {
    who.unhear();
    who.unhear = nothing;
    if (who.playing !== undefined) return;
    const sources = who.from.map((id) => parties.get(id)?.leg).filter((leg) => leg !== undefined);
    const [only] = sources;
    if (only === undefined) return;
    who.unhear = sources.length === 1 ? only.onSaid((frame) => who.leg.send(frame)) : mixer.hear(who.leg, sources);
  };
  const stopPlaying = (who: Party): void => {
    const { playing } = who;
    who.playing = undefined;
    playing?.stop();
  };

  const digit =
    (leg: LegId) =>
    (pressed: { readonly digit: string; readonly durationMs: number }): void =>
      tell({ type: "digit", leg, ...pressed });

  const finish = async (recording: string): Promise<void> => {
    const running = recordings.get(recording);
    if (running === undefined) return;
    recordings.delete(recording);
    running.detach();
    try {
      tell({ type: "recorded", recording, ...(await running.recorder.finish()) });
    } catch (thrown) {
      warn(`A recording could not be finished: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      tell({ type: "recordingFailed", recording });
    }
  };
  const running = (recording: string): Recorder => {
    const found = recordings.get(recording);
    if (found === undefined) throw new MediaGone("This recording is not running.");
    return found.recorder;
  };

  const close = async (id: LegId) => {
    const who = party(id);
    parties.delete(id);
    stopPlaying(who);
    who.unhear();
    for (const [recording, { leg }] of recordings) if (leg === id) await finish(recording);
    for (const other of parties.values()) if (other.from.includes(id)) apply(other);
    const stats = who.leg.stats();
    (who.trunk ?? who.web ?? who.leg).close();
    return stats;
  };

  const watch = setInterval(() => {
    for (const [id, who] of parties) {
      const ms = Math.round(who.leg.silentMs());
      if (ms < silentAfter || nowMs() - who.warnedAt < silentAgain) continue;
      who.warnedAt = nowMs();
      tell({ type: "silent", leg: id, ms });
    }
  }, 1_000);

  return {
    openTrunkLeg: async ({ leg: id, family, inside = false }) => {
      fresh(id);
      const address = family === 4 ? settings.v4 : settings.v6;
      if (address === undefined) throw new Error("This hub has no IPv6 address for calls.");
      const socket = await ports.open({ host: address.bind, family });
      const leg = openTrunkLeg({ id, socket, clock, nowMs, onDigit: digit(id) });
      add(leg, { trunk: leg });
      const own = address.bind === "0.0.0.0" ? "127.0.0.1" : address.bind === "::" ? "::1" : address.bind;
      return { host: inside ? own : address.advertise, port: leg.port };
    },
    connectTrunkLeg: async ({ leg, audio }) => {
      const { trunk } = party(leg);
      if (trunk === undefined) throw new Error("This leg leads to no trunk.");
      trunk.connect(audio);
    },
    openWebLeg: async ({ leg: id }) => {
      fresh(id);
      const leg = openWebLeg({
        id,
        settings: settings.web,
        clock,
        nowMs,
        onDigit: digit(id),
        onState: (state) => tell({ type: "legState", leg: id, state }),
      });
      add(leg, { web: leg });
      try {
        return { sdp: await leg.offer() };
      } catch (thrown) {
        await close(id);
        throw thrown;
      }
    },
    connectWebLeg: async ({ leg, sdp }) => {
      const { web } = party(leg);
      if (web === undefined) throw new Error("This leg leads to no browser.");
      web.connect(sdp);
    },
    closeLeg: close,
    hear: async ({ leg, from }) => {
      const who = party(leg);
      for (const id of from) party(id);
      who.from = from.filter((id) => id !== leg);
      apply(who);
    },
    loadPrompt: async ({ prompt, source }) => {
      const sound = await loadSound(source);
      prompts.set(prompt, sound);
      return { ms: sound.length / 8 };
    },
    play: async ({ leg, prompt, loop = false }) => {
      const who = party(leg);
      const sound = prompts.get(prompt);
      if (sound === undefined) throw new Error("There is no such prompt.");
      stopPlaying(who);
      const playing = play({ leg: who.leg, prompt: sound, loop, clock });
      who.playing = playing;
      apply(who);
      const ended = await playing.done;
      if (who.playing === playing) {
        who.playing = undefined;
        if (parties.get(leg) === who) apply(who);
      }
      return ended;
    },
    stopPlay: async (leg) => {
      const who = party(leg);
      stopPlaying(who);
      apply(who);
    },
    sendDigits: ({ leg, digits }) => party(leg).leg.sendDigits(digits),
    startRecording: async ({ recording, leg: id }) => {
      const { leg } = party(id);
      if (recordings.has(recording)) throw new Error("There is such a recording already.");
      const recorder = await openRecorder({ file: path.join(settings.recordings, `${recording}.wav`), nowMs });
      const off = [leg.onSaid(recorder.left), leg.onHeard(recorder.right)];
      recordings.set(recording, { recorder, leg: id, detach: () => off.forEach((stop) => stop()) });
      // The call may have ended while the file was opened.
      if (!parties.has(id)) await finish(recording);
    },
    pauseRecording: async ({ recording, reason }) => running(recording).pause(reason),
    resumeRecording: async (recording) => running(recording).resume(),
    stopRecording: finish,
    stats: async (leg) => party(leg).leg.stats(),
    close: async () => {
      clearInterval(watch);
      for (const recording of recordings.keys()) await finish(recording);
      for (const id of parties.keys()) await close(id);
    },
  };
};
