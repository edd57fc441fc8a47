import type { inbox as english } from "../en/inbox.ts";
import type { Part } from "../words.ts";

/** Slovak: filters, saved views and what is done to many conversations at once. */
export const inbox: Part<typeof english> = {
  "filter.title": "Filter",
  "filter.any": "Čokoľvek",
  "filter.channel": "Kanál",
  "filter.assignee": "Rieši",
  "filter.tag": "Štítok",
  "filter.unanswered": "Čaká na odpoveď",
  "filter.urgent": "Naliehavé",
  "filter.apply": "Zobraziť",
  "filter.save": "Uložiť ako pohľad",
  "filter.remove": "Zrušiť filter: {what}",
  "views.saved": "Uložené pohľady",
  "views.forget": "Zmazať pohľad: {name}",
  "bulk.title": "Vybrané konverzácie",
  "bulk.mine": "Priradiť mne",
  "bulk.nobody": "Zrušiť priradenie",
  "bulk.snooze": "Odložiť",
  "bulk.tag": "Pridať štítok",
  "bulk.close": "Uzavrieť",
  "bulk.clear": "Zrušiť výber",
  "bulk.choose": "Vybrať",
  "keys.choose": "Vybrať konverzáciu",
  "bulk.chosen": { one: "{n} vybraná", few: "{n} vybrané", many: "{n} vybranej", other: "{n} vybraných" },
  "bulk.done": {
    one: "Zmenená {n} konverzácia",
    few: "Zmenené {n} konverzácie",
    many: "Zmenené {n} konverzácie",
    other: "Zmenených {n} konverzácií",
  },
  "bulk.refused": {
    one: "{n} konverzáciu sa nepodarilo zmeniť",
    few: "{n} konverzácie sa nepodarilo zmeniť",
    many: "{n} konverzácie sa nepodarilo zmeniť",
    other: "{n} konverzácií sa nepodarilo zmeniť",
  },
};
