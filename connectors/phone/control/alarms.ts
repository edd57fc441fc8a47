/** Timers by name; starting one again replaces it. They keep no process alive. */
export const namedAlarms = <N extends string>(rang: (name: N) => void) => {
  const timers = new Map<N, NodeJS.Timeout>();
  return {
    start: (name: N, ms: number): void => {
      clearTimeout(timers.get(name));
      const timer = setTimeout(() => {
        timers.delete(name);
        rang(name);
      }, ms);
      timer.unref();
      timers.set(name, timer);
    },
    clear: (name: N): void => {
      clearTimeout(timers.get(name));
      timers.delete(name);
    },
    stop: (): void => {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
};
