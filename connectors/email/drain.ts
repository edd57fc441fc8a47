import type { ImapFlow } from "imapflow";
import { type Inbound, remoteId } from "#contract";
import { type Cursor, type Folder, writeCursor } from "./cursor.ts";
import type { Timing } from "./imap.ts";
import { fetchLarge, fetchSmall, listLetters } from "./listing.ts";
import { type Mailroom, says, type Waiting } from "./mailroom.ts";
import { contains, withAll } from "./ranges.ts";
import { inTime } from "./wait.ts";
import { drop, failed, hand, type Held, makeOrder, read, spooled, store as storeEvent } from "./take.ts";

/** Letters fetched in one command, and their bytes; what is larger than `small` is streamed to a file of its own. */
const atOnce = { letters: 40, bytes: 4_000_000, small: 1_000_000 };
/** After so many attempts a letter is parked without its content, so that those behind it arrive. */
const fetchAttempts = 10;
const day = 86_400_000;
/** How far back reconciling looks, and the age from which a letter found late is history. */
const recent = 7 * day;

export interface Visit {
  readonly room: Mailroom;
  readonly client: ImapFlow;
  readonly folder: Folder;
  readonly cursor: Cursor;
  readonly signal: AbortSignal;
  /** Called with every step that worked. */
  readonly progress: () => void;
}

const keyOf = ({ folder, cursor }: Visit, uid: number): string => `${folder}.${cursor.uidValidity}.${uid}`;

/** Letters that failed before go alone: one that takes the connection down must not take its neighbours along. */
const inChunks = (visit: Visit, letters: readonly Waiting[]): readonly (readonly Waiting[])[] => {
  const chunks: Waiting[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const letter of letters) {
    const alone = letter.bytes > atOnce.small || visit.room.failures.has(keyOf(visit, letter.uid));
    if (alone || bytes + letter.bytes > atOnce.bytes || (chunks.at(-1)?.length ?? 0) >= atOnce.letters) chunks.push([]);
    chunks.at(-1)?.push(letter);
    bytes = alone ? Number.POSITIVE_INFINITY : (chunks.at(-1)?.length === 1 ? 0 : bytes) + letter.bytes;
  }
  return chunks;
};

type Fetched = ReadonlyMap<number, Held | "gone" | "refused">;

/** Brings the letters of a chunk here. Attempts are counted before they are made. */
const fetchChunk = async (visit: Visit, chunk: readonly Waiting[]): Promise<Fetched> => {
  const { room, client } = visit;
  const { failures, timing } = room;
  const fetched = new Map<number, Held | "gone" | "refused">();
  const [first] = chunk;
  if (first === undefined) return fetched;
  if (chunk.length === 1 && (failures.get(keyOf(visit, first.uid)) ?? 0) >= fetchAttempts)
    return fetched.set(first.uid, "refused");
  for (const { uid } of chunk) failures.set(keyOf(visit, uid), (failures.get(keyOf(visit, uid)) ?? 0) + 1);
  if (first.bytes > atOnce.small) {
    const content = await fetchLarge(client, first.uid, timing);
    fetched.set(first.uid, content === undefined ? "gone" : await spooled(content, timing.step));
  } else {
    const sources = await fetchSmall(
      client,
      chunk.map(({ uid }) => uid),
      timing,
    );
    for (const [uid, bytes] of sources) fetched.set(uid, bytes === undefined ? "gone" : { bytes });
  }
  for (const { uid } of chunk) failures.delete(keyOf(visit, uid));
  return fetched;
};

/** A keyword for the mailbox's people and for us when debugging; nothing depends on it. */
const flagStored = async (client: ImapFlow, uids: readonly number[], timing: Timing): Promise<void> => {
  const allowed = client.mailbox === false ? undefined : client.mailbox.permanentFlags;
  if (uids.length === 0 || !client.usable || allowed?.has("\\*") !== true) return;
  const run = client.messageFlagsAdd(uids.join(","), ["$HubStored"], { uid: true, silent: true });
  await inTime({ step: "Flagging", ms: timing.step, run });
};

/** What becomes of one fetched letter; undefined = it is gone. */
const eventOf = async (
  visit: Visit,
  { uid, bytes, arrivedAt }: Waiting,
  held: Held | "gone" | "refused",
  historicBefore: number,
): Promise<Inbound | undefined> => {
  const { room, folder, cursor } = visit;
  if (held === "gone") return undefined;
  if (held !== "refused")
    return read(room, held, { folder, arrivedAt, historic: arrivedAt.getTime() < historicBefore });
  return {
    type: "unparsed",
    id: remoteId(`uid:${keyOf(visit, uid)}`),
    reason: `The mail server failed ${fetchAttempts} times to hand over a letter of ${bytes} bytes.`,
    raw: { json: { folder, uidValidity: cursor.uidValidity, uid, bytes } },
  };
};

/** A letter that is here and being read. */
interface Reading {
  readonly uid: number;
  readonly held: Held | "gone" | "refused";
  readonly event: Promise<Inbound | undefined>;
}

/** Brings the letters of a chunk here and begins to read them, side by side. */
const readChunk = async (
  visit: Visit,
  chunk: readonly Waiting[],
  historicBefore: number,
): Promise<readonly Reading[]> => {
  const fetched = await fetchChunk(visit, chunk);
  return chunk.map((letter) => {
    const held = fetched.get(letter.uid) ?? "gone";
    const event = eventOf(visit, letter, held, historicBefore);
    event.catch(() => undefined);
    return { uid: letter.uid, held, event };
  });
};

/** Stores the letters of a chunk, many at once; gives the UIDs that are settled and the first error. */
const storeChunk = async (
  visit: Visit,
  reading: readonly Reading[],
): Promise<{ readonly settled: readonly number[]; readonly error: unknown }> => {
  const { room, folder } = visit;
  const order = makeOrder();
  const settled: number[] = [];
  const errors: unknown[] = [];
  const canStore = (): Promise<void> => writeCursor(room.hub.memory, folder, visit.cursor);
  const store = async (event: Inbound | undefined, uid: number, held: Held | "gone" | "refused"): Promise<void> => {
    if (event === undefined) return;
    if (typeof held === "string") return storeEvent(room, event);
    await order.after(event, () => hand({ room, key: keyOf(visit, uid), event, held, canStore }));
  };
  const settle = async (uid: number, held: Held | "gone" | "refused", work: Promise<void>): Promise<void> => {
    try {
      await work;
      settled.push(uid);
      visit.progress();
    } catch (error) {
      failed(room, error, { uid });
      errors.push(error);
    } finally {
      if (typeof held === "object") await drop(held);
    }
  };
  const work: Promise<void>[] = [];
  // Read side by side, begun to be stored one after the other: an answer never overtakes what it answers.
  for (const { uid, held, event } of reading) {
    await event.catch(() => undefined);
    work.push(
      settle(
        uid,
        held,
        event.then((ready) => store(ready, uid, held)),
      ),
    );
  }
  await Promise.all(work);
  return { settled, error: errors[0] };
};

/**
 * Brings letters to the hub: the next ones are fetched and read while the ones before are stored. `settled` is told of
 * every chunk, in order, before the next is begun. Rejects with NotStored when the hub cannot take more, with anything
 * else when the mailbox cannot give more.
 */
const takeAll = async (
  visit: Visit,
  letters: readonly Waiting[],
  historicBefore: number,
  settled: (uids: readonly number[]) => Promise<void>,
): Promise<void> => {
  const chunks = inChunks(visit, letters);
  const begin = (nth: number): Promise<readonly Reading[]> | undefined => {
    const chunk = chunks[nth];
    if (chunk === undefined || visit.signal.aborted) return undefined;
    const reading = readChunk(visit, chunk, historicBefore);
    reading.catch(() => undefined);
    return reading;
  };
  let ahead = begin(0);
  try {
    for (let nth = 1; ahead !== undefined; nth++) {
      const reading = await ahead;
      ahead = begin(nth);
      const { settled: done, error } = await storeChunk(visit, reading);
      await settled(done);
      if (error !== undefined) throw error;
      flagStored(visit.client, done, visit.room.timing).catch((problem: unknown) =>
        visit.room.hub.log.info("The server does not take our keyword", { reason: says(problem) }),
      );
    }
  } finally {
    for (const { held } of (await ahead?.catch(() => undefined)) ?? []) if (typeof held === "object") await drop(held);
  }
};

/** Everything behind the cursor. Gives the cursor reached; the one written last holds when it rejects. */
export const drain = async (visit: Visit): Promise<Cursor> => {
  const { room, client, folder, signal } = visit;
  let { cursor } = visit;
  const write = async (next: Cursor): Promise<void> => {
    await writeCursor(room.hub.memory, folder, next);
    cursor = next;
  };
  for (let more = true; more && !signal.aborted;) {
    const from = cursor.uid + 1;
    const known = cursor.taken;
    const listed = await listLetters({ client, from, timing: room.timing });
    more = listed.more;
    const wanted = listed.letters.filter(
      ({ uid, arrivedAt }) => arrivedAt.getTime() >= cursor.floor && !contains(known, uid),
    );
    const open = new Set(wanted.map(({ uid }) => uid));
    await takeAll({ ...visit, cursor }, wanted, cursor.live, async (uids) => {
      for (const uid of uids) open.delete(uid);
      const [firstOpen = Number.POSITIVE_INFINITY] = open;
      const uid = listed.letters.findLast((letter) => letter.uid < firstOpen)?.uid ?? cursor.uid;
      await write({ ...cursor, uid: Math.max(uid, cursor.uid), taken: withAll(cursor.taken, uids) });
    });
    const last = listed.letters.at(-1)?.uid ?? cursor.uid;
    if (open.size === 0 && last > cursor.uid) await write({ ...cursor, uid: last });
    else if (open.size > 0) more = false;
  }
  return cursor;
};

/** One portion of older mail, flagged as history. The cursor's `backfill` is gone when there is no more. */
export const backfill = async (visit: Visit, portion = 40): Promise<Cursor> => {
  const { room, client, folder } = visit;
  let { cursor } = visit;
  const { backfill: work } = cursor;
  if (work === undefined) return cursor;
  const { letters, more } = await listLetters({
    client,
    from: work.uid + 1,
    to: work.until,
    since: work.floor,
    timing: room.timing,
  });
  const part = letters.slice(0, portion);
  const wanted = part.filter(({ uid, arrivedAt }) => arrivedAt.getTime() >= work.floor && !contains(cursor.taken, uid));
  const before = Math.max(cursor.live, room.hub.now().getTime() - recent);
  await takeAll(visit, wanted, before, async (uids) => {
    cursor = { ...cursor, taken: withAll(cursor.taken, uids) };
  });
  const { backfill: _, ...rest } = cursor;
  const reached = part.at(-1)?.uid ?? work.until;
  const finished = !more && part.length === letters.length;
  cursor = finished
    ? { ...rest, floor: Math.min(work.floor, cursor.floor) }
    : { ...cursor, backfill: { ...work, uid: reached } };
  await writeCursor(room.hub.memory, folder, cursor);
  return cursor;
};

/**
 * Looks for letters of the last seven days that the hub has not got although the cursor is behind them, and takes them
 * over. A letter it knows under another UID is known again by its id.
 */
export const reconcile = async (visit: Visit): Promise<Cursor> => {
  const { room, client, folder } = visit;
  let { cursor } = visit;
  const since = Math.max(room.hub.now().getTime() - recent, cursor.floor);
  const later = cursor.backfill;
  const missed: Waiting[] = [];
  for (let from = 1, more = true; more;) {
    const listed = await listLetters({
      client,
      from,
      to: cursor.uid,
      since,
      wanted: (uid) => !contains(cursor.taken, uid) && !(later !== undefined && uid > later.uid && uid <= later.until),
      timing: room.timing,
    });
    missed.push(...listed.letters.filter(({ arrivedAt }) => arrivedAt.getTime() >= since));
    from = (listed.letters.at(-1)?.uid ?? cursor.uid) + 1;
    ({ more } = listed);
  }
  if (missed.length === 0) return cursor;
  room.hub.log.warn("Letters were passed over and are taken now", { folder, letters: missed.length });
  await takeAll(visit, missed, cursor.live, async (uids) => {
    cursor = { ...cursor, taken: withAll(cursor.taken, uids) };
    await writeCursor(room.hub.memory, folder, cursor);
  });
  return cursor;
};
