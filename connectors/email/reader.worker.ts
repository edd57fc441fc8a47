import { createReadStream } from "node:fs";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { parentPort } from "node:worker_threads";
import { parseMail } from "./parse.ts";
import type { ReadAnswer, ReadTask } from "./reader.ts";
import { spoolPart } from "./spool.ts";

const inMemory = async (bytes: Uint8Array, fallback: string): Promise<ReadAnswer> => {
  const contents: Uint8Array[] = [];
  const letter = await parseMail({
    source: [bytes],
    fallback,
    sink: async (index, content) => {
      const whole = await buffer(content);
      contents[index] = whole;
      return whole.length;
    },
  });
  return { letter, contents };
};

const inFiles = async (folder: string, fallback: string): Promise<ReadAnswer> => ({
  letter: await parseMail({
    source: createReadStream(path.join(folder, "raw.eml")),
    fallback,
    sink: (index, content) => spoolPart(content, path.join(folder, `part-${index}`)),
  }),
  contents: [],
});

/** Parsing, charset repair and sanitising happen here: a hostile letter costs this thread its time, never the hub's. */
parentPort?.on("message", (task: ReadTask) => {
  const answer = (reply: ReadAnswer): void => parentPort?.postMessage(reply, []);
  ("folder" in task ? inFiles(task.folder, task.fallback) : inMemory(task.bytes, task.fallback)).then(
    answer,
    (error: unknown) => answer({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
