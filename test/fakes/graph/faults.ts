import type { GraphCall } from "./call.ts";
import type { GraphRefusal } from "./refusal.ts";

/** What happens instead of, or after, the request's work. */
export type Mishap =
  | { readonly refuse: GraphRefusal }
  /** A gateway's page instead of Meta's JSON. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks before the request is looked at. */
  | "reset"
  /** No answer, nothing done. */
  | "hang"
  /** Done, and the connection breaks before the answer. */
  | "done-then-reset"
  /** Done, and no answer ever comes. */
  | "done-then-hang";

export interface Fault {
  readonly on?: (call: GraphCall) => boolean;
  /** How many requests it hits; absent = until `clear`. */
  readonly times?: number;
  /** Every n-th matching request; absent = each. */
  readonly every?: number;
  readonly does: Mishap;
  /** Called when it hits. */
  readonly hit?: () => void;
}

export const makeFaults = () => {
  let faults: { fault: Fault; seen: number; hits: number }[] = [];
  return {
    add: (fault: Fault): void => void faults.push({ fault, seen: 0, hits: 0 }),
    clear: (): void => void (faults = []),
    /** The mishap this request meets, if any. */
    of: (call: GraphCall): Mishap | undefined => {
      for (const entry of faults) {
        const { fault } = entry;
        if (fault.on?.(call) === false) continue;
        if (fault.times !== undefined && entry.hits >= fault.times) continue;
        entry.seen += 1;
        if (entry.seen % (fault.every ?? 1) !== 0) continue;
        entry.hits += 1;
        fault.hit?.();
        return fault.does;
      }
      return undefined;
    },
  };
};
