import { setTimeout as wait } from "node:timers/promises";
import { ConnectorError } from "#contract";

/** Tokens that come back at a steady rate; may go into debt, which is the wait. Times in ms. */
interface Bucket {
  tokens: number;
  at: number;
}

/** Meta (2026-05-21): one message every 6 s to one customer; up to 45 at once, borrowed from the seconds after. */
const pair = { everyMs: 6_000, burst: 45 };
/** Longer than this nobody sits in the send queue: the message comes back later, others go on. */
const patienceMs = 10_000;
const mostCustomers = 10_000;

/** Holds sends back so that neither our number nor one customer gets more than Meta allows. */
export const openPace = (perSecond: number, now: () => number = () => performance.now()) => {
  const number: Bucket = { tokens: perSecond, at: now() };
  const customers = new Map<string, Bucket>();

  /** Takes a token and gives the ms until it is there. */
  const take = (bucket: Bucket, everyMs: number, burst: number): number => {
    const at = now();
    bucket.tokens = Math.min(burst, bucket.tokens + (at - bucket.at) / everyMs) - 1;
    bucket.at = at;
    return bucket.tokens >= 0 ? 0 : -bucket.tokens * everyMs;
  };
  const bucketOf = (customer: string): Bucket => {
    const bucket = customers.get(customer) ?? { tokens: pair.burst, at: now() };
    customers.delete(customer);
    customers.set(customer, bucket);
    const [oldest] = customers.keys();
    if (customers.size > mostCustomers && oldest !== undefined) customers.delete(oldest);
    return bucket;
  };

  return {
    /** Resolves when the message may go. Throws "later" when this customer has to wait longer than a send may take. */
    turn: async (customer: string, signal: AbortSignal): Promise<void> => {
      const bucket = bucketOf(customer);
      const own = take(bucket, pair.everyMs, pair.burst);
      if (own > patienceMs) {
        bucket.tokens += 1;
        throw new ConnectorError("later", "Too many messages to this customer within a minute.", { retryAfterMs: own });
      }
      const ms = Math.max(own, take(number, 1_000 / perSecond, perSecond));
      if (ms <= 0) return;
      await wait(ms, undefined, { signal }).catch(() => {
        throw new ConnectorError("unreachable", "Given up before it was sent.");
      });
    },
  };
};
