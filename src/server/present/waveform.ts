/** Peaks of a stereo A-law WAV as the media process writes it: 58 bytes of header, then both sides alternately. */
const headerBytes = 58;
const bars = 400;

/** Loudness of an A-law code in 0..255: its segment and step, which are already the logarithm an ear hears. */
const loudness = (code: number): number => ((code ^ 0x55) & 0x7f) * 2;

/** Length in ms and the loudest moment of each of at most 400 stretches, for each side. */
export const waveform = async (input: {
  readonly source: AsyncIterable<Buffer>;
  readonly size: number;
}): Promise<{ ms: number; left: number[]; right: number[] }> => {
  const frames = Math.max(0, (input.size - headerBytes) >> 1);
  const count = Math.min(bars, Math.max(1, Math.ceil(frames / 160)));
  const peaks = [new Uint8Array(count), new Uint8Array(count)];
  let at = -headerBytes;
  for await (const part of input.source)
    for (const code of part) {
      if (at >= 0) {
        const side = peaks[at & 1]!;
        const bar = Math.floor(((at >> 1) / Math.max(1, frames)) * count);
        side[bar] = Math.max(side[bar] ?? 0, loudness(code));
      }
      at++;
    }
  return { ms: Math.round(frames / 8), left: [...peaks[0]!], right: [...peaks[1]!] };
};
