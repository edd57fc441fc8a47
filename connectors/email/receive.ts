import type { ImapFlow } from "imapflow";
import { type Cursor, type Folder, readCursor, writeCursor } from "./cursor.ts";
import { drain, type Mailroom, NotStored } from "./drain.ts";
import { connectionLost, explainImap, imapClient, type Timing } from "./imap.ts";
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

/** Wakes whoever waits; a ring while nobody waits is not lost. */
const bell = () => {
  let rung = true;
  let wake = (): void => undefined;
  return {
    ring: (): void => {
      rung = true;
      wake();
    },
    /** Returns at once when rung since the last call, else on the next ring or after ms. */
    wait: async (ms: number): Promise<void> => {
      if (!rung)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      wake = () => undefined;
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
  readonly progress: () => void;
}

/** Looks into the folder of sent mail and comes back to INBOX; opens it only when something was added. */
const visitSent = async ({ room, client, signal, progress }: Visit, path: string): Promise<void> => {
  const asked = client.status(path, { uidNext: true, uidValidity: true });
  const status = await inTime({ step: `Asking for ${path}`, ms: room.timing.step, run: asked });
  if (status === false) throw connectionLost();
  const known = await readCursor(room.hub.memory, "sent");
  if (known?.uidValidity === status.uidValidity?.toString() && known?.uid === (status.uidNext ?? 0) - 1) return;
  const cursor = await openFolder(room, client, "sent", path);
  await drain({ room, client, folder: "sent", cursor, signal, progress });
};

/** The longest pause between two offers of a letter that the hub did not store, in ms. */
const mostUnstored = ({ backoffMax }: Timing): number => Math.min(30_000, backoffMax);

/** One connection from sign-in to its end. Returns when the signal aborts; rejects when the connection fails. */
const session = async (room: Mailroom, signal: AbortSignal, healthy: () => void): Promise<void> => {
  const { hub, settings, timing } = room;
  const client = await imapClient({ config: settings, timing });
  const alarm = bell();
  let closed = false;
  const over = (): boolean => closed || signal.aborted;
  client.on("exists", alarm.ring);
  let fault: unknown;
  client.on("error", (error: unknown) => (fault = error));
  client.on("close", () => {
    closed = true;
    alarm.ring();
  });
  const stop = (): void => {
    client.close();
    alarm.ring();
  };
  signal.addEventListener("abort", stop, { once: true });
  const visit: Visit = { room, client, signal, progress: healthy };
  try {
    await inTime({ step: "Signing in", ms: timing.connect, run: client.connect() });
    const sent = await sentFolder(room, client);
    // Its starting point is fixed before we say "online": what a colleague sends from then on is not old mail.
    if (sent !== undefined && (await readCursor(hub.memory, "sent")) === undefined)
      await openFolder(room, client, "sent", sent);
    let cursor = await openFolder(room, client, "inbox", "INBOX");
    hub.status({ state: "online" });
    for (let unstored = 0, rounds = 0; !over();) {
      if (unstored > 0)
        await pause(backoff({ failures: unstored, min: timing.backoffMin, max: mostUnstored(timing) }), signal);
      else await alarm.wait(timing.tick);
      if (over()) break;
      try {
        cursor = await drain({ ...visit, folder: "inbox", cursor });
        if (sent !== undefined) {
          await visitSent(visit, sent);
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
    if (!signal.aborted) throw connectionLost();
  } catch (error) {
    // A command that was under way only knows that the connection is gone; the connection knows why.
    throw fault ?? error;
  } finally {
    signal.removeEventListener("abort", stop);
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
  for (let failures = 0; !signal.aborted;) {
    hub.status({ state: "connecting" });
    try {
      await session(room, signal, () => (failures = 0));
    } catch (error) {
      if (signal.aborted) return;
      const { refused, says } = explainImap(error, settings.imapHost);
      hub.log.warn("The mailbox is not connected", { reason: says });
      const wait = refused ? timing.refused : backoff({ failures, min: timing.backoffMin, max: timing.backoffMax });
      hub.status(
        refused ? { state: "needs-login", reason: says } : { state: "offline", reason: says, retryInMs: wait },
      );
      failures++;
      await pause(wait, signal);
    }
  }
};
