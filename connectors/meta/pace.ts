import { setTimeout as wait } from "node:timers/promises";
import { ConnectorError } from "#contract";

/** Meta's own limits for one page or account: 300 texts and 10 files a second (rate limits page of 2026-03-23). */
const perSecond = { text: 300, file: 10 } as const;

/** Lets one through after the other, at most as fast as Meta takes them. Throws ConnectorError when given up meanwhile. */
export const makePace = (now: () => number = () => performance.now()) => {
  const free = { text: 0, file: 0 };
  return async (what: keyof typeof perSecond, signal: AbortSignal): Promise<void> => {
    const at = Math.max(now(), free[what]);
    free[what] = at + 1_000 / perSecond[what];
    const ms = at - now();
    // Shorter waits than a timer's grain add up in `free` all the same.
    if (ms >= 1) await wait(ms, undefined, { signal }).catch(() => {});
    if (signal.aborted) throw new ConnectorError("unreachable", "Given up before it was sent.");
  };
};
