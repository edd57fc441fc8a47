import type { alerts as english } from "../en/alerts.ts";
import type { Part } from "../words.ts";

/** Czech: news from customers and how one is told of them. */
export const alerts: Part<typeof english> = {
  "alerts.title": "Novinky",
  "alerts.count": {
    one: "{n} nová zpráva od zákazníka",
    few: "{n} nové zprávy od zákazníků",
    many: "{n} nové zprávy od zákazníků",
    other: "{n} nových zpráv od zákazníků",
  },
  "alerts.none": "Od vašeho příchodu nic nového.",
  "alerts.seeAll": "Označit vše jako viděné",
  "alerts.sound": "Zvuk",
  "alerts.sound.chime": "Zvonek",
  "alerts.sound.drop": "Kapka",
  "alerts.sound.knock": "Zaťukání",
  "alerts.sound.off": "Žádný",
  "alerts.volume": "Hlasitost",
  "alerts.unassigned": "I pro konverzace, které nikdo nemá",
  "alerts.allow": "Povolit oznámení systému",
  "alerts.allowed": "Když je tato karta skrytá, systém zobrazí oznámení.",
  "alerts.denied": "Tento prohlížeč oznámení nepovoluje.",
};
