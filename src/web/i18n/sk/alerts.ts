import type { alerts as english } from "../en/alerts.ts";
import type { Part } from "../words.ts";

/** Slovak: news from customers and how one is told of them. */
export const alerts: Part<typeof english> = {
  "alerts.title": "Novinky",
  "alerts.count": {
    one: "{n} nová správa od zákazníka",
    few: "{n} nové správy od zákazníkov",
    many: "{n} novej správy od zákazníkov",
    other: "{n} nových správ od zákazníkov",
  },
  "alerts.none": "Od vášho príchodu nič nové.",
  "alerts.seeAll": "Označiť všetko ako videné",
  "alerts.sound": "Zvuk",
  "alerts.sound.chime": "Zvonček",
  "alerts.sound.drop": "Kvapka",
  "alerts.sound.knock": "Zaklopanie",
  "alerts.sound.off": "Žiadny",
  "alerts.volume": "Hlasitosť",
  "alerts.unassigned": "Aj pre konverzácie, ktoré nikto nemá",
  "alerts.allow": "Povoliť oznámenia systému",
  "alerts.allowed": "Keď je táto karta skrytá, systém zobrazí oznámenie.",
  "alerts.denied": "Tento prehliadač oznámenia nepovoľuje.",
};
