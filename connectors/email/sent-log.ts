import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Hub } from "#contract";

/** How many letters a mailbox remembers: many times what a crash can leave. */
const remembered = 300;
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
}

/**
 * How far each letter of a mailbox got on its way out, in the hub's durable memory. Nothing is kept here between two calls:
 * another node may have sent meanwhile.
 */
export const sentLog = (memory: Hub["memory"]): SentLog => {
  const key = "sent-log";
  const process = randomUUID();
  const read = async (): Promise<Stored> => {
    const kept: unknown = JSON.parse((await memory.get(key)) ?? "{}");
    return stored.safeParse(kept).data ?? { done: [], begun: [] };
  };
  interface Change {
    readonly by: (state: Stored) => void;
    readonly settled: PromiseWithResolvers<void>;
  }
  let waiting: Change[] = [];
  let writing = false;
  /** One write at a time; what is asked for meanwhile shares the next one. */
  const write = async (): Promise<void> => {
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const state = await read();
        for (const { by } of batch) by(state);
        await memory.set(key, JSON.stringify(state));
        for (const { settled } of batch) settled.resolve();
      } catch (thrown) {
        for (const { settled } of batch) settled.reject(thrown);
      }
    }
    writing = false;
  };
  const change = async (by: Change["by"]): Promise<void> => {
    const settled = Promise.withResolvers<void>();
    waiting.push({ by, settled });
    if (!writing) void write();
    await settled.promise;
  };
  const without = (state: Stored, name: string): Stored["begun"] => state.begun.filter(([one]) => one !== name);
  return {
    has: async (name) => (await read()).done.includes(name),
    isDoubtful: async (name) => {
      const owner = (await read()).begun.find(([one]) => one === name)?.[1];
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
  };
};
