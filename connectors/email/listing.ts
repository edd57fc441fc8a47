import type { ImapFlow } from "imapflow";
import { connectionLost, type Timing } from "./imap.ts";
import type { Waiting } from "./mailroom.ts";
import { inTime } from "./wait.ts";

const day = 86_400_000;
/** Letters described in one command. */
const atOnce = 500;

/** "1,2,3,7" as "1:3,7": a command line has its limits. */
const asSet = (uids: readonly number[]): string => {
  const parts: string[] = [];
  for (let at = 0; at < uids.length; at++) {
    const from = uids[at] ?? 0;
    let to = from;
    while (uids[at + 1] === to + 1) to = uids[++at] ?? to;
    parts.push(from === to ? String(from) : `${from}:${to}`);
  }
  return parts.join(",");
};

/**
 * Letters of the open folder, oldest UID first: those of `uids` ("10:*"), of what the server got since `since` (ms,
 * rounded down to a day: RFC 3501 knows no hours) when given. At most 500; `more` tells that there are others behind.
 * SEARCH says which there are, FETCH only describes them: a letter that is missing from the description must not be
 * passed over. "n:*" names the last letter even when it is older than n (RFC 3501 6.4.8): `from` leaves it out.
 */
export const listLetters = async (input: {
  readonly client: ImapFlow;
  readonly from: number;
  readonly to?: number;
  readonly since?: number;
  readonly wanted?: (uid: number) => boolean;
  readonly timing: Timing;
}): Promise<{ readonly letters: readonly Waiting[]; readonly more: boolean }> => {
  const { client, from, to = Number.POSITIVE_INFINITY, timing } = input;
  if (client.mailbox === false || !client.usable) throw connectionLost();
  if (client.mailbox.exists === 0 || from > to) return { letters: [], more: false };
  const search = client.search(
    {
      uid: `${from}:${Number.isFinite(to) ? to : "*"}`,
      // The server reckons days in a zone of its own.
      ...(input.since === undefined ? {} : { since: new Date(Math.max(0, input.since - day)) }),
    },
    { uid: true },
  );
  const found = await inTime({ step: "Looking for new mail", ms: timing.step, run: search });
  if (!Array.isArray(found)) throw connectionLost();
  const all = found.filter((uid) => uid >= from && uid <= to && (input.wanted?.(uid) ?? true)).sort((a, b) => a - b);
  const uids = all.slice(0, atOnce);
  if (uids.length === 0) return { letters: [], more: false };
  const fetch = client.fetchAll(asSet(uids), { uid: true, size: true, internalDate: true }, { uid: true });
  const described = new Map(
    (await inTime({ step: "Listing new mail", ms: timing.step, run: fetch })).map((each) => [each.uid, each]),
  );
  const letters = uids.map((uid) => {
    const { size = 0, internalDate = new Date() } = described.get(uid) ?? {};
    return { uid, bytes: size, arrivedAt: new Date(internalDate) };
  });
  return { letters, more: all.length > uids.length };
};

/** The UID of the first letter that the server got at `since` (ms) or later; the next UID when there is none. */
export const firstSince = async (client: ImapFlow, since: number, timing: Timing): Promise<number> => {
  if (client.mailbox === false) throw connectionLost();
  const { uidNext } = client.mailbox;
  for (let from = 1; ;) {
    const { letters, more } = await listLetters({ client, from, since, timing });
    const first = letters.find(({ arrivedAt }) => arrivedAt.getTime() >= since);
    if (first !== undefined) return first.uid;
    if (!more) return uidNext;
    from = (letters.at(-1)?.uid ?? from) + 1;
  }
};

/** Whether the server itself says that the letter is gone: no answer is not that. */
const isGone = async (client: ImapFlow, uid: number, timing: Timing): Promise<boolean> => {
  const run = client.search({ uid: String(uid) }, { uid: true });
  const found = await inTime({ step: "Looking for a letter", ms: timing.step, run });
  if (!Array.isArray(found) || !client.usable) throw connectionLost();
  return !found.includes(uid);
};

/** Undefined: somebody deleted it meanwhile. */
const missing = async (client: ImapFlow, uid: number, timing: Timing): Promise<undefined> => {
  if (await isGone(client, uid, timing)) return undefined;
  throw new Error("The server did not hand over a letter it has.");
};

/**
 * Whole letters in one command, each in memory; undefined = somebody deleted it meanwhile. BODY.PEEK: a letter we have
 * read stays unread for the people who share the mailbox.
 */
export const fetchSmall = async (
  client: ImapFlow,
  uids: readonly number[],
  timing: Timing,
): Promise<ReadonlyMap<number, Buffer | undefined>> => {
  const run = client.fetchAll(asSet(uids), { uid: true, source: true }, { uid: true });
  const fetched = await inTime({ step: "Fetching letters", ms: timing.step, run });
  const sources = new Map<number, Buffer | undefined>(fetched.map(({ uid, source }) => [uid, source]));
  for (const uid of uids) if (sources.get(uid) === undefined) sources.set(uid, await missing(client, uid, timing));
  return sources;
};

/** One letter as a stream; undefined = somebody deleted it meanwhile. */
export const fetchLarge = async (client: ImapFlow, uid: number, timing: Timing) => {
  const { content } = await inTime({
    step: "Asking for a letter",
    ms: timing.step,
    run: client.download(String(uid), undefined, { uid: true, chunkSize: 262_144 }),
  });
  return content ?? (await missing(client, uid, timing));
};
