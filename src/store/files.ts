import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { reach } from "./points.ts";

/** Thrown by `put` when the source is longer than allowed; nothing is kept. */
export class FileTooLarge extends Error {
  override readonly name = "FileTooLarge";
}

/** Content-addressed files: the key is the SHA-256 of the bytes, so the same bytes are kept once. */
export interface Files {
  /** Resolves once the bytes and their directory entry are on disk. Throws FileTooLarge above `maxBytes`. */
  put(
    source: AsyncIterable<Uint8Array>,
    options?: { readonly maxBytes?: number },
  ): Promise<{ key: string; size: number }>;
  /** Bytes `start` to `end`, both inclusive; the whole file without a range. The stream fails when there is no such file. */
  read(key: string, range?: { readonly start: number; readonly end: number }): Readable;
  stat(key: string): Promise<{ size: number } | null>;
  /** Only for bytes that nobody else can have stored: sealed files, each encrypted with a key of its own. */
  remove(key: string): Promise<void>;
}

const keyShape = /^[0-9a-f]{64}$/;

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** A local folder as file store; safe for several processes at once. */
export const openFiles = (input: { readonly dir: string }): Files => {
  const root = path.resolve(input.dir);
  const place = (key: string): string => {
    if (!keyShape.test(key)) throw new Error("not a file key");
    return path.join(root, key.slice(0, 2), key.slice(2, 4), key);
  };

  const settle = async (temporary: string, key: string): Promise<void> => {
    const target = place(key);
    const folder = path.dirname(target);
    const created = await mkdir(folder, { recursive: true });
    reach("file.synced");
    await rename(temporary, target);
    reach("file.renamed");
    await syncFolder(folder);
    // A new folder is itself an entry of its parents: they must survive a power cut too.
    if (created !== undefined) {
      await syncFolder(path.dirname(folder));
      await syncFolder(root);
    }
  };

  return {
    put: async (source, options = {}) => {
      const incoming = path.join(root, "incoming");
      await mkdir(incoming, { recursive: true });
      const temporary = path.join(incoming, randomBytes(16).toString("hex"));
      const handle = await open(temporary, "wx", 0o600);
      try {
        const hash = createHash("sha256");
        let size = 0;
        try {
          for await (const chunk of source) {
            size += chunk.byteLength;
            if (options.maxBytes !== undefined && size > options.maxBytes) throw new FileTooLarge("file too large");
            hash.update(chunk);
            await handle.writeFile(chunk);
          }
          await handle.sync();
        } finally {
          await handle.close();
        }
        const key = hash.digest("hex");
        await settle(temporary, key);
        return { key, size };
      } catch (thrown) {
        await rm(temporary, { force: true });
        throw thrown;
      }
    },
    remove: (key) => rm(place(key), { force: true }),
    read: (key, range) => createReadStream(place(key), range),
    stat: async (key) => {
      try {
        return { size: (await stat(place(key))).size };
      } catch (thrown) {
        if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return null;
        throw thrown;
      }
    },
  };
};
