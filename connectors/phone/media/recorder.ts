import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, writeFile } from "node:fs/promises";
import { changeLaw, silence } from "./g711.ts";
import type { Frame } from "./line.ts";
import { wavHeader, wavHeaderBytes } from "./wav.ts";

interface Pause {
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}
export interface Recorded {
  readonly file: string;
  readonly ms: number;
  readonly sha256: string;
  readonly pauses: readonly Pause[];
}

export interface Recorder {
  readonly left: (frame: Frame) => void;
  readonly right: (frame: Frame) => void;
  pause(reason: string): void;
  resume(): void;
  /** Resolves when everything is on disk. */
  finish(): Promise<Recorded>;
}

const perMs = 8;
/** Sound is written this long after it was said, so that late packets still find their place. */
const holdMs = 400;
const flushMs = 200;
/** A frame this far from the time it came belongs elsewhere: its source jumped. */
const resyncMs = 200;
/** How often, and from which size on, the drift of a source's clock against ours is taken out. */
const driftWindowMs = 5_000;
const driftMs = 10;
/** Ring of one side, samples. */
const ring = 4_000 * perMs;

/** Gives frames of one side their place: by their own timestamps, held to the time they came. */
export const makePlacing = () => {
  let source: object | undefined;
  let timestamp = 0;
  let position = 0;
  let earliest = Number.POSITIVE_INFINITY;
  let windowEnd = 0;
  return (frame: Frame, now: number): number => {
    const known = source === frame.source && frame.timestamp !== undefined;
    let place = known ? position + ((frame.timestamp - timestamp) | 0) : now;
    if (Math.abs(now - place) > resyncMs * perMs) place = now;
    if (!known || place === now) {
      earliest = Number.POSITIVE_INFINITY;
      windowEnd = now + driftWindowMs * perMs;
    }
    // The quickest packet of a window shows where the source really is: network delay can only add to it.
    earliest = Math.min(earliest, now - place);
    if (now >= windowEnd) {
      if (Math.abs(earliest) > driftMs * perMs) place += earliest;
      earliest = Number.POSITIVE_INFINITY;
      windowEnd = now + driftWindowMs * perMs;
    }
    source = frame.source;
    timestamp = frame.timestamp ?? 0;
    position = place;
    return place;
  };
};

export const hashFile = async (file: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
};

/** Where the pauses of a recording are kept while it runs. */
export const pausesFile = (file: string): string => `${file}.pauses.json`;

/**
 * Stereo A-law WAV: left and right placed on one time axis. The header is true after every write, so the file can be
 * played up to the last second whenever the process dies.
 */
export const openRecorder = async (input: {
  readonly file: string;
  readonly nowMs: () => number;
}): Promise<Recorder> => {
  const handle: FileHandle = await open(input.file, "wx", 0o600);
  await handle.write(wavHeader({ channels: 2, bytes: 0 }), 0, wavHeaderBytes, 0);
  const start = input.nowMs();
  const sides = [0, 1].map(() => ({ codes: Buffer.alloc(ring, silence.PCMA), placing: makePlacing() }));
  const pauses: Pause[] = [];
  let paused: { readonly fromMs: number; readonly reason: string } | undefined;
  let written = 0;
  let writing: Promise<void> = Promise.resolve();
  let finished = false;

  const ms = (): number => input.nowMs() - start;
  const now = (): number => Math.floor(ms() * perMs);

  const after = (work: () => Promise<unknown>): void => {
    const before = writing;
    const next = async (): Promise<void> => {
      await before;
      await work();
    };
    writing = next();
    // A full disk is told by finish(): the call goes on without its recording.
    writing.catch(() => undefined);
  };
  const take = (samples: number): Buffer => {
    const out = Buffer.allocUnsafe(samples * 2);
    for (let index = 0; index < samples; index++) {
      const place = (written + index) % ring;
      for (const [side, { codes }] of sides.entries()) {
        out[index * 2 + side] = codes[place]!;
        codes[place] = silence.PCMA;
      }
    }
    written += samples;
    return out;
  };
  const flush = (until: number): void => {
    for (let left = until - written; left > 0; left -= ring) {
      const at = wavHeaderBytes + written * 2;
      const sound = take(Math.min(left, ring));
      const header = wavHeader({ channels: 2, bytes: written * 2 });
      after(async () => {
        await handle.write(sound, 0, sound.length, at);
        await handle.write(header, 0, header.length, 0);
      });
    }
  };
  const put = (side: number, frame: Frame): void => {
    if (finished) return;
    const { codes, placing } = sides[side]!;
    const time = now();
    const place = placing(frame, time);
    if (paused !== undefined || place < written) return;
    const sound = changeLaw(frame.payload, frame.law, "PCMA");
    if (place + sound.length - written > ring) flush(time - holdMs * perMs);
    if (place + sound.length - written > ring) return;
    for (let index = 0; index < sound.length; index++) codes[(place + index) % ring] = sound[index]!;
  };
  const keepPauses = (): void => {
    const all = paused === undefined ? pauses : [...pauses, { ...paused, toMs: null }];
    after(() => writeFile(pausesFile(input.file), JSON.stringify(all), { mode: 0o600 }));
  };
  const resume = (): void => {
    if (paused === undefined) return;
    pauses.push({ fromMs: paused.fromMs, toMs: Math.round(ms()), reason: paused.reason });
    paused = undefined;
  };

  const timer = setInterval(() => flush(now() - holdMs * perMs), flushMs);
  return {
    left: (frame) => put(0, frame),
    right: (frame) => put(1, frame),
    pause: (reason) => {
      if (paused !== undefined || finished) return;
      paused = { fromMs: Math.round(ms()), reason };
      keepPauses();
    },
    resume: () => {
      if (paused === undefined || finished) return;
      resume();
      keepPauses();
    },
    finish: async () => {
      clearInterval(timer);
      resume();
      flush(now());
      finished = true;
      try {
        await writing;
        await handle.datasync();
      } finally {
        await handle.close();
      }
      return { file: input.file, ms: Math.round(written / perMs), sha256: await hashFile(input.file), pauses };
    },
  };
};
