/** The length of one G.711 frame. */
const frameMs = 20;
/** Samples in one frame. */
export const frameSamples = 160;

/** Behind by more than this, ticks are left out: a burst would only fill the far end's buffer. */
const giveUpMs = 200;

export interface Clock {
  /** Calls `tick` every 20 ms on the average, however late single timers are; gives what ends it. */
  every(tick: () => void): () => void;
}

/** One timer for everything that is paced in this process. The schedule is absolute, so lateness never adds up. */
export const makeClock = (): Clock => {
  const ticks = new Set<() => void>();
  let due = 0;
  let timer: NodeJS.Timeout | undefined;
  const run = (): void => {
    const now = performance.now();
    if (now - due > giveUpMs) due = now;
    while (due <= now) {
      due += frameMs;
      for (const tick of ticks) tick();
    }
    timer = ticks.size === 0 ? undefined : setTimeout(run, Math.max(1, due - performance.now()));
  };
  return {
    every: (tick) => {
      ticks.add(tick);
      if (timer === undefined) {
        due = performance.now();
        timer = setTimeout(run, 0);
      }
      return () => void ticks.delete(tick);
    },
  };
};
