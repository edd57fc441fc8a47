import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { type Inbound, type InboundMessage, remoteId } from "#contract";
import { type Arrival, toInbound } from "./inbound.ts";
import { type Mailroom, NotStored, says } from "./mailroom.ts";
import { Unreadable } from "./reader.ts";
import { isProbeLetter, receiptsOf } from "./receipts.ts";
import { spool, spoolFolder } from "./spool.ts";

/** A letter on its way to the hub: in memory, or raw.eml in a folder of its own. */
export type Held = { readonly bytes: Uint8Array } | { readonly folder: string };

/** Brings a letter of any size into a folder of its own; `drop` removes it. */
export const spooled = async (content: Readable, stallMs: number): Promise<Held> => {
  const folder = await spoolFolder();
  try {
    await spool({ content, file: path.join(folder, "raw.eml"), stallMs });
    return { folder };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
};

export const drop = async (held: Held): Promise<void> => {
  if ("folder" in held) await rm(held.folder, { recursive: true, force: true });
};

const rawChunks = (held: Held): AsyncIterable<Uint8Array> | Iterable<Uint8Array> =>
  "bytes" in held ? [held.bytes] : createReadStream(path.join(held.folder, "raw.eml"));

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

const fileStream = (folder: string, name: string) => async () => createReadStream(path.join(folder, name));

/** The letter as it came, under a name made of its bytes: read again after a renumbering it is the same. */
const asItCame = async (held: Held, reason: string): Promise<Inbound> => {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of rawChunks(held)) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  const id = remoteId(`raw:${hash.digest("hex").slice(0, 40)}`);
  const raw = "bytes" in held ? { bytes: held.bytes } : { bytes, open: fileStream(held.folder, "raw.eml") };
  return { type: "unparsed", id, reason, raw };
};

/** Reads a letter into the events it means; what cannot be read is one event that keeps it as it came. */
export const read = async (room: Mailroom, held: Held, arrival: Arrival): Promise<Inbound> => {
  const { settings, signingKey } = room;
  try {
    const { letter, contents } = await room.reader({ ...held, fallback: settings.fallbackCharset });
    return toInbound({
      ...arrival,
      letter,
      settings,
      signingKey,
      raw: "bytes" in held ? { bytes: held.bytes } : { bytes: letter.bytes, open: fileStream(held.folder, "raw.eml") },
      part: async (index) =>
        "bytes" in held ? single(contents[index] ?? new Uint8Array()) : fileStream(held.folder, `part-${index}`)(),
    });
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    room.hub.log.warn("A letter could not be read and is kept as it came", { reason: error.message });
    return await asItCame(held, error.message);
  }
};

const notStored = (cause: unknown): never => {
  throw new NotStored("The hub did not store a letter.", { cause });
};

/** Stores an event, and what it tells about a letter of ours. */
export const store = async (room: Mailroom, event: Inbound): Promise<void> => {
  const { hub, settings, signingKey } = room;
  if (isProbeLetter({ event, settings })) return;
  await hub.receive(event).catch(notStored);
  for (const receipt of receiptsOf({ event, signingKey })) await hub.receive(receipt).catch(notStored);
};

/** After so many refusals a letter is handed over as it is, so that those behind it arrive. */
const storeAttempts = 4;

/** Stores a letter. One that the hub refuses again and again is offered as it came. */
export const hand = async (input: {
  readonly room: Mailroom;
  /** Names the letter for the count of its refusals. */
  readonly key: string;
  readonly event: Inbound;
  readonly held: Held;
  /** Rejects while the hub can store nothing at all. */
  readonly canStore: () => Promise<void>;
}): Promise<void> => {
  const { room, event, held } = input;
  const key = `store ${input.key}`;
  const refused = room.failures.get(key) ?? 0;
  try {
    await store(room, event);
  } catch (error) {
    room.failures.set(key, refused + 1);
    if (refused < storeAttempts || event.type === "unparsed") throw error;
    // An outage refuses everything: only while the hub stores something else can the letter be the reason.
    await input.canStore().catch(notStored);
    await store(room, event).catch(async () => {
      await store(room, await asItCame(held, "The hub refused to store the letter several times."));
    });
  }
  room.failures.delete(key);
};

/** Names of letters whose storing is under way, so that an answer never overtakes what it answers. */
export const makeOrder = () => {
  const open = new Map<string, Promise<unknown>>();
  const namesOf = (event: Inbound): readonly string[] =>
    event.type === "message" ? [event.id, ...(event.aliases ?? [])] : [];
  const before = ({ references = [], thread }: InboundMessage): readonly string[] => [...references, thread];
  return {
    /** Runs once everything that the letter answers is settled, well or badly. */
    after: async (event: Inbound, run: () => Promise<void>): Promise<void> => {
      const earlier = event.type === "message" ? before(event).flatMap((name) => open.get(name) ?? []) : [];
      const turn = earlier.length === 0 ? run() : Promise.allSettled(earlier).then(run);
      const names = namesOf(event);
      for (const name of names) open.set(name, turn);
      try {
        await turn;
      } finally {
        for (const name of names) if (open.get(name) === turn) open.delete(name);
      }
    },
  };
};

export const failed = (room: Mailroom, error: unknown, fields: object): void =>
  room.hub.log.warn("A letter was not taken over yet", { ...fields, reason: says(error) });
