import type { alerts as english } from "../en/alerts.ts";
import type { Part } from "../words.ts";

/** Polish: news from customers and how one is told of them. */
export const alerts: Part<typeof english> = {
  "alerts.title": "Nowości",
  "alerts.count": {
    one: "{n} nowa wiadomość od klienta",
    few: "{n} nowe wiadomości od klientów",
    many: "{n} nowych wiadomości od klientów",
    other: "{n} nowej wiadomości od klientów",
  },
  "alerts.none": "Nic nowego od Twojego przyjścia.",
  "alerts.seeAll": "Oznacz wszystko jako widziane",
  "alerts.sound": "Dźwięk",
  "alerts.sound.chime": "Dzwonek",
  "alerts.sound.drop": "Kropla",
  "alerts.sound.knock": "Pukanie",
  "alerts.sound.off": "Brak",
  "alerts.volume": "Głośność",
  "alerts.unassigned": "Także dla rozmów, których nikt nie ma",
  "alerts.allow": "Zezwól na powiadomienia systemu",
  "alerts.allowed": "Gdy ta karta jest ukryta, system pokaże powiadomienie.",
  "alerts.denied": "Ta przeglądarka nie zezwala na powiadomienia.",
};
