/** Says which step did not end in its time: a frozen server looks healthy to everything but a deadline. */
export class StepTimeout extends Error {
  override readonly name = "StepTimeout";
  constructor(step: string, ms: number) {
    super(`${step} took longer than ${Math.round(ms / 1000)} s.`);
  }
}

/** The result of a step, or StepTimeout after ms. The step itself is not stopped: the caller closes what it hangs on. */
export const inTime = async <T>({ step, ms, run }: { step: string; ms: number; run: Promise<T> }): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StepTimeout(step, ms)), ms);
  });
  try {
    return await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Sleeps, or returns at once when the signal aborts. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });

/** Doubling wait with jitter, so that a hundred mailboxes of one server do not come back in one instant. */
export const backoff = ({ failures, min, max }: { failures: number; min: number; max: number }): number =>
  Math.round(Math.min(max, min * 2 ** Math.min(failures, 20)) * (0.5 + Math.random() / 2));
