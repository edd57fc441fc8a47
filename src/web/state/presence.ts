import type { Presence as PresenceNews } from "#wire";
import type { Ask } from "./refused.ts";
import type { Mode } from "./drafts.ts";
import { createBells } from "./value.ts";

export interface Around {
  readonly viewers: PresenceNews["viewers"];
  readonly customerTyping: boolean;
}

export interface Presence {
  readonly of: (id: string) => Around;
  readonly subscribe: (id: string, listener: () => void) => () => void;
  readonly learn: (news: readonly PresenceNews[]) => void;
  /** Says where this agent is; repeated every 5 s until `leave`. */
  readonly look: (id: string) => void;
  /** The agent pressed a key in the composer. */
  readonly typed: (input: { id: string; mode: Mode }) => void;
  /** The agent left the composer: what is written there rests. */
  readonly rested: (id: string) => void;
  readonly leave: () => void;
  /** The line is up again: the hub has forgotten where this agent is. */
  readonly again: () => void;
}

const nobody: Around = { viewers: [], customerTyping: false };
/** The hub forgets a silent desk after 15 s; so do we forget the others. */
const forgetMs = 15_000;
const repeatMs = 5_000;
const composingMs = 6_000;

/** Who looks at and who writes in which conversation. The agent's own name never comes back. */
export const createPresence = (input: {
  readonly ask: Ask;
  readonly meId: string;
  readonly now: () => number;
}): Presence => {
  const { ask, meId, now } = input;
  const around = new Map<string, Around>();
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const bells = createBells();
  let here: string | null = null;
  let mode: Mode = "reply";
  let typedAt = 0;
  let told = "";
  let beat: ReturnType<typeof setTimeout> | undefined;

  const tell = (id: string, activity: "viewing" | "composing" | "gone") => {
    told = `${id}:${activity}:${mode}`;
    void ask("presence", { conversationId: id, activity, mode }).catch(() => undefined);
  };

  const pulse = () => {
    clearTimeout(beat);
    if (here === null) return;
    tell(here, now() - typedAt < composingMs ? "composing" : "viewing");
    beat = setTimeout(pulse, repeatMs);
  };

  const forget = (id: string) => {
    timers.delete(id);
    if (around.delete(id)) bells.ring(id);
  };

  return {
    of: (id) => around.get(id) ?? nobody,
    subscribe: (id, listener) => bells.subscribe(id, listener),
    learn: (news) => {
      for (const { conversationId, viewers, customerTyping } of news) {
        clearTimeout(timers.get(conversationId));
        const others = viewers.filter((viewer) => viewer.userId !== meId);
        if (others.length === 0 && !customerTyping) {
          forget(conversationId);
          continue;
        }
        around.set(conversationId, { viewers: others, customerTyping });
        timers.set(
          conversationId,
          setTimeout(() => forget(conversationId), forgetMs),
        );
        bells.ring(conversationId);
      }
    },
    look: (id) => {
      if (here !== null && here !== id) tell(here, "gone");
      here = id;
      typedAt = 0;
      pulse();
    },
    typed: ({ id, mode: next }) => {
      if (here !== id) return;
      mode = next;
      typedAt = now();
      if (told !== `${id}:composing:${mode}`) pulse();
    },
    rested: (id) => {
      if (here !== id || typedAt === 0) return;
      typedAt = 0;
      pulse();
    },
    again: pulse,
    leave: () => {
      clearTimeout(beat);
      if (here !== null) tell(here, "gone");
      here = null;
    },
  };
};
