import { createHash } from "node:crypto";
import { accountId, type Hub } from "#contract";
import { makeEmail } from "../../../connectors/email/index.ts";
import { usualTiming } from "../../../connectors/email/imap.ts";

/**
 * A process that takes one mailbox over as the hub does: content is read through once and forgotten. Prints a line for
 * every letter with the memory it took at most (MB above what was there before) and the longest turn of the event loop.
 */
const memory = new Map<string, string>();
const rss = (): number => process.memoryUsage.rss() / 1_048_576;
let base = rss();
let peak = base;
let busy = 0;
let before = process.threadCpuUsage();
setInterval(() => {
  peak = Math.max(peak, rss());
  // Work of this thread alone between two turns of the loop: a machine that is busy with others says nothing about us.
  const spent = process.threadCpuUsage(before);
  before = process.threadCpuUsage();
  busy = Math.max(busy, (spent.user + spent.system) / 1000);
}, 5).unref();

const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
const read = async (content: AsyncIterable<Uint8Array>): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of content) hash.update(chunk);
  return hash.digest("hex");
};

const hub: Hub = {
  receive: async (event) => {
    if (event.type !== "message") return say({ type: event.type });
    const hashes: string[] = [];
    for (const part of event.attachments) hashes.push(await read(await part.open()));
    if ("open" in event.raw) await read(await event.raw.open());
    peak = Math.max(peak, rss());
    say({
      subject: event.subject,
      hashes,
      grewMb: Math.round(peak - base),
      longestTurnMs: Math.round(busy),
    });
  },
  status: ({ state }) => say({ state }),
  alive: () => undefined,
  folder: () => Promise.reject(new Error("no folder here")),
  browser: { flags: [] },
  frozen: { get: async () => undefined, setOnce: () => Promise.reject(new Error("nothing is sent here")) },
  vault: { get: async () => undefined, set: async () => undefined },
  memory: {
    get: async (key) => memory.get(key),
    set: async (key, value) => void memory.set(key, value),
    setOnce: async (key, value) => {
      if (!memory.has(key)) memory.set(key, value);
      return memory.get(key) ?? value;
    },
  },
  transcript: async () => ({ lines: [], more: false, readSeq: 0 }),
  tell: () => undefined,
  log: { info: () => undefined, warn: (text, fields) => say({ text, fields }) },
  now: () => new Date(),
};

// Whoever started us says when what is there counts as the beginning.
process.stdin.on("data", () => {
  globalThis.gc?.();
  base = rss();
  peak = base;
  before = process.threadCpuUsage();
  busy = 0;
  say({ base: Math.round(base) });
});
const config = JSON.parse(process.argv[2] ?? "{}") as unknown;
const stopped = new AbortController();
process.once("SIGTERM", () => stopped.abort());
process.stdin.once("end", () => stopped.abort());
await makeEmail({ ...usualTiming, tick: 5_000 })
  .open({ id: accountId("a"), name: "a", config }, hub)
  .start(stopped.signal);
