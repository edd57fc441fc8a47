import { createReadStream } from "node:fs";
import path from "node:path";
import { parentPort } from "node:worker_threads";
import { parseMail } from "./parse.ts";
import type { ReadAnswer, ReadTask } from "./reader.ts";
import { spoolPart } from "./spool.ts";

/** Parsing, charset repair and sanitising happen here: a hostile letter costs this thread its time, never the hub's. */
parentPort?.on("message", (task: ReadTask) => {
  const answer = (reply: ReadAnswer): void => parentPort?.postMessage(reply, []);
  parseMail({
    source: createReadStream(path.join(task.folder, "raw.eml")),
    fallback: task.fallback,
    sink: (index, content) => spoolPart(content, path.join(task.folder, `part-${index}`)),
  }).then(
    (letter) => answer({ letter }),
    (error: unknown) => answer({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
