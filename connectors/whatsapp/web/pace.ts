import { setTimeout as wait } from "node:timers/promises";
import { ConnectorError } from "#contract";

export type Turn = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

const givenUp = (): ConnectorError => new ConnectorError("unreachable", "Given up before it was sent.");

/**
 * One send after the other with a pause of `ms` on average, by chance half as long or half as long again: what is sent
 * fast and evenly is taken for a machine. Who gives up while waiting has sent nothing.
 */
export const makePace = ({ ms, random }: { readonly ms: number; readonly random: () => number }): Turn => {
  let line: Promise<unknown> = Promise.resolve();
  let free = 0;
  return (signal, work) => {
    const turn = line.then(async () => {
      const pause = free - performance.now();
      if (pause > 0 && !signal.aborted) await wait(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw givenUp();
      try {
        return await work();
      } finally {
        free = performance.now() + ms * (0.5 + random());
      }
    });
    line = turn.catch(() => undefined);
    return turn;
  };
};
