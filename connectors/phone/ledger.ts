import type { CallReport, CallStore, Hub } from "#contract";
import { z } from "zod";
import { threadOf } from "./thread.ts";

/** What must be known of a running call when the hub comes back after it was killed. */
const entry = z.object({
  id: z.string(),
  direction: z.enum(["in", "out"]),
  startedAt: z.number(),
  answeredAt: z.number().optional(),
  talked: z.boolean(),
  queue: z.string().optional(),
  agentId: z.string().optional(),
  card: z.record(z.string(), z.unknown()),
  events: z.number(),
  recordings: z.array(z.string()),
  notice: z.object({ at: z.number(), version: z.string() }).optional(),
  keepDays: z.number(),
});
export type Entry = z.output<typeof entry>;

const slotKey = (slot: number): string => `running:${slot}`;

/**
 * Running calls in the account's durable memory, one slot each; slots are used again, so that the memory stays as large
 * as the busiest moment was.
 */
export const openLedger = (hub: Hub) => {
  const taken = new Map<number, string>();
  const writing = new Map<number, Promise<void>>();
  const slotOf = (id: string): number => {
    for (const [slot, owner] of taken) if (owner === id) return slot;
    let slot = 0;
    while (taken.has(slot)) slot += 1;
    taken.set(slot, id);
    return slot;
  };
  const write = (slot: number, value: string): void => {
    const before = writing.get(slot) ?? Promise.resolve();
    const next = before.then(() => hub.memory.set(slotKey(slot), value)).catch(() => undefined);
    writing.set(slot, next);
  };
  return {
    keep: (value: Entry): void => write(slotOf(value.id), JSON.stringify(value)),
    forget: (id: string): void => {
      const slot = slotOf(id);
      write(slot, "");
      taken.delete(slot);
    },
    /** What ran when the hub last ended. */
    left: async (): Promise<readonly Entry[]> => {
      const found: Entry[] = [];
      for (let slot = 0; ; slot += 1) {
        const text = await hub.memory.get(slotKey(slot));
        if (text === undefined) return found;
        if (text === "") continue;
        const read = entry.safeParse(JSON.parse(text));
        if (read.success) found.push(read.data);
      }
    },
    clear: async (): Promise<void> => {
      for (let slot = 0; ; slot += 1) {
        if ((await hub.memory.get(slotKey(slot))) === undefined) return;
        await hub.memory.set(slotKey(slot), "");
      }
    },
    settled: async (): Promise<void> => {
      await Promise.all(writing.values());
    },
  };
};

/** The truth about a call whose end nobody saw: it ended with the hub, and a caller nobody spoke to is called back. */
const closingReport = (left: Entry, at: number): CallReport => {
  const missed = left.direction === "in" && !left.talked;
  return {
    thread: threadOf(left.id),
    id: left.id,
    direction: left.direction,
    state: "ended",
    startedAt: new Date(left.startedAt),
    ...(left.answeredAt !== undefined && { answeredAt: new Date(left.answeredAt) }),
    endedAt: new Date(at),
    ...(left.queue !== undefined && { queue: left.queue }),
    ...(left.agentId !== undefined && { agentId: left.agentId }),
    ...(missed && { missed: true }),
    card: {
      ...left.card,
      state: "ended",
      missed,
      outcome: missed ? "abandoned" : "interrupted",
      endedAt: new Date(at).toISOString(),
    },
    text: "",
    // What was stored before keeps its place: this one is the next.
    events: [
      ...Array.from({ length: left.events }, () => ({ at: new Date(left.startedAt), name: "", detail: {} })),
      { at: new Date(at), name: "ended", detail: { by: "hub", reason: "the hub was restarted" } },
    ],
  };
};

/** Stores the ends of calls that a restart cut off. A call that never reached the store has nothing to be ended. */
export const settleLeft = async (input: {
  readonly left: readonly Entry[];
  readonly store: CallStore | undefined;
  readonly at: number;
  readonly warn: (text: string, fields?: object) => void;
}): Promise<void> => {
  for (const one of input.left)
    await input.store?.put(closingReport(one, input.at)).catch((thrown: unknown) => {
      input.warn("the end of an interrupted call was not stored", { call: one.id, reason: String(thrown) });
    });
};

export type Ledger = ReturnType<typeof openLedger>;
