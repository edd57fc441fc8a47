import type { DraftView } from "#wire";
import { Refused, refusalOf, type Ask } from "./refused.ts";
import { createBells } from "./value.ts";

export type Mode = "reply" | "note";

export interface Drafts {
  readonly body: (input: { id: string; mode: Mode }) => string;
  readonly subscribe: (input: { id: string; mode: Mode }, listener: () => void) => () => void;
  readonly write: (input: { id: string; mode: Mode; body: string }) => void;
  /** Another tab or an earlier session wrote this. Ignored while what is typed here is newer. */
  readonly learn: (input: { id: string; draft: DraftView }) => void;
  /** Saves at once what waits: on leaving a conversation, hiding the tab, and when the line is up again. */
  readonly flush: () => void;
  readonly unsaved: () => number;
}

interface Slot {
  readonly id: string;
  readonly mode: Mode;
  body: string;
  rev: number;
  dirty: boolean;
  saving: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Unsent text, kept on the server per conversation and mode. Every slot knows whose it is, so switching A -> B -> A
 * while a save is under way can neither lose text nor put it elsewhere; saves of one slot never overlap.
 */
export const createDrafts = (input: { readonly ask: Ask; readonly delayMs?: number }): Drafts => {
  const { ask, delayMs = 600 } = input;
  const slots = new Map<string, Slot>();
  const bells = createBells();
  const keyOf = (id: string, mode: Mode) => `${mode}:${id}`;

  const slotOf = (id: string, mode: Mode): Slot => {
    const known = slots.get(keyOf(id, mode));
    if (known !== undefined) return known;
    const slot: Slot = { id, mode, body: "", rev: 0, dirty: false, saving: false, timer: undefined };
    slots.set(keyOf(id, mode), slot);
    return slot;
  };

  const save = async (slot: Slot): Promise<void> => {
    clearTimeout(slot.timer);
    slot.timer = undefined;
    if (slot.saving || !slot.dirty) return;
    slot.saving = true;
    slot.dirty = false;
    const body = slot.body;
    try {
      const { draft } = await ask("draft.save", { conversationId: slot.id, mode: slot.mode, body, rev: slot.rev });
      slot.rev = draft.rev;
    } catch (thrown) {
      slot.dirty = true;
      const newer = thrown instanceof Refused && thrown.code === "conflict" ? revOf(thrown.data) : null;
      // what is typed here is what the agent looks at: it wins over the other tab
      if (newer !== null) slot.rev = newer;
      else if (refusalOf(thrown) !== "unavailable") slot.dirty = false;
    } finally {
      slot.saving = false;
    }
    if (slot.dirty) slot.timer = setTimeout(() => void save(slot), delayMs);
  };

  return {
    body: ({ id, mode }) => slots.get(keyOf(id, mode))?.body ?? "",
    subscribe: ({ id, mode }, listener) => bells.subscribe(keyOf(id, mode), listener),
    write: ({ id, mode, body }) => {
      const slot = slotOf(id, mode);
      if (slot.body === body) return;
      slot.body = body;
      slot.dirty = true;
      clearTimeout(slot.timer);
      slot.timer = setTimeout(() => void save(slot), delayMs);
      bells.ring(keyOf(id, mode));
    },
    learn: ({ id, draft }) => {
      const slot = slotOf(id, draft.mode);
      if (draft.rev <= slot.rev) return;
      slot.rev = draft.rev;
      if (slot.dirty || slot.saving || slot.body === draft.body) return;
      slot.body = draft.body;
      bells.ring(keyOf(id, draft.mode));
    },
    flush: () => {
      for (const slot of slots.values()) void save(slot);
    },
    unsaved: () => [...slots.values()].filter((slot) => slot.dirty || slot.saving).length,
  };
};

const revOf = (data: unknown): number | null => {
  const draft = typeof data === "object" && data !== null && "draft" in data ? data.draft : null;
  return typeof draft === "object" && draft !== null && "rev" in draft && typeof draft.rev === "number"
    ? draft.rev
    : null;
};
