import { Worker } from "node:worker_threads";
import type { Letter } from "./letter.ts";

export interface ReadTask {
  /** Holds raw.eml; attachments are written beside it as part-0, part-1 ... */
  readonly folder: string;
  readonly fallback: string;
}
export type ReadAnswer = { readonly letter: Letter } | { readonly failed: string };

/** The letter could not be read: it is parked with its raw bytes, and reading goes on behind it. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
}

export type Reader = (task: ReadTask) => Promise<Letter>;

/** How long an idle thread is kept, in ms. */
const idleMs = 30_000;

/**
 * One thread that reads letters one by one, shared by all mailboxes; started with the first, ended when idle.
 * A letter that takes longer than deadlineMs costs the thread its life and counts as unreadable.
 */
export const makeReader = ({ deadlineMs }: { deadlineMs: number }): Reader => {
  let worker: Worker | undefined;
  let retire: NodeJS.Timeout | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const drop = (): void => {
    void worker?.terminate();
    worker = undefined;
  };

  const begin = (): Worker => {
    const thread = new Worker(new URL("./reader.worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 512 },
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

  const read = (task: ReadTask): Promise<Letter> => {
    clearTimeout(retire);
    const thread = (worker ??= begin());
    return new Promise<Letter>((resolve, reject) => {
      const fail = (why: string): void => {
        drop();
        settle(() => reject(new Unreadable(why)));
      };
      const onError = (error: unknown): void => fail(error instanceof Error ? error.message : String(error));
      const onExit = (): void => fail("The reading thread ended.");
      const onMessage = (answer: ReadAnswer): void =>
        settle(() => ("letter" in answer ? resolve(answer.letter) : reject(new Unreadable(answer.failed))));
      const deadline = setTimeout(() => fail(`Reading took longer than ${deadlineMs / 1000} s.`), deadlineMs);
      const settle = (end: () => void): void => {
        clearTimeout(deadline);
        thread.off("error", onError).off("exit", onExit).off("message", onMessage);
        retire = setTimeout(drop, idleMs);
        retire.unref();
        end();
      };
      thread.on("error", onError).on("exit", onExit).on("message", onMessage);
      thread.postMessage(task, []);
    });
  };

  return (task) => {
    const turn = queue.then(() => read(task));
    queue = turn.catch(() => undefined);
    return turn;
  };
};
