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

/** Waits of one message that its own recipient cannot take yet (a greylist, a full mailbox): together about 24 hours. */
const laterLadder = [minute, 5 * minute, 15 * minute, hour, 2 * hour, 4 * hour, 4 * hour, 6 * hour, 6 * hour] as const;

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
  /** The account, not the message, is in trouble. */
  readonly wholeAccount?: boolean;
}): Verdict => {
  const { code, attempts, random, retryAfterMs } = input;
  if (code === "auth" || (input.wholeAccount === true && code === "unreachable")) return { do: "park" };
  if (code === "uncertain") return { do: "uncertain" };
  if (!failureCodes[code].retry) return { do: "fail" };
  const step = ladder[Math.min(attempts, ladder.length) - 1] ?? ladder[0];
  if (code === "rate-limited") {
    if (attempts >= mostLimited) return { do: "fail" };
    return { do: "retry", afterMs: Math.min(retryAfterMs ?? step, 6 * hour) * (1 + random / 5) };
  }
  if (code === "later") {
    const wait = laterLadder[attempts - 1];
    if (wait === undefined) return { do: "fail" };
    return { do: "retry", afterMs: Math.max(wait, Math.min(retryAfterMs ?? 0, 6 * hour)) * (1 + random / 5) };
  }
  return attempts > ladder.length ? { do: "fail" } : { do: "retry", afterMs: step * (1 + random / 5) };
};

/** Wait of an account that cannot send, after so many failures in a row: 5 s doubling to 5 minutes. */
export const pauseAfter = (failures: number): number =>
  Math.min(2 ** Math.max(failures - 1, 0) * 5 * second, 5 * minute);

/** Wait before a connector that ended by itself is started again: 1 s doubling to 2 minutes, spread by a fifth. */
export const restartAfter = (input: { readonly failures: number; readonly random: number }): number =>
  Math.min(2 ** Math.max(input.failures - 1, 0) * second, 2 * minute) * (1 + input.random / 5);
