import type { Log } from "#core/log";

interface Beat {
  readonly ms: number;
  readonly work: () => Promise<void> | void;
}

/** Repeats work, each beat after the one before has ended. `stop` waits for what is running. */
export const makeTicker = (input: {
  readonly every: readonly Beat[];
  readonly log: Log;
}): { stop(): Promise<void> } => {
  const timers = new Map<Beat, NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  const later = (beat: Beat): void => {
    if (!stopped)
      timers.set(
        beat,
        setTimeout(() => run(beat), beat.ms),
      );
  };
  const run = (beat: Beat): void => {
    const turn = (async () => {
      try {
        await beat.work();
      } catch (thrown) {
        input.log.warn({ err: thrown }, "a regular check failed");
      }
    })();
    running.add(turn);
    void turn.finally(() => {
      running.delete(turn);
      later(beat);
    });
  };

  for (const beat of input.every) later(beat);
  return {
    stop: async () => {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running);
    },
  };
};
