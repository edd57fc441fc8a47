import { frameSamples } from "./clock.ts";
import { decode } from "./g711.ts";
import type { Frame } from "./line.ts";

/** How much sound is kept before it is mixed: covers three late packets. In samples. */
const delay = 3 * frameSamples;
/** More than this waiting means that the source's clock and ours drifted apart, or that it was held up. In samples. */
const tooMuch = 10 * frameSamples;
const ring = 64 * frameSamples;

/** Orders one source's packets by timestamp and gives 20 ms at each tick: a small jitter buffer, for mixing only. */
export const makePlayout = () => {
  const samples = new Int16Array(ring);
  let source: object | undefined;
  /** Ring position of timestamp 0 of the present source. */
  let origin = 0;
  let reading = 0;
  let newest = Number.NEGATIVE_INFINITY;
  let last = 0;
  let unwrapped = 0;

  const anchor = (): void => {
    origin = reading + delay - unwrapped;
  };

  return {
    put: (frame: Frame): void => {
      const timestamp = frame.timestamp ?? 0;
      const begins = frame.source !== source;
      unwrapped = begins ? timestamp : unwrapped + ((timestamp - last) | 0);
      last = timestamp;
      if (begins) {
        source = frame.source;
        anchor();
        newest = Number.NEGATIVE_INFINITY;
      }
      const position = origin + unwrapped;
      if (position < reading && position + frame.payload.length <= newest) return;
      if (position < reading || position - reading > tooMuch) anchor();
      const place = origin + unwrapped;
      const sound = decode(frame.payload, frame.law);
      for (let index = 0; index < sound.length; index++) samples[(place + index) % ring] = sound[index]!;
      newest = Math.max(newest, place + sound.length);
    },
    /** The next 20 ms; null when there is nothing to hear. */
    take: (): Int16Array | null => {
      const start = reading;
      reading += frameSamples;
      if (newest <= start) return null;
      const out = new Int16Array(frameSamples);
      for (let index = 0; index < frameSamples; index++) {
        const place = (start + index) % ring;
        out[index] = samples[place]!;
        samples[place] = 0;
      }
      return out;
    },
  };
};
