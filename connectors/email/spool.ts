import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, open, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { inTime } from "./wait.ts";

/**
 * Temporary files of letters on their way. Each process has a folder of its own, named after its id and start:
 * what a killed process left is swept by the next start on this machine, what a living one uses is not touched.
 */
const prefix = "linka-mail-";
const mine = `${prefix}${process.pid}-${Math.trunc(performance.timeOrigin)}`;

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/** Removes what killed processes left behind. */
export const sweep = async (root = os.tmpdir()): Promise<number> => {
  const left = (await readdir(root)).filter((name) => {
    const [, pid] = /^linka-mail-(\d+)-\d+$/.exec(name) ?? [];
    return pid !== undefined && name !== mine && (Number(pid) === process.pid || !alive(Number(pid)));
  });
  // Another user's folder cannot be removed by us; its owner's next start does it.
  await Promise.all(
    left.map((name) => rm(path.join(root, name), { recursive: true, force: true }).catch(() => undefined)),
  );
  return left.length;
};

/** A new private folder for one letter. */
export const spoolFolder = async (root = os.tmpdir()): Promise<string> => {
  const own = path.join(root, mine);
  await mkdir(own, { recursive: true, mode: 0o700 });
  return await mkdtemp(path.join(own, "m-"));
};

/** Writes a download to a file; a stream that stays silent for stallMs is given up. */
export const spool = async (input: { content: Readable; file: string; stallMs: number }): Promise<number> => {
  const handle = await open(input.file, "wx", 0o600);
  let bytes = 0;
  try {
    const chunks = input.content[Symbol.asyncIterator]();
    for (;;) {
      const next: IteratorResult<unknown> = await inTime({
        step: "Downloading a letter",
        ms: input.stallMs,
        run: chunks.next(),
      });
      if (next.done === true) return bytes;
      if (!(next.value instanceof Uint8Array)) continue;
      bytes += next.value.byteLength;
      await handle.writeFile(next.value);
    }
  } finally {
    input.content.destroy();
    await handle.close();
  }
};

/** Writes an attachment beside its letter; returns its size in bytes. */
export const spoolPart = async (content: Readable, file: string): Promise<number> => {
  const to = createWriteStream(file, { flags: "wx", mode: 0o600 });
  await pipeline(content, to);
  return to.bytesWritten;
};
