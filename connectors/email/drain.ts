import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { ImapFlow } from "imapflow";
import { type Hub, type Inbound, remoteId } from "#contract";
import { type Cursor, type Folder, writeCursor } from "./cursor.ts";
import { connectionLost, type Timing } from "./imap.ts";
import { toInbound } from "./inbound.ts";
import { type Reader, Unreadable } from "./reader.ts";
import type { Settings } from "./settings.ts";
import { spool, spoolFolder } from "./spool.ts";
import { inTime } from "./wait.ts";

/** The hub could not store a letter: nothing is wrong with the mailbox, the same letter is offered again. */
export class NotStored extends Error {
  override readonly name = "NotStored";
}

export interface Mailroom {
  readonly hub: Hub;
  readonly settings: Settings;
  readonly signingKey: string;
  readonly reader: Reader;
  readonly timing: Timing;
  /** How often a letter (by UIDVALIDITY and UID) could not be fetched or stored; survives a reconnect. */
  readonly failures: Map<string, number>;
}

interface Waiting {
  readonly uid: number;
  readonly bytes: number;
  readonly arrivedAt: Date;
}

interface Place {
  readonly folder: Folder;
  readonly cursor: Cursor;
}

/** The cursor is written after so many letters; a kill in between re-reads them and the hub knows them again. */
const cursorEvery = 10;
/** After so many attempts a letter is handed over as it is, so that those behind it arrive. */
const fetchAttempts = 10;
const storeAttempts = 4;

/**
 * New letters behind the cursor, oldest first. SEARCH says which there are, FETCH only describes them: a letter that
 * is missing from the description must not be passed over.
 * "n:*" names the last letter even when it is older than n (RFC 3501 6.4.8).
 */
const listNew = async (client: ImapFlow, cursor: Cursor, timing: Timing): Promise<readonly Waiting[]> => {
  if (client.mailbox === false || !client.usable) throw connectionLost();
  if (client.mailbox.exists === 0) return [];
  const behind = `${cursor.uid + 1}:*`;
  const search = client.search({ uid: behind }, { uid: true });
  const found = await inTime({ step: "Looking for new mail", ms: timing.step, run: search });
  if (!Array.isArray(found)) throw connectionLost();
  const uids = found.filter((uid) => uid > cursor.uid).sort((a, b) => a - b);
  if (uids.length === 0) return [];
  const fetch = client.fetchAll(behind, { uid: true, size: true, internalDate: true }, { uid: true });
  const described = new Map(
    (await inTime({ step: "Listing new mail", ms: timing.step, run: fetch })).map((each) => [each.uid, each]),
  );
  return uids.map((uid) => {
    const { size = 0, internalDate = new Date() } = described.get(uid) ?? {};
    return { uid, bytes: size, arrivedAt: new Date(internalDate) };
  });
};

/** Whether the server itself says that the letter is gone: no answer is not that. */
const isGone = async (client: ImapFlow, uid: number, timing: Timing): Promise<boolean> => {
  const run = client.search({ uid: String(uid) }, { uid: true });
  const found = await inTime({ step: "Looking for a letter", ms: timing.step, run });
  if (!Array.isArray(found) || !client.usable) throw connectionLost();
  return !found.includes(uid);
};

/** Fetches one letter into the folder; false = somebody deleted it meanwhile. */
const fetchLetter = async (input: {
  client: ImapFlow;
  uid: number;
  folder: string;
  timing: Timing;
}): Promise<boolean> => {
  const { content } = await inTime({
    step: "Asking for a letter",
    ms: input.timing.step,
    // BODY.PEEK: a letter we have read stays unread for the people who share the mailbox.
    run: input.client.download(String(input.uid), undefined, { uid: true, chunkSize: 262_144 }),
  });
  if (content === undefined) {
    if (await isGone(input.client, input.uid, input.timing)) return false;
    throw new Error("The server did not hand over a letter it has.");
  }
  await spool({ content, file: path.join(input.folder, "raw.eml"), stallMs: input.timing.step });
  return true;
};

const fileStream = (folder: string, name: string) => async () => createReadStream(path.join(folder, name));

/** The letter as it came, under a name made of its bytes: read again after a renumbering it is the same. */
const asItCame = async (folder: string, reason: string): Promise<Inbound> => {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path.join(folder, "raw.eml"))) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const id = remoteId(`raw:${hash.digest("hex").slice(0, 40)}`);
  return { type: "unparsed", id, reason, raw: { bytes, open: fileStream(folder, "raw.eml") } };
};

const readLetter = async (room: Mailroom, from: Place, folder: string, waiting: Waiting): Promise<Inbound> => {
  const { cursor } = from;
  try {
    const letter = await room.reader({ folder, fallback: room.settings.fallbackCharset });
    return toInbound({
      letter,
      settings: room.settings,
      signingKey: room.signingKey,
      raw: { bytes: letter.bytes, open: fileStream(folder, "raw.eml") },
      part: (index) => fileStream(folder, `part-${index}`)(),
      arrivedAt: waiting.arrivedAt,
      ours: from.folder === "sent",
      historic: waiting.uid <= cursor.backlog && waiting.arrivedAt.getTime() < cursor.live,
    });
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    room.hub.log.warn("A letter could not be read and is kept as it came", { uid: waiting.uid, reason: error.message });
    return await asItCame(folder, error.message);
  }
};

const notStored = (cause: unknown): never => {
  throw new NotStored("The hub did not store a letter.", { cause });
};

const store = (room: Mailroom, event: Inbound): Promise<void> => room.hub.receive(event).catch(notStored);

const says = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Stores a fetched letter. One that the hub refuses again and again is offered as it came. */
const hand = async (input: {
  room: Mailroom;
  from: Place;
  key: string;
  event: Inbound;
  folder: string;
}): Promise<void> => {
  const { room, from, key, event, folder } = input;
  const refused = room.failures.get(`store ${key}`) ?? 0;
  try {
    await store(room, event);
  } catch (error) {
    room.failures.set(`store ${key}`, refused + 1);
    if (refused < storeAttempts || event.type === "unparsed") throw error;
    // An outage refuses everything: only while the hub stores something else can the letter be the reason.
    await writeCursor(room.hub.memory, from.folder, from.cursor).catch(notStored);
    await store(room, event).catch(async () => {
      await store(room, await asItCame(folder, "The hub refused to store the letter several times."));
    });
  }
  room.failures.delete(`store ${key}`);
};

/** One letter from the server to the hub. Resolves once it is stored, parked or gone. */
const deliver = async (room: Mailroom, client: ImapFlow, from: Place, waiting: Waiting): Promise<void> => {
  const { uidValidity } = from.cursor;
  const key = `${from.folder}.${uidValidity}.${waiting.uid}`;
  const failed = room.failures.get(key) ?? 0;
  const folder = await spoolFolder();
  try {
    if (failed >= fetchAttempts) {
      await store(room, {
        type: "unparsed",
        id: remoteId(`uid:${key}`),
        reason: `The mail server failed ${failed} times to hand over a letter of ${waiting.bytes} bytes.`,
        raw: { json: { folder: from.folder, uidValidity, uid: waiting.uid, bytes: waiting.bytes } },
      });
      return;
    }
    // Counted before the attempt: a letter that takes the connection down with it must not do so for ever.
    room.failures.set(key, failed + 1);
    const fetched = await fetchLetter({ client, uid: waiting.uid, folder, timing: room.timing });
    room.failures.delete(key);
    if (fetched) await hand({ room, from, key, folder, event: await readLetter(room, from, folder, waiting) });
  } catch (error) {
    room.hub.log.warn("A letter was not taken over yet", { uid: waiting.uid, reason: says(error) });
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** A keyword for the mailbox's people and for us when debugging; nothing depends on it. */
const flagStored = async (client: ImapFlow, uids: readonly number[], timing: Timing): Promise<void> => {
  const allowed = client.mailbox === false ? undefined : client.mailbox.permanentFlags;
  if (uids.length === 0 || allowed?.has("\\*") !== true) return;
  const run = client.messageFlagsAdd(uids.join(","), ["$HubStored"], { uid: true, silent: true });
  await inTime({ step: "Flagging", ms: timing.step, run });
};

/**
 * Brings every letter behind the cursor to the hub: fetch to disk, read, store, and only then move the cursor.
 * Returns the cursor reached. Rejects with NotStored when the hub cannot take more, with anything else when the
 * mailbox cannot give more; the cursor written so far holds in both cases.
 */
export const drain = async (input: {
  room: Mailroom;
  client: ImapFlow;
  folder: Folder;
  cursor: Cursor;
  signal: AbortSignal;
  /** Called with every step that worked. */
  progress: () => void;
}): Promise<Cursor> => {
  const { room, client } = input;
  let cursor = input.cursor;
  let unwritten: number[] = [];
  const settle = async (): Promise<void> => {
    if (cursor.uid === input.cursor.uid) return;
    await writeCursor(room.hub.memory, input.folder, cursor);
    const done = unwritten;
    unwritten = [];
    await flagStored(client, done, room.timing).catch((error: unknown) =>
      room.hub.log.info("The server does not take our keyword", { reason: says(error) }),
    );
  };
  try {
    for (const waiting of await listNew(client, cursor, room.timing)) {
      if (input.signal.aborted) break;
      if (waiting.uid > cursor.backlog || waiting.arrivedAt.getTime() >= cursor.floor) {
        await deliver(room, client, { folder: input.folder, cursor }, waiting);
        unwritten.push(waiting.uid);
      }
      cursor = { ...cursor, uid: waiting.uid };
      input.progress();
      if (unwritten.length >= cursorEvery) await settle();
    }
  } catch (error) {
    if (unwritten.length > 0) await writeCursor(room.hub.memory, input.folder, cursor).catch(() => undefined);
    throw error;
  }
  await settle();
  return cursor;
};
