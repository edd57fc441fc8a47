import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Hub } from "#contract";

/** How many letters a mailbox remembers: enough for what a crash can leave. */
const remembered = 100;
const stored = z.object({
  done: z.array(z.string()),
  /** Letters the server was asked to take, with the process that asked. */
  begun: z.array(z.tuple([z.string(), z.string()])),
});
type Stored = z.output<typeof stored>;

export interface SentLog {
  /** Whether the server took this letter: a hub that died before its own commit sends again under the same key. */
  has(name: string): Promise<boolean>;
  /** Whether a process before this one began to hand the letter over and never said how it ended. */
  isDoubtful(name: string): Promise<boolean>;
  /** Durable when it resolves. From now on the server may have the letter. */
  begin(name: string): Promise<void>;
  done(name: string): Promise<void>;
  /** The server did not take it. */
  undo(name: string): Promise<void>;
  /** Reads the memory anew: another node may have sent meanwhile. */
  reload(): void;
}

/** How far each letter of a mailbox got on its way out, in the hub's durable memory. */
export const sentLog = (memory: Hub["memory"]): SentLog => {
  const key = "sent-log";
  const process = randomUUID();
  let loading: Promise<Stored> | undefined;
  const load = (): Promise<Stored> =>
    (loading ??= (async () => {
      const kept: unknown = JSON.parse((await memory.get(key)) ?? "{}");
      return stored.safeParse(kept).data ?? { done: [], begun: [] };
    })());
  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  /** All changes made so far are stored when it resolves; changes made while a write runs share the next one. */
  const store = (): Promise<void> => {
    const before = writing;
    next ??= (async () => {
      await before.catch(() => undefined);
      next = undefined;
      writing = memory.set(key, JSON.stringify(await load()));
      await writing;
    })();
    return next;
  };
  const change = async (by: (state: Stored) => void): Promise<void> => {
    by(await load());
    await store();
  };
  const without = (state: Stored, name: string): Stored["begun"] => state.begun.filter(([one]) => one !== name);
  return {
    has: async (name) => (await load()).done.includes(name),
    isDoubtful: async (name) => {
      const owner = (await load()).begun.find(([one]) => one === name)?.[1];
      return owner !== undefined && owner !== process;
    },
    begin: (name) =>
      change((state) => {
        state.begun = [...without(state, name), [name, process] as [string, string]].slice(-remembered);
      }),
    done: (name) =>
      change((state) => {
        state.done = [...state.done, name].slice(-remembered);
        state.begun = without(state, name);
      }),
    undo: (name) =>
      change((state) => {
        state.begun = without(state, name);
      }),
    reload: () => {
      loading = undefined;
    },
  };
};
