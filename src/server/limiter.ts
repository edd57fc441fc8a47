/** A token bucket for each key: `perMinute` refills evenly, `burst` may come at once (default: a whole minute's). */
export interface Limiter {
  /** False: too much from this key; nothing was taken. */
  take(key: string): boolean;
  /** Whether a take would succeed now. */
  open(key: string): boolean;
}

const most = 50_000;

export const makeLimiter = (input: {
  readonly perMinute: number;
  readonly burst?: number;
  readonly now: () => Date;
}): Limiter => {
  const burst = input.burst ?? input.perMinute;
  const perMs = input.perMinute / 60_000;
  const buckets = new Map<string, { left: number; at: number }>();

  const level = (key: string, now: number): number => {
    const bucket = buckets.get(key);
    return bucket === undefined ? burst : Math.min(burst, bucket.left + Math.max(0, now - bucket.at) * perMs);
  };

  return {
    open: (key) => level(key, input.now().getTime()) >= 1,
    take: (key) => {
      const now = input.now().getTime();
      const left = level(key, now);
      if (left < 1) return false;
      // Least recently used first: forgetting one that is full again forgets nothing.
      buckets.delete(key);
      buckets.set(key, { left: left - 1, at: now });
      if (buckets.size > most)
        for (const oldest of buckets.keys()) {
          buckets.delete(oldest);
          break;
        }
      return true;
    },
  };
};
