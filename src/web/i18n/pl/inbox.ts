import type { inbox as english } from "../en/inbox.ts";
import type { Part } from "../words.ts";

/** Polish: filters, saved views and what is done to many conversations at once. */
export const inbox: Part<typeof english> = {
  "filter.title": "Filtr",
  "filter.any": "Dowolne",
  "filter.channel": "Kanał",
  "filter.assignee": "Prowadzi",
  "filter.tag": "Etykieta",
  "filter.unanswered": "Czeka na odpowiedź",
  "filter.urgent": "Pilne",
  "filter.apply": "Pokaż",
  "filter.save": "Zapisz jako widok",
  "filter.remove": "Usuń filtr: {what}",
  "views.saved": "Zapisane widoki",
  "views.forget": "Usuń widok: {name}",
  "bulk.title": "Wybrane rozmowy",
  "bulk.mine": "Przypisz mnie",
  "bulk.nobody": "Cofnij przypisanie",
  "bulk.snooze": "Odłóż",
  "bulk.tag": "Dodaj etykietę",
  "bulk.close": "Zamknij",
  "bulk.clear": "Usuń wybór",
  "bulk.choose": "Wybierz",
  "keys.choose": "Wybierz rozmowę",
  "bulk.chosen": { one: "{n} wybrana", few: "{n} wybrane", many: "{n} wybranych", other: "{n} wybranej" },
  "bulk.done": {
    one: "Zmieniono {n} rozmowę",
    few: "Zmieniono {n} rozmowy",
    many: "Zmieniono {n} rozmów",
    other: "Zmieniono {n} rozmowy",
  },
  "bulk.refused": {
    one: "Nie udało się zmienić {n} rozmowy",
    few: "Nie udało się zmienić {n} rozmów",
    many: "Nie udało się zmienić {n} rozmów",
    other: "Nie udało się zmienić {n} rozmowy",
  },
};
