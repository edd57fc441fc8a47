import type { Log } from "#core/log";
import type { Publisher } from "#core/records";
import type { Db } from "#store/db";
import type { Files } from "#store/files";
import { poke } from "#store/notify";
import { nextDue } from "#store/outbox";
import { openActions } from "./actions.ts";
import { openOutlet, type OpenOutlet } from "./outlet.ts";
import { openOutcomeWriter } from "./outcomes.ts";
import type { Outbox } from "./ports.ts";

export type { Outbox } from "./ports.ts";

/** How often rows that became due by time, or were left by another node, are looked for. */
const scanMs = 1_000;
/** Due later than this: left to the scan. */
const timerMost = 60_000;

/**
 * Sends what waits in the delivery table, through the accounts this node leads. A message goes out as soon as it is
 * committed (`kick`); everything else is found by a scan. An account that another node leads: that node is
 * poked.
 */
export const startOutbox = (input: {
  readonly db: Db;
  readonly publisher: Publisher;
  readonly files: Pick<Files, "read">;
  readonly log: Log;
  readonly now: () => Date;
  readonly random?: () => number;
}): Outbox => {
  const { db, log, now } = input;
  const writer = openOutcomeWriter({ db, publisher: input.publisher, log, now });
  const outlets = new Map<string, OpenOutlet>();
  const timers = new Set<NodeJS.Timeout>();
  const stopping = new AbortController();

  const pumpAt = (accountId: string, at: number): void => {
    const wait = at - now().getTime();
    if (wait <= 0) {
      outlets.get(accountId)?.pump();
      return;
    }
    if (wait > timerMost) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      outlets.get(accountId)?.pump();
    }, wait);
    timers.add(timer);
  };

  const scan = async (): Promise<void> => {
    const awake = [...outlets.values()].filter((outlet) => !outlet.waits()).map((outlet) => outlet.accountId);
    if (awake.length === 0) return;
    for (const due of await nextDue({ db, accountIds: awake })) {
      if (due.at.getTime() - now().getTime() <= scanMs) pumpAt(due.accountId, due.at.getTime());
    }
  };
  let scanning = false;
  const interval = setInterval(() => {
    if (scanning) return;
    scanning = true;
    scan()
      .catch((thrown: unknown) => log.warn({ reason: String(thrown) }, "outbox scan failed"))
      .finally(() => {
        scanning = false;
      });
  }, scanMs);

  return {
    kick: ({ accountId, at }) => {
      if (outlets.has(accountId)) pumpAt(accountId, at ?? now().getTime());
      else if (!stopping.signal.aborted)
        poke({ db, kind: "outbox", id: accountId }).catch((thrown: unknown) =>
          log.debug({ accountId, reason: String(thrown) }, "the account's leader was not poked"),
        );
    },
    attach: (outlet) => {
      const shared = { outlet, db, log, now, random: input.random ?? Math.random, stopped: stopping.signal };
      const sends = openOutlet({ ...shared, files: input.files, writer });
      const actions = openActions({ ...shared, publisher: input.publisher });
      const open: OpenOutlet = {
        ...sends,
        pump: () => {
          sends.pump();
          actions.pump();
        },
        close: async (ms) => {
          await Promise.all([sends.close(ms), actions.close(ms)]);
        },
      };
      outlets.set(outlet.accountId, open);
      open.pump();
      return {
        online: () => open.online(),
        detach: async () => {
          if (outlets.get(outlet.accountId) === open) outlets.delete(outlet.accountId);
          await open.close(5_000);
        },
      };
    },
    stats: () => ({
      sending: [...outlets.values()].reduce((sum, outlet) => sum + outlet.sending(), 0),
      unwritten: writer.unwritten(),
    }),
    stop: async () => {
      clearInterval(interval);
      for (const timer of timers) clearTimeout(timer);
      const open = [...outlets.values()];
      outlets.clear();
      await Promise.all(open.map((outlet) => outlet.close(5_000)));
      stopping.abort();
      await Promise.all(open.map((outlet) => outlet.close(3_500)));
      await writer.close(2_000);
    },
  };
};
