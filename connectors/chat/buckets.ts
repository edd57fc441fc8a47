/** Token buckets by key, for rate limits that live in this process only. */
export interface Buckets {
  /** Milliseconds to wait; 0 = taken. */
  take(key: string): number;
}

/**
 * `perSecond` refills, `burst` is the most that may be taken at once. Full buckets are forgotten, so memory follows
 * the keys of the last minutes; above `most` keys the oldest are.
 */
export const buckets = (options: {
  readonly perSecond: number;
  readonly burst: number;
  readonly now: () => Date;
  readonly most?: number;
}): Buckets => {
  const { perSecond, burst, now, most = 50_000 } = options;
  const held = new Map<string, { left: number; at: number }>();
  let sweptAt = 0;

  const sweep = (at: number) => {
    sweptAt = at;
    for (const [key, bucket] of held)
      if (bucket.left + ((at - bucket.at) / 1000) * perSecond >= burst) held.delete(key);
  };

  return {
    take(key) {
      const at = now().getTime();
      if (at - sweptAt > 60_000) sweep(at);
      const bucket = held.get(key) ?? { left: burst, at };
      const left = Math.min(burst, bucket.left + (Math.max(0, at - bucket.at) / 1000) * perSecond);
      const taken = left >= 1;
      held.delete(key);
      held.set(key, { left: taken ? left - 1 : left, at });
      for (const oldest of held.keys()) {
        if (held.size <= most) break;
        held.delete(oldest);
      }
      return taken ? 0 : Math.ceil(((1 - left) / perSecond) * 1000);
    },
  };
};
