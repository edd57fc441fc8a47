import type { inbox as english } from "../en/inbox.ts";
import type { Part } from "../words.ts";

/** Czech: filters, saved views and what is done to many conversations at once. */
export const inbox: Part<typeof english> = {
  "filter.title": "Filtr",
  "filter.any": "Cokoli",
  "filter.channel": "Kanál",
  "filter.assignee": "Řeší",
  "filter.tag": "Štítek",
  "filter.unanswered": "Čeká na odpověď",
  "filter.urgent": "Naléhavé",
  "filter.apply": "Zobrazit",
  "filter.save": "Uložit jako pohled",
  "filter.remove": "Zrušit filtr: {what}",
  "views.saved": "Uložené pohledy",
  "views.forget": "Smazat pohled: {name}",
  "bulk.title": "Vybrané konverzace",
  "bulk.mine": "Přiřadit mně",
  "bulk.nobody": "Zrušit přiřazení",
  "bulk.snooze": "Odložit",
  "bulk.tag": "Přidat štítek",
  "bulk.close": "Uzavřít",
  "bulk.clear": "Zrušit výběr",
  "bulk.choose": "Vybrat",
  "keys.choose": "Vybrat konverzaci",
  "bulk.chosen": { one: "{n} vybraná", few: "{n} vybrané", many: "{n} vybrané", other: "{n} vybraných" },
  "bulk.done": {
    one: "Změněna {n} konverzace",
    few: "Změněny {n} konverzace",
    many: "Změněno {n} konverzace",
    other: "Změněno {n} konverzací",
  },
  "bulk.refused": {
    one: "{n} konverzaci nešlo změnit",
    few: "{n} konverzace nešlo změnit",
    many: "{n} konverzace nešlo změnit",
    other: "{n} konverzací nešlo změnit",
  },
};
