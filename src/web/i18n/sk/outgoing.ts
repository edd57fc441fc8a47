import type { Part } from "../words.ts";
import type { outgoing as english } from "../en/outgoing.ts";

/** Slovak: the words of what goes out. */
export const outgoing: Part<typeof english> = {
  "refusal.new-recipients": "Tieto adresy sú tu nové; potvrďte ich.",
  "refusal.no-consent": "Zákazník nedal súhlas s obchodnými oznámeniami.",
};
