import { decode } from "../../../../connectors/phone/media/g711.ts";

/** A sine of 8 kHz samples; `level` 1 = full scale. */
export const sine = (input: {
  readonly hertz: number;
  readonly seconds: number;
  readonly level?: number;
}): Int16Array =>
  Int16Array.from({ length: input.seconds * 8_000 }, (_, at) =>
    Math.round((input.level ?? 0.5) * 32_000 * Math.sin((2 * Math.PI * input.hertz * at) / 8_000)),
  );

export interface Purity {
  /** The loudest frequency. */
  readonly hertz: number;
  /** How far the next loudest peak lies below it, dB. */
  readonly aboveNextDb: number;
  /** Of full scale. */
  readonly levelDb: number;
}

const bins = 4_096;

/** In-place radix-2 FFT of a windowed block; the power of each bin. */
const powers = (samples: Int16Array): Float64Array => {
  const real = new Float64Array(bins);
  const imaginary = new Float64Array(bins);
  let bits = 0;
  while (1 << bits < bins) bits++;
  for (let at = 0; at < bins; at++) {
    let turned = 0;
    for (let bit = 0; bit < bits; bit++) if (at & (1 << bit)) turned |= 1 << (bits - 1 - bit);
    // Blackman: its side lobes lie 58 dB down, below what G.711 itself adds.
    const turn = (2 * Math.PI * at) / bins;
    const window = 0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
    real[turned] = ((samples[at] ?? 0) / 32_768) * window;
  }
  for (let size = 2; size <= bins; size *= 2) {
    const step = (-2 * Math.PI) / size;
    for (let start = 0; start < bins; start += size)
      for (let k = 0; k < size / 2; k++) {
        const [c, s] = [Math.cos(step * k), Math.sin(step * k)];
        const [a, b] = [start + k, start + k + size / 2];
        const re = real[b]! * c - imaginary[b]! * s;
        const im = real[b]! * s + imaginary[b]! * c;
        [real[b], imaginary[b]] = [real[a]! - re, imaginary[a]! - im];
        [real[a], imaginary[a]] = [real[a]! + re, imaginary[a]! + im];
      }
  }
  return Float64Array.from({ length: bins / 2 }, (_, at) => real[at]! ** 2 + imaginary[at]! ** 2);
};

/** The loudest tone in about half a second, and how much purer it is than whatever else sounds. */
export const purity = (samples: Int16Array): Purity => {
  const power = powers(samples);
  const top = power.reduce((best, value, at) => (at > 4 && value > power[best]! ? at : best), 5);
  const next = power.reduce(
    (best, value, at) => (at > 4 && Math.abs(at - top) > 6 && value > best ? value : best),
    1e-12,
  );
  // Sum of the main lobe: a tone between two bins is as loud as one on a bin.
  let lobe = 0;
  for (let at = top - 3; at <= top + 3; at++) lobe += power[at] ?? 0;
  let moment = 0;
  for (let at = top - 3; at <= top + 3; at++) moment += at * (power[at] ?? 0);
  return {
    hertz: ((moment / lobe) * 8_000) / bins,
    aboveNextDb: 10 * Math.log10(power[top]! / next),
    levelDb: 10 * Math.log10((lobe * 4) / (bins * bins * 0.42 * 0.42 * 1.73)),
  };
};

/** Both sides of a stereo A-law WAV as it is on disk. */
export const sides = (wav: Buffer): { readonly left: Int16Array; readonly right: Int16Array } => {
  const sound = decode(wav.subarray(58), "PCMA");
  const side = (offset: number): Int16Array =>
    Int16Array.from({ length: sound.length >> 1 }, (_, at) => sound[at * 2 + offset]!);
  return { left: side(0), right: side(1) };
};

/** A 16-bit PCM WAV, as a browser's fake microphone and upload forms take it. */
export const pcmWav = (input: {
  readonly rate: number;
  readonly channels: number;
  readonly samples: Int16Array;
}): Buffer => {
  const { rate, channels, samples } = input;
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + samples.length * 2, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(samples.length * 2, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
};
