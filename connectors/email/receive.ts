import type { ImapFlow } from "imapflow";
import { type Cursor, type Folder, readCursor, writeCursor } from "./cursor.ts";
import { drain, type Mailroom, NotStored } from "./drain.ts";
import { explainImap, imapClient } from "./imap.ts";
import { sweep } from "./spool.ts";
import { backoff, inTime, pause } from "./wait.ts";

const day = 86_400_000;

/** When the server got its newest letter (ms, by its own clock); undefined when the mailbox is empty. */
const newestArrival = async (client: ImapFlow): Promise<number | undefined> => {
  if (client.mailbox === false || client.mailbox.exists === 0) return undefined;
  const newest = await client.fetchOne("*", { internalDate: true });
  const at = newest === false ? undefined : newest.internalDate;
  return at === undefined ? undefined : new Date(at).getTime();
};

/** The cursor of a mailbox that was just opened: known, renumbered, or the first one. */
const openCursor = async (room: Mailroom, client: ImapFlow, folder: Folder): Promise<Cursor> => {
  if (client.mailbox === false) throw new Error("No folder is open.");
  const uidValidity = client.mailbox.uidValidity.toString();
  const backlog = client.mailbox.uidNext - 1;
  const known = await readCursor(room.hub.memory, folder);
  if (known?.uidValidity === uidValidity) return known;
  let cursor: Cursor;
  if (known === undefined) {
    const newest = await newestArrival(client);
    // INTERNALDATE has whole seconds.
    const live = newest === undefined ? 0 : newest + 1000;
    const days = Number(room.settings.startFrom.replace(/\D/g, ""));
    cursor =
      room.settings.startFrom === "now"
        ? { uidValidity, uid: backlog, backlog, floor: newest ?? 0, live }
        : { uidValidity, uid: 0, backlog, floor: room.hub.now().getTime() - days * day, live };
  } else {
    room.hub.log.warn("The server renumbered the mailbox; it is read again and known letters are recognised");
    cursor = { ...known, uidValidity, uid: 0, backlog };
  }
  await writeCursor(room.hub.memory, folder, cursor);
  return cursor;
};

/** Wakes whoever waits; a wake while nobody waits is not lost. */
const bell = () => {
  let rung = true;
  let wake = (): void => undefined;
  return {
    ring: (): void => {
      rung = true;
      wake();
    },
    /** True at once when rung since the last call; else waits for a ring or ms. */
    wait: async (ms: number, signal: AbortSignal): Promise<void> => {
      if (!rung) {
        const stop = new AbortController();
        wake = () => stop.abort();
        await pause(ms, AbortSignal.any([stop.signal, signal]));
        wake = () => undefined;
      }
      rung = false;
    },
  };
};

const openFolder = async (room: Mailroom, client: ImapFlow, folder: Folder, path: string): Promise<Cursor> => {
  await inTime({ step: `Opening ${path}`, ms: room.timing.step, run: client.mailboxOpen(path) });
  return await openCursor(room, client, folder);
};

/** Path of the folder of sent mail, where the server marks one (RFC 6154). */
const sentFolder = async (room: Mailroom, client: ImapFlow): Promise<string | undefined> => {
  const folders = await inTime({ step: "Listing folders", ms: room.timing.step, run: client.list() });
  return folders.find(({ specialUse }) => specialUse === "\\Sent")?.path;
};

interface Visit {
  readonly room: Mailroom;
  readonly client: ImapFlow;
  readonly signal: AbortSignal;
  progress(): void;
}

/** Looks into the folder of sent mail and comes back to INBOX; opens it only when something was added. */
const visitSent = async ({ room, client, signal, progress }: Visit, path: string): Promise<void> => {
  const asked = client.status(path, { uidNext: true, uidValidity: true });
  const status = await inTime({ step: `Asking for ${path}`, ms: room.timing.step, run: asked });
  const known = await readCursor(room.hub.memory, "sent");
  if (status === false) return;
  if (known?.uidValidity === status.uidValidity?.toString() && known?.uid === (status.uidNext ?? 0) - 1) return;
  const cursor = await openFolder(room, client, "sent", path);
  await drain({ room, client, folder: "sent", cursor, signal, progress });
};

/** One connection from sign-in to its end. Returns when the signal aborts; rejects when the connection fails. */
const session = async (room: Mailroom, signal: AbortSignal, healthy: () => void): Promise<void> => {
  const { hub, settings, timing } = room;
  const client = imapClient({ config: settings, timing });
  const alarm = bell();
  const ended = new AbortController();
  client.on("exists", alarm.ring);
  client.on("close", () => ended.abort());
  const close = (): void => client.close();
  signal.addEventListener("abort", close, { once: true });
  const visit: Visit = { room, client, signal, progress: healthy };
  const over = AbortSignal.any([signal, ended.signal]);
  try {
    await inTime({ step: "Signing in", ms: timing.connect, run: client.connect() });
    const sent = await sentFolder(room, client);
    let cursor = await openFolder(room, client, "inbox", "INBOX");
    hub.status({ state: "online" });
    let sentAt = 0;
    for (let unstored = 0, rounds = 0; !over.aborted; ) {
      const wait = unstored > 0 ? backoff({ failures: unstored, min: timing.backoffMin, max: 30_000 }) : timing.tick;
      await alarm.wait(wait, over);
      if (over.aborted) break;
      try {
        cursor = await drain({ ...visit, folder: "inbox", cursor });
        if (sent !== undefined && performance.now() >= sentAt) {
          await visitSent(visit, sent);
          sentAt = performance.now() + timing.tick;
          if (client.mailbox === false || client.mailbox.path !== "INBOX") {
            cursor = await openFolder(room, client, "inbox", "INBOX");
            // What arrived while we looked elsewhere was not announced.
            alarm.ring();
          }
        }
        // A server that closes right after every sign-in is not healthy: the pauses between attempts must grow.
        if (rounds++ > 0) healthy();
        unstored = 0;
      } catch (error) {
        if (!(error instanceof NotStored)) throw error;
        unstored++;
        // What was stored before the failure is behind the written cursor already.
        cursor = await openFolder(room, client, "inbox", "INBOX");
      }
    }
    if (!signal.aborted) throw Object.assign(new Error("The server closed the connection."), { code: "NoConnection" });
  } finally {
    signal.removeEventListener("abort", close);
    client.close();
  }
};

/**
 * Keeps a mailbox connected until the signal aborts. Every fault is a status in words; every fault but a refused
 * password is retried with growing, jittered pauses.
 */
export const receive = async (room: Mailroom, signal: AbortSignal): Promise<void> => {
  const { hub, settings, timing } = room;
  const swept = await sweep();
  if (swept > 0) hub.log.info("Removed temporary files of an earlier run", { folders: swept });
  for (let failures = 0; !signal.aborted; ) {
    hub.status({ state: "connecting" });
    try {
      await session(room, signal, () => (failures = 0));
    } catch (error) {
      if (signal.aborted) return;
      const { refused, says } = explainImap(error, settings.imapHost);
      hub.log.warn("The mailbox is not connected", { reason: says });
      const wait = refused ? timing.refused : backoff({ failures, min: timing.backoffMin, max: timing.backoffMax });
      hub.status(refused ? { state: "needs-login", reason: says } : { state: "offline", reason: says, retryInMs: wait });
      failures++;
      await pause(wait, signal);
    }
  }
};
