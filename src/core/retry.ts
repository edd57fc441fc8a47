import { type FailureCode, failureCodes } from "#contract";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Waits between attempts at a channel that cannot be reached: together about 24 hours. */
const ladder = [
  2 * second,
  10 * second,
  minute,
  5 * minute,
  15 * minute,
  hour,
  2 * hour,
  4 * hour,
  4 * hour,
  6 * hour,
  6 * hour,
] as const;

/** Being asked to slow down is no failure of the message: it may happen far more often. */
const mostLimited = 100;

export type Verdict =
  | { readonly do: "retry"; readonly afterMs: number }
  /** The account's queue waits; the message lost no attempt. */
  | { readonly do: "park" }
  | { readonly do: "uncertain" }
  | { readonly do: "fail" };

/**
 * What follows from a failed send, from its code alone. `attempts` counts this one; `random` in [0,1) spreads the
 * retries of many messages over a fifth of the wait.
 */
export const afterFailure = (input: {
  readonly code: FailureCode;
  readonly retryAfterMs?: number | undefined;
  readonly attempts: number;
  readonly random: number;
}): Verdict => {
  const { code, attempts, random, retryAfterMs } = input;
  if (code === "auth") return { do: "park" };
  if (code === "uncertain") return { do: "uncertain" };
  if (!failureCodes[code].retry) return { do: "fail" };
  const step = ladder[Math.min(attempts, ladder.length) - 1] ?? ladder[0];
  if (code === "rate-limited") {
    if (attempts >= mostLimited) return { do: "fail" };
    return { do: "retry", afterMs: Math.min(retryAfterMs ?? step, 6 * hour) * (1 + random / 5) };
  }
  return attempts > ladder.length ? { do: "fail" } : { do: "retry", afterMs: step * (1 + random / 5) };
};

/** Wait before a connector that ended by itself is started again: 1 s doubling to 2 minutes, spread by a fifth. */
export const restartAfter = (input: { readonly failures: number; readonly random: number }): number =>
  Math.min(2 ** Math.max(input.failures - 1, 0) * second, 2 * minute) * (1 + input.random / 5);
