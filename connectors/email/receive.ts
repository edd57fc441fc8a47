import type { ImapFlow } from "imapflow";
import { type Cursor, type Folder, readCursor, writeCursor } from "./cursor.ts";
import { backfill, drain, reconcile, type Visit } from "./drain.ts";
import type { Gate } from "./gate.ts";
import { connectionLost, explainImap, imapClient, type Timing } from "./imap.ts";
import { firstSince } from "./listing.ts";
import { type Mailroom, NotStored } from "./mailroom.ts";
import type { Tokens } from "./oauth.ts";
import { sweep } from "./spool.ts";
import { backoff, inTime, pause } from "./wait.ts";

const day = 86_400_000;

/** How a mailbox reaches its server; the gates are shared by all mailboxes. */
export interface Way {
  readonly tokens: Tokens | undefined;
  readonly signIns: Gate;
  readonly seats: Gate;
}

/** When the account was first started, ms: mail that comes from then on is ours to show, however late we connect. */
const startedAt = async ({ hub }: Mailroom): Promise<number> =>
  Number(await hub.memory.setOnce("since", String(hub.now().getTime())));

/** The cursor of a folder that was just opened: known, renumbered, or the first one. */
const openCursor = async (room: Mailroom, client: ImapFlow, folder: Folder): Promise<Cursor> => {
  if (client.mailbox === false) throw new Error("No folder is open.");
  const { timing, settings, hub } = room;
  const uidValidity = client.mailbox.uidValidity.toString();
  const known = await readCursor(hub.memory, folder);
  if (known?.uidValidity === uidValidity) return known;
  const begin = async (from: number): Promise<number> => (await firstSince(client, from, timing)) - 1;
  let cursor: Cursor;
  if (known === undefined) {
    // INTERNALDATE has whole seconds.
    const live = Math.floor((await startedAt(room)) / 1000) * 1000;
    const uid = await begin(live);
    const days = Number(settings.startFrom.replace(/\D/g, ""));
    const older = settings.startFrom === "now" || folder === "junk" || uid === 0;
    cursor = {
      uidValidity,
      uid,
      floor: live,
      live,
      taken: [],
      ...(older ? {} : { backfill: { uid: 0, until: uid, floor: live - days * day } }),
    };
  } else {
    hub.log.warn("The server renumbered the mailbox; it is read again and known letters are recognised", { folder });
    const floor = known.backfill?.floor ?? known.floor;
    // The last days first: among them is what came meanwhile.
    const uid = await begin(Math.max(floor, hub.now().getTime() - 7 * day));
    cursor = {
      uidValidity,
      uid,
      floor,
      live: known.live,
      taken: [],
      ...(uid === 0 ? {} : { backfill: { uid: 0, until: uid, floor } }),
    };
  }
  await writeCursor(hub.memory, folder, cursor);
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
  // On a connection that has just closed the folder before it stays the open one: its numbers are not this folder's.
  if (!client.usable || client.mailbox === false || client.mailbox.path !== path) throw connectionLost();
  return await openCursor(room, client, folder);
};

interface Place {
  readonly folder: Folder;
  readonly path: string;
}

/** Folders beside INBOX that we look into, where the server marks them (RFC 6154). */
const otherFolders = async (room: Mailroom, client: ImapFlow): Promise<readonly Place[]> => {
  const listed = await inTime({ step: "Listing folders", ms: room.timing.step, run: client.list() });
  const marked = (folder: Folder, mark: string): readonly Place[] => {
    const path = listed.find(({ specialUse }) => specialUse === mark)?.path;
    return path === undefined ? [] : [{ folder, path }];
  };
  return [...marked("sent", "\\Sent"), ...(room.settings.junk ? marked("junk", "\\Junk") : [])];
};

/** What one connection works with. */
interface Desk {
  readonly room: Mailroom;
  readonly client: ImapFlow;
  readonly signal: AbortSignal;
  readonly progress: () => void;
  /** When a folder was last searched for letters that were passed over, by the clock of performance.now(). */
  readonly reconciled: Map<Folder, number>;
}

/** Everything there is to do in the open folder; `more` = older mail waits for its turn. */
const work = async (desk: Desk, folder: Folder, from: Cursor): Promise<{ cursor: Cursor; more: boolean }> => {
  const visit = (cursor: Cursor): Visit => ({ ...desk, folder, cursor });
  let cursor = await drain(visit(from));
  const last = desk.reconciled.get(folder) ?? Number.NEGATIVE_INFINITY;
  if (performance.now() - last > desk.room.timing.reconcile) {
    cursor = await reconcile(visit(cursor));
    desk.reconciled.set(folder, performance.now());
  }
  if (cursor.backfill !== undefined) cursor = await backfill(visit(cursor));
  return { cursor, more: cursor.backfill !== undefined };
};

/** Looks into another folder, and opens it only when there is something to do; true = older mail waits there. */
const visitOther = async (desk: Desk, { folder, path }: Place): Promise<boolean> => {
  const { room, client } = desk;
  const asked = client.status(path, { uidNext: true, uidValidity: true });
  const status = await inTime({ step: `Asking for ${path}`, ms: room.timing.step, run: asked });
  if (status === false) throw connectionLost();
  const known = await readCursor(room.hub.memory, folder);
  const same = known?.uidValidity === status.uidValidity?.toString() && known?.uid === (status.uidNext ?? 0) - 1;
  if (same && known?.backfill === undefined && desk.reconciled.has(folder)) return false;
  return (await work(desk, folder, await openFolder(room, client, folder, path))).more;
};

/** The longest pause between two offers of a letter that the hub did not store, in ms. */
const mostUnstored = ({ backoffMax }: Timing): number => Math.min(30_000, backoffMax);

/** Signs in, when it is our turn at this server. */
const signIn = async (client: ImapFlow, host: string, timing: Timing, way: Way, signal: AbortSignal): Promise<void> => {
  const leave = await way.signIns.enter(host, signal);
  try {
    await inTime({ step: "Signing in", ms: timing.connect, run: client.connect() });
  } finally {
    leave();
  }
};

/** Looks, waits to be woken, and looks again, until the connection or the signal ends. */
const watch = async (
  desk: Desk,
  others: readonly Place[],
  alarm: ReturnType<typeof bell>,
  over: () => boolean,
): Promise<void> => {
  const { room, client, signal } = desk;
  const { timing } = room;
  let cursor = await openFolder(room, client, "inbox", "INBOX");
  room.hub.status({ state: "online" });
  for (let unstored = 0, rounds = 0; !over();) {
    if (unstored > 0)
      await pause(backoff({ failures: unstored, min: timing.backoffMin, max: mostUnstored(timing) }), signal);
    else await alarm.wait(timing.tick);
    if (over()) return;
    try {
      const done = await work(desk, "inbox", cursor);
      cursor = done.cursor;
      let { more } = done;
      for (const other of others) more = (await visitOther(desk, other)) || more;
      if (client.mailbox === false || client.mailbox.path !== "INBOX") {
        cursor = await openFolder(room, client, "inbox", "INBOX");
        // What arrived while we looked elsewhere was not announced.
        more = true;
      }
      if (more) alarm.ring();
      // A server that closes right after every sign-in is not healthy: the pauses between attempts must grow.
      if (rounds++ > 0) desk.progress();
      unstored = 0;
    } catch (error) {
      if (!(error instanceof NotStored)) throw error;
      unstored++;
      // What was stored before the failure is behind the written cursor already.
      cursor = await openFolder(room, client, "inbox", "INBOX");
    }
  }
};

/** One connection from sign-in to its end. Returns when the signal aborts; rejects when the connection fails. */
const session = async (room: Mailroom, way: Way, signal: AbortSignal, healthy: () => void): Promise<void> => {
  const { hub, settings, timing } = room;
  const client = await imapClient({ config: settings, timing, tokens: way.tokens });
  const alarm = bell();
  let closed = false;
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
  const progress = (): void => {
    hub.alive();
    healthy();
  };
  const desk: Desk = { room, client, signal, progress, reconciled: new Map() };
  try {
    await signIn(client, settings.imapHost, timing, way, signal);
    hub.alive();
    const others = await otherFolders(room, client);
    // Their starting points are fixed before we say "online": what a colleague sends from then on is not old mail.
    for (const { folder, path } of others)
      if ((await readCursor(hub.memory, folder)) === undefined) await openFolder(room, client, folder, path);
    await watch(desk, others, alarm, () => closed || signal.aborted);
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
export const receive = async (room: Mailroom, way: Way, signal: AbortSignal): Promise<void> => {
  const { hub, settings, timing } = room;
  const swept = await sweep();
  if (swept > 0) hub.log.info("Removed temporary files of an earlier run", { folders: swept });
  for (let failures = 0, renewed = false; !signal.aborted;) {
    hub.status({ state: "connecting" });
    try {
      const leave = await way.seats.enter(settings.imapHost, signal);
      try {
        await startedAt(room);
        await session(room, way, signal, () => {
          failures = 0;
          renewed = false;
        });
      } finally {
        leave();
      }
    } catch (error) {
      if (signal.aborted) return;
      let trouble = explainImap(error, settings.imapHost);
      // Servers take tokens back before their time: a new one is asked for before a person is.
      if (trouble.refused && way.tokens !== undefined && !renewed) {
        renewed = true;
        const again = await way.tokens.get(true).then(
          () => undefined,
          (failed: unknown) => explainImap(failed, settings.imapHost),
        );
        if (again === undefined) continue;
        trouble = again;
      }
      const { refused, says } = trouble;
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
