import type { Part } from "../words.ts";
import type { outgoing as english } from "../en/outgoing.ts";

/** Czech: the words of what goes out. */
export const outgoing: Part<typeof english> = {
  "refusal.new-recipients": "Tyto adresy jsou tu nové; potvrďte je.",
  "refusal.no-consent": "Zákazník nedal souhlas s obchodními sděleními.",
};
