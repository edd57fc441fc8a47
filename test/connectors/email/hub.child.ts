import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { accountId, type Hub, type Inbound } from "#contract";
import { makeEmail } from "../../../connectors/email/index.ts";
import { fast } from "./mailbox.ts";

/**
 * A hub in a process of its own, to be killed: one mailbox, its memory and journal as files in the folder that is argument 1,
 * the mailbox's settings as JSON in argument 2, and in argument 3 the point at which it kills itself, at its n-th pass (4).
 */
const [folder = "", settings = "{}", point = "", nth = "1"] = process.argv.slice(2);
let passes = 0;
const dieAt = (here: string): void => {
  if (here === point && ++passes === Number(nth)) process.kill(process.pid, "SIGKILL");
};

/** Appended and synced with one write: stored or not, never half. */
const append = (name: string, line: object): void =>
  appendFileSync(path.join(folder, name), `${JSON.stringify(line)}\n`, { flush: true });

const keep = async (event: Inbound): Promise<void> => {
  if (event.type !== "message") return append("journal", { id: event.type, subject: event.type });
  for (const attachment of event.attachments)
    for await (const _ of await attachment.open()) dieAt("reading an attachment");
  append("journal", { id: event.id, subject: event.subject });
};

const memoryFile = (key: string): string => path.join(folder, `memory-${key}`);
const hub: Hub = {
  receive: async (event) => {
    dieAt("downloaded, not stored");
    await keep(event);
    dieAt("stored, not acknowledged");
  },
  status: ({ state }) => {
    append("statuses", { state });
    if (state === "online") dieAt("just connected");
  },
  alive: () => undefined,
  folder: () => Promise.reject(new Error("no folder here")),
  browser: { flags: [] },
  frozen: { get: async () => undefined, setOnce: () => Promise.reject(new Error("nothing is sent here")) },
  vault: { get: async () => undefined, set: async () => undefined },
  memory: {
    get: async (key) => (existsSync(memoryFile(key)) ? readFileSync(memoryFile(key), "utf8") : undefined),
    set: async (key, value) => {
      if (key === "inbox") dieAt("before the cursor moves");
      const draft = path.join(folder, randomUUID());
      writeFileSync(draft, value, { flush: true });
      renameSync(draft, memoryFile(key));
      if (key === "inbox") dieAt("after the cursor moved");
    },
    setOnce: async (key, value) => {
      if (!existsSync(memoryFile(key))) writeFileSync(memoryFile(key), value, { flush: true });
      return readFileSync(memoryFile(key), "utf8");
    },
  },
  transcript: async () => ({ lines: [], more: false, readSeq: 0 }),
  tell: () => undefined,
  log: { info: () => undefined, warn: (text, fields) => append("log", { text, fields }) },
  now: () => new Date(),
};
const account = { id: accountId("a"), name: "a", config: JSON.parse(settings) as unknown };
await makeEmail(fast).open(account, hub).start(new AbortController().signal);
