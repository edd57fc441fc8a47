import { type Clock, frameSamples } from "./clock.ts";
import { silence } from "./g711.ts";
import type { Leg } from "./leg.ts";
import type { Prompt } from "./wav.ts";

export interface Playing {
  /** True when it came to its end, false when it was stopped. */
  readonly done: Promise<boolean>;
  stop(): void;
}

/** Plays a prompt into a leg at the pace of the clock. The last frame is filled up with silence; a loop has no seam. */
export const play = (input: {
  readonly leg: Leg;
  readonly prompt: Prompt;
  readonly loop: boolean;
  readonly clock: Clock;
}): Playing => {
  const sound = input.prompt;
  const source = {};
  let at = 0;
  let finish: (ended: boolean) => void = () => undefined;
  const done = new Promise<boolean>((resolve) => {
    finish = resolve;
  });
  const next = (): Buffer => {
    const part = sound.subarray(at, at + frameSamples);
    at += frameSamples;
    if (part.length === frameSamples) return part;
    if (input.loop) {
      at = frameSamples - part.length;
      return Buffer.concat([part, sound.subarray(0, at)]);
    }
    return Buffer.concat([part, Buffer.alloc(frameSamples - part.length, silence.PCMA)]);
  };
  const end = (ended: boolean): void => {
    off();
    finish(ended);
  };
  const off = input.clock.every(() => {
    if (at >= sound.length && !input.loop) return end(true);
    input.leg.send({ payload: next(), law: "PCMA", timestamp: undefined, source }, true);
  });
  return { done, stop: () => end(false) };
};
