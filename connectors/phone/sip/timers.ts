/** Timer values of RFC 3261 section 17, milliseconds. */
const T1 = 500;
export const T2 = 4_000;
export const T4 = 5_000;
/** How long a transaction waits for its other side: timers B, D, F, H, J, L, M. */
export const giveUpMs = 64 * T1;

export interface Alarm {
  stop(): void;
}

/** A timer that keeps no process alive. */
export const after = (ms: number, work: () => void): Alarm => {
  const timer = setTimeout(work, ms);
  timer.unref();
  return { stop: () => clearTimeout(timer) };
};

/** Repeats `work` after T1, twice that, and so on, at most every `most` ms, until stopped. */
export const backoff = (work: () => void, most: number = Number.POSITIVE_INFINITY): Alarm => {
  let wait = T1;
  let alarm: Alarm;
  const next = (): void => {
    alarm = after(wait, () => {
      wait = Math.min(wait * 2, most);
      next();
      work();
    });
  };
  next();
  return { stop: () => alarm.stop() };
};
