import type { Log } from "#core/log";
import type { Publisher } from "#core/records";
import { DatabaseUnavailable, type Db } from "#store/db";
import { type Outcome, writeOutcomes } from "#store/outbox";
import { reach } from "#store/points";
import { publishing } from "./publish.ts";

/** Writes what became of sends. A batch is in flight; what ends meanwhile is the next one. */
export interface OutcomeWriter {
  /** Resolves true once written; false when it never can be (the delivery then stays as it is until a restart). */
  write(outcomes: readonly Outcome[]): Promise<boolean>;
  unwritten(): number;
  /** Writes what waits, for at most `ms`. */
  close(ms: number): Promise<void>;
}

interface Waiting {
  readonly outcomes: readonly Outcome[];
  done(written: boolean): void;
}

const batchMost = 200;

export const openOutcomeWriter = (input: {
  readonly db: Db;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly now: () => Date;
}): OutcomeWriter => {
  const { db, log } = input;
  const publish = publishing(input);
  const waiting: Waiting[] = [];
  let running: Promise<void> | null = null;
  const closing = { over: false };

  const store = async (batch: readonly Waiting[]): Promise<void> => {
    const outcomes = batch.flatMap((one) => one.outcomes);
    reach("outbox.writing");
    publish(await writeOutcomes({ db, outcomes, now: input.now() }));
    reach("outbox.written");
    for (const one of batch) one.done(true);
  };

  const storeAlone = async (one: Waiting): Promise<void> => {
    try {
      await store([one]);
    } catch (thrown) {
      if (thrown instanceof DatabaseUnavailable) throw thrown;
      log.error(
        { reason: String(thrown), deliveries: one.outcomes.map((o) => o.deliveryId) },
        "outcome cannot be written",
      );
      one.done(false);
    }
  };

  const writeBatch = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      await store(batch);
    } catch (thrown) {
      if (thrown instanceof DatabaseUnavailable) throw thrown;
      for (const one of batch) await storeAlone(one);
    }
  };

  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  const run = async (): Promise<void> => {
    let failures = 0;
    while (waiting.length > 0 && !closing.over) {
      const batch = waiting.slice(0, batchMost);
      try {
        await writeBatch(batch);
        waiting.splice(0, batch.length);
        failures = 0;
      } catch (thrown) {
        // The message has gone out: this must be written, however long the database is away.
        failures += 1;
        log.warn({ reason: String(thrown) }, "outcomes wait for the database");
        await pause(Math.min(100 * 2 ** failures, 2_000));
      }
    }
    running = null;
  };

  const start = async (): Promise<void> => {
    if (waiting.length === 0 || closing.over) return;
    running ??= run();
    await running;
  };

  return {
    write: (outcomes) =>
      new Promise((resolve) => {
        waiting.push({ outcomes, done: resolve });
        void start();
      }),
    unwritten: () => waiting.length,
    close: async (ms) => {
      const timer = setTimeout(() => {
        closing.over = true;
      }, ms);
      await start();
      clearTimeout(timer);
    },
  };
};
