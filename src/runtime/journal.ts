import { buffer } from "node:stream/consumers";
import type { Connection, Inbound, Limits } from "#contract";
import { type AccountRef, type Item, storedEvent } from "#core/inbound";
import type { Log } from "#core/log";
import type { Publisher, StoredChange } from "#core/records";
import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import type { Secrets } from "../secrets.ts";
import { type Db, DatabaseUnavailable, sqlState } from "#store/db";
import type { Files } from "#store/files";
import { fileArrivals, isJournaled, parkArrival } from "#store/ingest";
import type { MessageKey } from "#store/ingest-lock";
import {
  awaitedMessages,
  type JournaledEvent,
  parkedEvent,
  settleParked,
  typingConversation,
  unfinishedEvents,
} from "#store/journaled";
import { reach } from "#store/points";
import { asItem, prepare } from "./arrival.ts";

export interface Journal {
  /**
   * Resolves once the event is stored: filed, waiting for its message, or parked where an admin sees it. Rejects when
   * it could not be stored (database away, queue full): the channel must deliver again.
   */
  receive(input: { readonly account: AccountRef; readonly event: Inbound }): Promise<void>;
  /** The provider's id of a sent message is known now: news that came before it is applied. */
  settle(input: MessageKey): Promise<void>;
  /** Files a parked event again; throws Refused "failed" with the reason when it stays parked. */
  replay(input: { readonly scope: Scope; readonly id: string }): Promise<void>;
  /** Applies news of an account that waits although its message is known: a former leader died before `settle`. */
  settleLeft(input: { readonly accountId: string }): Promise<void>;
  /** Files what an earlier process journaled but did not finish, and what it did not settle. Called once at start. */
  drain(): Promise<void>;
  /** Takes nothing more; resolves when everything taken is settled. */
  stop(): Promise<void>;
  stats(): JournalStats;
}

interface JournalStats {
  /** Events taken and not settled. */
  readonly waiting: number;
  readonly batches: number;
  readonly events: number;
  readonly parked: number;
}

interface Entry {
  readonly item: Item | null;
  readonly settled: MessageKey | null;
  readonly done: (thrown?: unknown) => void;
  /** Why it was parked, for whoever replays. */
  parked: string | null;
}

const largestBatch = 500;
const mostOpen = 5_000;
const askAgainMs = 500;

/** Of these SQLSTATE classes the hub itself is the cause (missing table, wrong rights): no event is to blame. */
const systemic = /^(0A|25|28|3D|3F|42|55|57|F0|XX)/;
/** A rival wrote the same row first: the second try finds it. */
const rival = /^(23505|23503|40001|40P01)$/;

/**
 * The way in. One batch is in flight at a time; whatever arrived meanwhile is the next. No timer: a single message
 * never waits, a flood shares its commits. Changes are published after commit.
 */
export const startJournal = (input: {
  readonly db: Db;
  readonly files: Files;
  readonly secrets: Pick<Secrets, "seal" | "keyedHash">;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly now: () => Date;
  readonly limits?: (kind: string) => Limits | undefined;
  /** The open connection of an account: reads again what was once "unparsed". */
  readonly connection?: (accountId: string) => Pick<Connection, "reparse"> | undefined;
}): Journal => {
  const { db, files, secrets, publisher, log, now } = input;
  const queue: Entry[] = [];
  const tails = new Map<string, Promise<unknown>>();
  const idle: (() => void)[] = [];
  const unsure: { readonly eventId: string; readonly changes: readonly StoredChange[] }[] = [];
  let asking: NodeJS.Timeout | undefined;
  let running = false;
  let stopped = false;
  let open = 0;
  let batches = 0;
  let events = 0;
  let parkedCount = 0;

  const publish = (changes: readonly StoredChange[]): void => {
    if (changes.length === 0) return;
    try {
      publisher.changes(changes);
    } catch (thrown) {
      log.error({ reason: String(thrown) }, "publishing a stored change failed");
    }
  };

  /** Tells screens of batches whose commit got no answer but turned out stored; asked again until there is an answer. */
  const resolveUnsure = async (): Promise<void> => {
    try {
      for (let [first] = unsure; first !== undefined; [first] = unsure) {
        if (await isJournaled({ db, eventId: first.eventId })) publish(first.changes);
        unsure.shift();
      }
    } catch (thrown) {
      log.warn({ reason: String(thrown) }, "unsure batch not checked");
      clearTimeout(asking);
      if (!stopped) asking = setTimeout(start, askAgainMs);
    }
  };

  const park = async (entry: Entry, thrown: unknown): Promise<void> => {
    const { item } = entry;
    const error = thrown instanceof Error ? thrown.message : String(thrown);
    if (item === null || item.dedupe === null) {
      entry.done(thrown);
      return;
    }
    try {
      await parkArrival({ db, item, error, now: now() });
      parkedCount += 1;
      entry.parked = error;
      // PostgreSQL quotes what it refuses: its words stay with the event, the log gets the code.
      log.warn(
        { accountId: item.account.id, eventId: item.eventId, reason: sqlState(thrown) ?? "not an SQL error" },
        "event parked",
      );
      entry.done();
    } catch (failed) {
      entry.done(failed);
    }
  };

  const process = async (batch: readonly Entry[], attempt = 1): Promise<void> => {
    const items = batch.flatMap(({ item }) => item ?? []);
    reach("journal.batch");
    let pending: readonly StoredChange[] = [];
    try {
      const changes = await fileArrivals({
        db,
        secrets,
        items,
        settled: batch.flatMap(({ settled }) => settled ?? []),
        now: now(),
        committing: (changes) => {
          pending = changes;
        },
      });
      reach("journal.after-commit");
      batches += 1;
      events += batch.length;
      publish(changes);
      reach("journal.published");
      for (const { done } of batch) done();
    } catch (thrown) {
      const state = sqlState(thrown) ?? "";
      if (thrown instanceof DatabaseUnavailable || systemic.test(state)) {
        const kept = items.find(({ dedupe }) => dedupe !== null);
        if (thrown instanceof DatabaseUnavailable && thrown.maybeStored && kept !== undefined)
          unsure.push({ eventId: kept.eventId, changes: pending });
        for (const { done } of batch) done(thrown);
        return;
      }
      const [first] = batch;
      if (batch.length > 1) {
        const middle = Math.ceil(batch.length / 2);
        await process(batch.slice(0, middle));
        await process(batch.slice(middle));
      } else if (first !== undefined) {
        await (attempt < 3 && rival.test(state) ? process(batch, attempt + 1) : park(first, thrown));
      }
    }
  };

  const pump = async (): Promise<void> => {
    do {
      if (queue.length > 0) await process(queue.splice(0, largestBatch));
      if (unsure.length > 0) await resolveUnsure();
    } while (queue.length > 0);
    running = false;
    if (open === 0) for (const tell of idle.splice(0)) tell();
  };

  const start = (): void => {
    if (running) return;
    running = true;
    setImmediate(() => void pump());
  };

  const enqueue = (item: Item | null, settled: MessageKey | null): Promise<string | null> =>
    new Promise((resolve, reject) => {
      const entry: Entry = {
        item,
        settled,
        parked: null,
        done: (thrown) => {
          open -= 1;
          if (thrown === undefined) resolve(entry.parked);
          else reject(thrown);
        },
      };
      queue.push(entry);
      start();
    });

  const admit = (): void => {
    if (stopped || open >= mostOpen) throw new Refused("unavailable", "The journal takes no more for now.");
    open += 1;
  };

  /** Holds an event back until earlier ones of its thread have their files, so that order is kept. */
  const inOrder = async (key: string, ready: Item | Promise<Item>): Promise<string | null> => {
    const before = tails.get(key);
    const turn = Promise.allSettled([before, ready]);
    tails.set(key, turn);
    await turn;
    if (tails.get(key) === turn) tails.delete(key);
    const item = await Promise.resolve(ready).catch((thrown: unknown) => {
      open -= 1;
      throw thrown;
    });
    return enqueue(item, null);
  };

  const take = async (account: AccountRef, event: Inbound): Promise<string | null> => {
    if (event.type === "typing") {
      const conversationId = await typingConversation({ db, accountId: account.id, thread: event.thread });
      if (conversationId !== null)
        publisher.customerTyping({ tenantId: account.tenantId, conversationId, active: event.active });
      return null;
    }
    admit();
    const key = `${account.id}\n${event.type === "unparsed" ? "" : event.thread}`;
    let ready: Item | Promise<Item>;
    try {
      ready = prepare({ account, event, files, secrets, now: now() });
    } catch (thrown) {
      open -= 1;
      throw thrown;
    }
    return ready instanceof Promise || tails.has(key) ? inOrder(key, ready) : enqueue(ready, null);
  };

  const accountOf = ({ account }: JournaledEvent): AccountRef => ({
    ...account,
    replyWindowHours: input.limits?.(account.kind)?.replyWindowHours ?? false,
  });

  const again = (event: JournaledEvent): Promise<string | null> => {
    admit();
    const stored = storedEvent.safeParse(event.payload);
    if (!stored.success) {
      open -= 1;
      throw new Refused("failed", "The journaled event cannot be read.");
    }
    return enqueue(
      asItem({
        account: accountOf(event),
        event: stored.data,
        kept: { raw: null, rawBlob: null },
        secrets,
        eventId: event.id,
        journaled: true,
        receivedAt: event.receivedAt,
      }),
      null,
    );
  };

  const reread = async (
    event: JournaledEvent,
    reparse: (raw: Uint8Array) => Promise<readonly Inbound[]>,
  ): Promise<void> => {
    const raw = event.rawBlob === null ? event.raw : await buffer(files.read(event.rawBlob));
    if (raw === null) throw new Refused("failed", "What the channel sent was not kept.");
    const found = await reparse(raw).catch((thrown: unknown) => {
      throw new Refused("failed", thrown instanceof Error ? thrown.message : String(thrown));
    });
    const bad = found.find((inner) => inner.type === "unparsed");
    if (bad?.type === "unparsed") throw new Refused("failed", bad.reason);
    for (const inner of found) {
      const reason = await take(accountOf(event), inner);
      if (reason !== null) throw new Refused("failed", reason);
    }
    await settleParked({ db, id: event.id, now: now() });
  };

  const settleKnown = async (keys: readonly MessageKey[]): Promise<void> => {
    for (const key of keys) {
      admit();
      await enqueue(null, key);
    }
  };

  return {
    receive: async ({ account, event }) => {
      reach("journal.taken");
      await take(account, event);
      reach("journal.resolved");
    },
    settle: (key) => settleKnown([key]),
    settleLeft: async ({ accountId }) => settleKnown(await awaitedMessages({ db, accountId })),
    replay: async ({ scope, id }) => {
      const event = await parkedEvent({ db, scope, id });
      if (event === null) throw new Refused("not-found", "There is no such parked event.");
      if (event.type === "unparsed") {
        const reparse = input.connection?.(event.account.id)?.reparse;
        if (reparse === undefined) throw new Refused("failed", "This channel cannot read what it sent a second time.");
        await reread(event, reparse);
        return;
      }
      const reason = await again(event);
      if (reason !== null) throw new Refused("failed", reason);
    },
    drain: async () => {
      for (const event of await unfinishedEvents({ db })) {
        await again(event).catch((thrown: unknown) => {
          log.error({ eventId: event.id, reason: String(thrown) }, "journaled event not filed");
        });
      }
      await settleKnown(await awaitedMessages({ db })).catch((thrown: unknown) => {
        log.error({ reason: String(thrown) }, "early news of known messages not applied");
      });
    },
    stop: async () => {
      stopped = true;
      clearTimeout(asking);
      if (open === 0 && !running) return;
      await new Promise<void>((resolve) => idle.push(resolve));
    },
    stats: () => ({ waiting: open, batches, events, parked: parkedCount }),
  };
};
