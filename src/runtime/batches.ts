import type { Item } from "#core/inbound";
import type { Log } from "#core/log";
import type { Publisher, StoredChange } from "#core/records";
import { Refused } from "#core/refused";
import type { Secrets } from "../secrets.ts";
import { type Db, DatabaseUnavailable, sqlState } from "#store/db";
import { fileArrivals, isJournaled, parkArrival } from "#store/ingest";
import type { MessageKey } from "#store/ingest-lock";
import { reach } from "#store/points";
import { publishing } from "./publish.ts";

export interface JournalStats {
  /** Events taken and not settled. */
  readonly waiting: number;
  readonly batches: number;
  readonly events: number;
  readonly parked: number;
}

export interface Batches {
  /** Makes room for one event; throws Refused "unavailable" when there is none. Each is given to `file` or `release`. */
  admit(): void;
  /** What was admitted turned out not to be filed. */
  release(): void;
  /** Resolves once it is stored, with the reason when it was parked. Rejects when it could not be stored. */
  file(item: Item | null, settled: MessageKey | null): Promise<string | null>;
  stop(): Promise<void>;
  stats(): JournalStats;
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
 * One batch is in flight at a time; whatever arrived meanwhile is the next. No timer: a single message never waits, a
 * flood shares its commits. Changes are published after commit.
 */
export const makeBatches = (input: {
  readonly db: Db;
  readonly secrets: Pick<Secrets, "seal" | "keyedHash">;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly now: () => Date;
}): Batches => {
  const { db, secrets, log, now } = input;
  const publish = publishing(input);
  const queue: Entry[] = [];
  const idle: (() => void)[] = [];
  const unsure: { readonly eventId: string; readonly changes: readonly StoredChange[] }[] = [];
  let asking: NodeJS.Timeout | undefined;
  let running = false;
  let stopped = false;
  let open = 0;
  let batches = 0;
  let events = 0;
  let parkedCount = 0;

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

  const file = (item: Item | null, settled: MessageKey | null): Promise<string | null> =>
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

  return {
    admit,
    release: () => {
      open -= 1;
    },
    file,
    stop: async () => {
      stopped = true;
      clearTimeout(asking);
      if (open === 0 && !running) return;
      await new Promise<void>((resolve) => idle.push(resolve));
    },
    stats: () => ({ waiting: open, batches, events, parked: parkedCount }),
  };
};
