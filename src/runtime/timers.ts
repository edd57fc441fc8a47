import type { Log } from "#core/log";
import type { Publisher } from "#core/records";
import type { Db } from "#store/db";
import { giveUpWaiting, trimEvents } from "#store/trim";
import { sweepExpired, wakeDue } from "#store/wake";
import { keepLeases } from "./lease.ts";
import { publishing } from "./publish.ts";

export interface Timers {
  /** Does what is due now, if this node holds the timers; resolves when done. */
  run(): Promise<void>;
  stop(): Promise<void>;
}

const scanMs = 1_000;
const sweepMs = 10 * 60_000;
/** Steps of trimming in one run, so that waking up is never late by more than a moment. */
const trimSteps = 5;
const name = "timers";

/** What happens by time alone: sleeping conversations wake, what expired is removed. One node at a time does it. */
export const startTimers = (input: {
  readonly db: Db;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly now: () => Date;
  readonly nodeId: string;
  readonly lease?: { readonly ttlMs: number; readonly renewMs: number };
  /** What else is looked at every second. */
  readonly also?: readonly (() => Promise<void>)[];
}): Timers => {
  const { db, log, now } = input;
  const publish = publishing(input);
  let mine = false;
  let sweptAt = -Infinity;
  const untrimmed = new Set<typeof trimEvents>();
  let running: Promise<void> | null = null;

  const work = async (): Promise<void> => {
    for (;;) {
      const changes = await wakeDue({ db, now: now() });
      if (changes.length === 0) break;
      publish(changes);
    }
    for (const look of input.also ?? []) await look();
    for (const trim of untrimmed)
      for (let step = 0; step < trimSteps; step += 1)
        if (!(await trim({ db, now: now() }))) {
          untrimmed.delete(trim);
          break;
        }
    if (now().getTime() - sweptAt < sweepMs) return;
    sweptAt = now().getTime();
    for (const trim of [trimEvents, giveUpWaiting]) untrimmed.add(trim);
    await sweepExpired({ db, now: now() });
  };
  const run = (): Promise<void> => {
    if (!mine) return Promise.resolve();
    running ??= work()
      .catch((thrown: unknown) => log.warn({ reason: String(thrown) }, "timers failed"))
      .finally(() => {
        running = null;
      });
    return running;
  };

  const leases = keepLeases({
    db,
    log,
    nodeId: input.nodeId,
    wanted: () => [name],
    gained: () => {
      mine = true;
      void run();
    },
    lost: () => {
      mine = false;
    },
    ...input.lease,
  });
  leases.poke();
  const interval = setInterval(() => void run(), scanMs);

  return {
    run,
    stop: async () => {
      clearInterval(interval);
      await running;
      await leases.stop();
    },
  };
};
