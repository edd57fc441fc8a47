/**
 * Places at a mail server, shared by all mailboxes of this process: a hub that starts with four hundred of them must
 * not look like an attack to the one server they live on.
 */
export interface Gate {
  /** Waits for a place; gives the function that leaves it. Rejects when the signal aborts. */
  enter(host: string, signal: AbortSignal): Promise<() => void>;
}

interface Queue {
  inside: number;
  readonly waiting: (() => void)[];
}

export const makeGate = ({ places }: { readonly places: number }): Gate => {
  const queues = new Map<string, Queue>();
  return {
    enter: async (host, signal) => {
      signal.throwIfAborted();
      const queue = queues.get(host) ?? { inside: 0, waiting: [] };
      queues.set(host, queue);
      if (queue.inside < places) queue.inside++;
      else
        await new Promise<void>((resolve, reject) => {
          const turn = (): void => {
            signal.removeEventListener("abort", give);
            resolve();
          };
          const give = (): void => {
            queue.waiting.splice(queue.waiting.indexOf(turn), 1);
            reject(signal.reason);
          };
          queue.waiting.push(turn);
          signal.addEventListener("abort", give, { once: true });
        });
      let left = false;
      return () => {
        if (left) return;
        left = true;
        const next = queue.waiting.shift();
        if (next !== undefined) return next();
        queue.inside--;
        if (queue.inside === 0) queues.delete(host);
      };
    },
  };
};
