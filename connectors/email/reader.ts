import { Worker } from "node:worker_threads";
import type { Letter } from "./letter.ts";

/** A letter in a file (raw.eml in the folder; attachments are written beside it as part-0, part-1 ...) or in memory. */
export type ReadTask = { readonly fallback: string } & ({ readonly folder: string } | { readonly bytes: Uint8Array });
/** `contents` are the attachments of a letter that was read in memory. */
interface ReadLetter {
  readonly letter: Letter;
  readonly contents: readonly Uint8Array[];
}
export type ReadAnswer = ReadLetter | { readonly failed: string };

/** The letter could not be read: it is parked with its raw bytes, and reading goes on behind it. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
}

export type Reader = (task: ReadTask) => Promise<ReadLetter>;

interface Job {
  readonly task: ReadTask;
  readonly resolve: (read: ReadLetter) => void;
  readonly reject: (error: Error) => void;
}

interface Lane {
  /** Starts on a job; `done` once it may take the next. */
  run(job: Job, done: () => void): void;
  end(): void;
}

/** One thread and the letter it reads. A letter that costs it its life counts as unreadable. */
const makeLane = ({ deadlineMs }: { deadlineMs: number }): Lane => {
  let worker: Worker | undefined;

  const drop = (): void => {
    void worker?.terminate();
    worker = undefined;
  };

  const begin = (): Worker => {
    const thread = new Worker(new URL("./reader.worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 4 },
    });
    thread.unref();
    // Between two letters nobody listens; a thread that dies then is replaced with the next.
    thread
      .on("error", () => undefined)
      .on("exit", () => {
        if (worker === thread) worker = undefined;
      });
    return thread;
  };

  return {
    end: drop,
    run: ({ task, resolve, reject }, done) => {
      const thread = (worker ??= begin());
      const settle = (end: () => void): void => {
        clearTimeout(deadline);
        thread.off("error", onError).off("exit", onExit).off("message", onMessage);
        end();
        done();
      };
      const fail = (why: string): void => {
        drop();
        settle(() => reject(new Unreadable(why)));
      };
      const onError = (error: unknown): void => fail(error instanceof Error ? error.message : String(error));
      const onExit = (): void => fail("The reading thread ended.");
      const onMessage = (answer: ReadAnswer): void =>
        settle(() => ("letter" in answer ? resolve(answer) : reject(new Unreadable(answer.failed))));
      const deadline = setTimeout(() => fail(`Reading took longer than ${deadlineMs / 1000} s.`), deadlineMs);
      thread.on("error", onError).on("exit", onExit).on("message", onMessage);
      thread.postMessage(task, []);
    },
  };
};

/** How long idle threads are kept, in ms: starting one costs a letter a third of a second. */
const idleMs = 300_000;

/**
 * Reads letters in threads of their own, shared by all mailboxes; in the order they come while one thread keeps up.
 * Threads start when they are needed and end when all have been idle for a while.
 */
export const makeReader = ({ deadlineMs, threads = 2 }: { deadlineMs: number; threads?: number }): Reader => {
  const free: Lane[] = [];
  const lanes: Lane[] = [];
  const jobs: Job[] = [];
  let retire: NodeJS.Timeout | undefined;

  const sleep = (): void => {
    if (free.length < lanes.length) return;
    for (const lane of lanes) lane.end();
  };

  const next = (): void => {
    while (jobs.length > 0) {
      const lane = free.pop() ?? (lanes.length < threads ? makeLane({ deadlineMs }) : undefined);
      const job = lane === undefined ? undefined : jobs.shift();
      if (lane === undefined || job === undefined) return;
      if (!lanes.includes(lane)) lanes.push(lane);
      lane.run(job, () => {
        free.push(lane);
        next();
      });
    }
    clearTimeout(retire);
    retire = setTimeout(sleep, idleMs);
    retire.unref();
  };

  return (task) =>
    new Promise((resolve, reject) => {
      jobs.push({ task, resolve, reject });
      next();
    });
};
