import type { Inbound } from "#contract";
import type { Journal } from "./journal.ts";

/** One event a channel handed over: its channel, what it was, what became of it, and how long it took in s. */
export interface Arrival {
  readonly channel: string;
  readonly type: Inbound["type"];
  readonly outcome: "stored" | "refused";
  readonly seconds: number;
}

/** The journal with somebody counting what comes in. */
export const watchedJournal = (journal: Journal, saw: (arrival: Arrival) => void): Journal => ({
  ...journal,
  receive: async ({ account, event }) => {
    const began = performance.now();
    const tell = (outcome: Arrival["outcome"]): void =>
      saw({ channel: account.channel, type: event.type, outcome, seconds: (performance.now() - began) / 1000 });
    try {
      await journal.receive({ account, event });
    } catch (thrown) {
      tell("refused");
      throw thrown;
    }
    tell("stored");
  },
});
