import type { Part } from "../words.ts";
import type { outgoing as english } from "../en/outgoing.ts";

/** Polish: the words of what goes out. */
export const outgoing: Part<typeof english> = {
  "refusal.new-recipients": "Te adresy są tu nowe; potwierdź je.",
  "refusal.no-consent": "Klient nie zgodził się na informacje handlowe.",
};
