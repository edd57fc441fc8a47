import { open, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { hashFile, pausesFile, type Recorded } from "./recorder.ts";
import { wavHeader, wavHeaderBytes } from "./wav.ts";

const kept = z.array(z.object({ fromMs: z.number(), toMs: z.number().nullable(), reason: z.string() }));

/**
 * What recorders that died left in the folder: each file with the length that is really in it, ready to be filed as if
 * it had been finished. Only to be called while nothing records there.
 */
export const leftBehind = async (dir: string): Promise<readonly (Recorded & { readonly recording: string })[]> => {
  const names = (await readdir(dir).catch(() => [])).filter((name) => name.endsWith(".wav"));
  return Promise.all(
    names.map(async (name) => {
      const file = path.join(dir, name);
      const handle = await open(file, "r+");
      let ms: number;
      try {
        const { size } = await handle.stat();
        const bytes = Math.max(0, size - wavHeaderBytes) & ~1;
        await handle.write(wavHeader({ channels: 2, bytes }), 0, wavHeaderBytes, 0);
        await handle.truncate(wavHeaderBytes + bytes);
        ms = Math.round(bytes / 16);
      } finally {
        await handle.close();
      }
      const text = await readFile(pausesFile(file), "utf8").catch(() => "[]");
      // A process killed while it wrote the pauses may leave half a line; the silence itself is in the sound.
      const read = kept.safeParse(safeJson(text));
      const pauses = (read.success ? read.data : []).map((pause) => ({ ...pause, toMs: pause.toMs ?? ms }));
      return { recording: name.slice(0, -4), file, ms, sha256: await hashFile(file), pauses };
    }),
  );
};

const safeJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
