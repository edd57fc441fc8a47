import type { LegId } from "../ports.ts";
import { type Clock, frameSamples } from "./clock.ts";
import { encode } from "./g711.ts";
import type { Leg } from "./leg.ts";
import { makePlayout } from "./playout.ts";

interface Input {
  readonly leg: Leg;
  readonly take: () => Int16Array | null;
  readonly stop: () => void;
  listeners: number;
  sound: Int16Array | null;
}

export interface Mixer {
  /** The leg hears these legs together, until the returned function is called. */
  hear(listener: Leg, from: readonly Leg[]): () => void;
}

/** The sum of several voices, held at the limits: two people at once are louder, never torn. */
const sum = (voices: readonly Int16Array[]): Int16Array => {
  const out = new Int16Array(frameSamples);
  for (let index = 0; index < frameSamples; index++) {
    let total = 0;
    for (const voice of voices) total += voice[index]!;
    out[index] = Math.max(-32_768, Math.min(32_767, total));
  }
  return out;
};

/** Mixes for everybody who hears more than one other leg. A voice is decoded once, however many hear it. */
export const makeMixer = ({ clock }: { readonly clock: Clock }): Mixer => {
  const inputs = new Map<LegId, Input>();
  const outputs = new Set<{ readonly listener: Leg; readonly from: readonly Leg[]; readonly source: object }>();
  let stop: (() => void) | undefined;

  const tick = (): void => {
    for (const input of inputs.values()) input.sound = input.take();
    for (const { listener, from, source } of outputs) {
      const voices = from.map((leg) => inputs.get(leg.id)?.sound ?? null).filter((sound) => sound !== null);
      const payload = encode(sum(voices), "PCMA");
      listener.send({ payload, law: "PCMA", timestamp: undefined, source });
    }
  };

  const join = (leg: Leg): void => {
    const known = inputs.get(leg.id);
    if (known !== undefined) {
      known.listeners++;
      return;
    }
    const playout = makePlayout();
    inputs.set(leg.id, { leg, take: playout.take, stop: leg.onSaid(playout.put), listeners: 1, sound: null });
  };
  const leave = (leg: Leg): void => {
    const known = inputs.get(leg.id);
    if (known === undefined || --known.listeners > 0) return;
    known.stop();
    inputs.delete(leg.id);
  };

  return {
    hear: (listener, from) => {
      const output = { listener, from, source: {} };
      for (const leg of from) join(leg);
      outputs.add(output);
      stop ??= clock.every(tick);
      return () => {
        if (!outputs.delete(output)) return;
        for (const leg of from) leave(leg);
        if (outputs.size > 0) return;
        stop?.();
        stop = undefined;
      };
    },
  };
};
