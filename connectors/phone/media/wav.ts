import { decode } from "./g711.ts";

/** A sound ready to be played: A-law at 8 kHz. */
export type Prompt = Buffer;

export interface Wav {
  readonly rate: number;
  readonly channels: number;
  /** One array of samples in -1..1 a channel. */
  readonly samples: readonly Float32Array[];
}

/** Says what is wrong with an uploaded sound, for the person who uploaded it. */
export class WavError extends Error {
  override readonly name = "WavError";
}

/** WAVE format tags (RFC 2361, appendix A). */
const tags = { pcm: 1, float: 3, alaw: 6, ulaw: 7, extensible: 0xfffe };

interface Format {
  readonly tag: number;
  readonly channels: number;
  readonly rate: number;
  readonly bits: number;
}

const chunks = function* (file: Buffer): Generator<{ readonly name: string; readonly body: Buffer }> {
  let at = 12;
  while (at + 8 <= file.length) {
    const length = file.readUInt32LE(at + 4);
    // A length beyond the end: a file cut short, or one whose writer never came back to its header.
    yield {
      name: file.toString("latin1", at, at + 4),
      body: file.subarray(at + 8, Math.min(file.length, at + 8 + length)),
    };
    at += 8 + length + (length & 1);
  }
};

const formatOf = (body: Buffer): Format => {
  if (body.length < 16) throw new WavError("The WAV file has a damaged header.");
  const tag = body.readUInt16LE(0);
  return {
    tag: tag === tags.extensible && body.length >= 26 ? body.readUInt16LE(24) : tag,
    channels: body.readUInt16LE(2),
    rate: body.readUInt32LE(4),
    bits: body.readUInt16LE(14),
  };
};

const readers: Readonly<Record<string, (body: Buffer, at: number) => number>> = {
  [`${tags.pcm}/8`]: (body, at) => (body[at]! - 128) / 128,
  [`${tags.pcm}/16`]: (body, at) => body.readInt16LE(at) / 32_768,
  [`${tags.pcm}/24`]: (body, at) => body.readIntLE(at, 3) / 8_388_608,
  [`${tags.pcm}/32`]: (body, at) => body.readInt32LE(at) / 2_147_483_648,
  [`${tags.float}/32`]: (body, at) => Math.max(-1, Math.min(1, body.readFloatLE(at))),
};

/** Samples of a WAV file: PCM of 8 to 32 bits, 32-bit float, A-law and mu-law. Throws WavError. */
export const readWav = (file: Buffer): Wav => {
  if (file.length < 12 || file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WAVE")
    throw new WavError("This is not a WAV file.");
  let format: Format | undefined;
  let data: Buffer | undefined;
  for (const { name, body } of chunks(file)) {
    if (name === "fmt ") format ??= formatOf(body);
    if (name === "data") data ??= body;
  }
  if (format === undefined || data === undefined) throw new WavError("The WAV file holds no sound.");
  const { channels, rate, bits, tag } = format;
  if (channels < 1 || channels > 8 || rate < 4_000 || rate > 192_000)
    throw new WavError("The WAV file has an unusual number of channels or samples a second.");
  const width = bits >> 3;
  const frames = width === 0 ? 0 : Math.floor(data.length / (width * channels));
  const out = Array.from({ length: channels }, () => new Float32Array(frames));
  const companded = tag === tags.alaw ? "PCMA" : tag === tags.ulaw ? "PCMU" : undefined;
  if (companded !== undefined && bits === 8) {
    const samples = decode(data, companded);
    for (let frame = 0; frame < frames; frame++)
      for (let channel = 0; channel < channels; channel++)
        out[channel]![frame] = samples[frame * channels + channel]! / 32_768;
    return { rate, channels, samples: out };
  }
  const read = readers[`${tag}/${bits}`];
  if (read === undefined)
    throw new WavError("The WAV file is in a format that cannot be played: save it as 16-bit PCM.");
  for (let frame = 0; frame < frames; frame++)
    for (let channel = 0; channel < channels; channel++)
      out[channel]![frame] = read(data, (frame * channels + channel) * width);
  return { rate, channels, samples: out };
};

/** One channel at 8 kHz: the channels' mean, low-passed below 3.6 kHz by a windowed sinc before samples are dropped. */
export const toTelephone = (wav: Wav): Int16Array => {
  const length = wav.samples[0]!.length;
  const mono = new Float32Array(length);
  for (const channel of wav.samples) for (let at = 0; at < length; at++) mono[at]! += channel[at]! / wav.channels;
  const ratio = wav.rate / 8_000;
  const out = new Int16Array(Math.floor(length / ratio));
  const cutoff = Math.min(0.45, 3_600 / wav.rate);
  const reach = wav.rate === 8_000 ? 0 : Math.ceil(16 * Math.max(1, ratio));
  for (let index = 0; index < out.length; index++) {
    const centre = index * ratio;
    let sum = 0;
    let weight = 0;
    for (let at = Math.ceil(centre - reach); at <= centre + reach; at++) {
      const distance = at - centre;
      const x = 2 * Math.PI * cutoff * distance;
      const sinc = Math.abs(x) < 1e-9 ? 1 : Math.sin(x) / x;
      const hann = reach === 0 ? 1 : 0.5 + 0.5 * Math.cos((Math.PI * distance) / (reach + 1));
      weight += sinc * hann;
      sum += (mono[Math.min(length - 1, Math.max(0, at))] ?? 0) * sinc * hann;
    }
    out[index] = Math.max(-32_768, Math.min(32_767, Math.round((sum / weight) * 32_767)));
  }
  return out;
};

/** Bytes of the header that `wavHeader` writes. */
export const wavHeaderBytes = 58;

/** The header of an 8 kHz A-law WAV whose sound is `bytes` long. */
export const wavHeader = (input: { readonly channels: number; readonly bytes: number }): Buffer => {
  const header = Buffer.alloc(wavHeaderBytes);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(50 + input.bytes, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(18, 16);
  header.writeUInt16LE(tags.alaw, 20);
  header.writeUInt16LE(input.channels, 22);
  header.writeUInt32LE(8_000, 24);
  header.writeUInt32LE(8_000 * input.channels, 28);
  header.writeUInt16LE(input.channels, 32);
  header.writeUInt16LE(8, 34);
  header.write("fact", 38, "latin1");
  header.writeUInt32LE(4, 42);
  header.writeUInt32LE(input.bytes / input.channels, 46);
  header.write("data", 50, "latin1");
  header.writeUInt32LE(input.bytes, 54);
  return header;
};
