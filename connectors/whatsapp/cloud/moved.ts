import type { Address, Hub, InboundMessage, ThreadKey } from "#contract";
import { type Party, partyAt, toThreadKey } from "../thread.ts";

/** Somebody who moved so often is at the last place we know. */
const mostMoves = 10;
const memoryKey = (thread: ThreadKey): string => `moved:${thread}`;

/** Where people went whose number or id changed: what answers no message (a reaction) still knows only their thread. */
export const openMoves = (ours: string, memory: Hub["memory"]) => ({
  /** Learns from news that names the new address first and the former ones after it. */
  learn: async ({ kind, from }: InboundMessage): Promise<void> => {
    const [now, ...former] = from.addresses;
    if (kind !== "system" || now === undefined) return;
    const target = toThreadKey(ours, partyAt(now));
    for (const address of former) {
      const key = toThreadKey(ours, partyAt(address));
      if (key !== target && address.kind === now.kind) await memory.set(memoryKey(key), JSON.stringify(now));
    }
  },
  /** Where the person of a thread is now; undefined when they never moved. */
  find: async (thread: ThreadKey): Promise<Party | undefined> => {
    let party: Party | undefined;
    let key = thread;
    for (let move = 0; move < mostMoves; move += 1) {
      const value = await memory.get(memoryKey(key));
      if (value === undefined) break;
      party = partyAt(JSON.parse(value) as Address);
      key = toThreadKey(ours, party);
    }
    return party;
  },
});
export type Moves = ReturnType<typeof openMoves>;
