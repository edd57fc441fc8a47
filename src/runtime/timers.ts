import type { Log } from "#core/log";
import type { Publisher } from "#core/records";
import type { Db } from "#store/db";
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
const name = "timers";

/** What happens by time alone: sleeping conversations wake, what expired is removed. One node at a time does it. */
export const startTimers = (input: {
  readonly db: Db;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly now: () => Date;
  readonly nodeId: string;
  readonly lease?: { readonly ttlMs: number; readonly renewMs: number };
}): Timers => {
  const { db, log, now } = input;
  const publish = publishing(input);
  let mine = false;
  let sweptAt = -Infinity;
  let running: Promise<void> | null = null;

  const work = async (): Promise<void> => {
    for (;;) {
      const changes = await wakeDue({ db, now: now() });
      if (changes.length === 0) break;
      publish(changes);
    }
    if (now().getTime() - sweptAt < sweepMs) return;
    sweptAt = now().getTime();
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
