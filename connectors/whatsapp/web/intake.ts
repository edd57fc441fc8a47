import { setTimeout as wait } from "node:timers/promises";
import type { Hub } from "#contract";
import { customerIn, type FetchFile, toInbound } from "./parse.ts";
import type { Record } from "./record.ts";
import type { Customer } from "./thread.ts";

const cursorKey = "since";
const saveMs = 1_000;
const retryMs = { first: 250, most: 10_000 };

/** Stores what the child tells, each chat in its order, and remembers up to when everything is stored. */
export interface Intake {
  take(record: Record): void;
  /** The child has told everything up to this moment (Unix seconds). */
  caughtUp(at: number): void;
  /** Unix seconds; undefined: this account never stored anything. */
  since(): Promise<number | undefined>;
  /** Waits for what is being stored, and writes the position down. */
  close(): Promise<void>;
}

/**
 * The chat's name for good. WhatsApp may show the same person by number today and by hidden id tomorrow: the first name
 * stands, under both.
 */
const nameChat = async (hub: Hub, { lid, ...chat }: Record["chat"]): Promise<Customer> => {
  const name = customerIn({ ...chat, ...(lid !== undefined && { lid }) });
  return lid === undefined ? name : ((await hub.memory.setOnce(`chat ${lid}`, name)) as Customer);
};

export const openIntake = (input: {
  readonly hub: Hub;
  readonly ours: string;
  readonly fetchFile: FetchFile;
  readonly keyOf: (stanza: string) => string | undefined;
  readonly signal: AbortSignal;
}): Intake => {
  const { hub, ours, fetchFile, signal } = input;
  const names = new Map<string, Promise<Customer>>();
  const chains = new Map<string, Promise<void>>();
  /** Moments of what is not stored yet: the position may not pass them. */
  const open = new Map<symbol, number>();
  let reached: number | undefined;
  let saved: number | undefined;
  let saving: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const nameOf = async (chat: Record["chat"]): Promise<Customer> => {
    const key = JSON.stringify(chat);
    const known = names.get(key) ?? nameChat(hub, chat);
    names.set(key, known);
    known.catch(() => names.delete(key));
    return known;
  };

  const store = async (record: Record): Promise<void> => {
    const customer = await nameOf(record.chat);
    // A receipt for a send that never came to its answer names it by our own key: so its outcome is known after all.
    const event = toInbound(ours, { ...record, customer }, fetchFile);
    if (event === undefined) return;
    await hub.receive(event);
    const key = record.type === "ack" && record.fromMe ? input.keyOf(record.stanza) : undefined;
    if (key !== undefined && event.type === "receipt") await hub.receive({ ...event, id: key as typeof event.id });
  };

  const position = (): number | undefined => (reached === undefined ? undefined : Math.min(reached, ...open.values()));
  const save = (): void => {
    const at = position();
    if (at === undefined || at === saved) return;
    saved = at;
    saving = saving
      .then(() => hub.memory.set(cursorKey, String(at)))
      .catch(() => {
        saved = undefined;
      });
  };
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      save();
    }, saveMs);
  };

  const untilStored = async (record: Record): Promise<void> => {
    const mark = Symbol(record.type);
    open.set(mark, record.at);
    for (let delay = retryMs.first; !signal.aborted; delay = Math.min(delay * 2, retryMs.most)) {
      try {
        await store(record);
        open.delete(mark);
        return soon();
      } catch {
        hub.log.warn("an event could not be stored; it is tried again", { type: record.type });
        await wait(delay, undefined, { signal }).catch(() => undefined);
      }
    }
  };

  return {
    take: (record) => {
      // Behind the first catching up nothing is missing that this moment could hide.
      if (reached !== undefined) reached = Math.max(reached, record.at);
      const chat = JSON.stringify(record.chat);
      const chain = (chains.get(chat) ?? Promise.resolve()).then(() => untilStored(record));
      chains.set(chat, chain);
      void chain.finally(() => {
        if (chains.get(chat) === chain) chains.delete(chat);
      });
      hub.alive();
    },
    caughtUp: (at) => {
      reached = Math.max(reached ?? 0, at);
      soon();
    },
    since: async () => {
      const text = await hub.memory.get(cursorKey);
      const at = Number(text);
      saved = text === undefined || !Number.isFinite(at) ? undefined : at;
      return saved;
    },
    close: async () => {
      await Promise.allSettled(chains.values());
      clearTimeout(timer);
      save();
      await saving;
    },
  };
};
