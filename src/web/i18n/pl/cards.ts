import type { cards as english } from "../en/cards.ts";
import type { Part } from "../words.ts";

/** Polish: the words of cards. */
export const cards: Part<typeof english> = {
  "card.place": "Miejsce",
  "card.map": "Otwórz na mapie",
  "card.order": "Zamówienie",
  "card.sum": "Razem",
  "card.form": "Wypełniony formularz",
  "card.fromAd": "Z reklamy",
  "card.product": "Dotyczy produktu {product}",
  "card.unsupported": "Coś, czego Linka nie potrafi pokazać",
  "card.unsupportedHelp": "Nazywa się „{type}”; poproś klienta, żeby to napisał, albo sprawdź w telefonie.",
  "card.forwarded.once": "Przekazane",
  "card.forwarded.often": "Przekazane wiele razy",
  "card.choice.button": "Naciśnięto przycisk",
  "card.choice.list": "Wybrano z listy",
  "card.choice.template": "Odpowiedź przyciskiem szablonu",
  "card.choice.call-permission.accept": "Zgoda na telefon od was",
  "card.choice.call-permission.reject": "Brak zgody na telefon od was",
  "card.system.number-changed": "Zmiana numeru z {from} na {to}",
  "card.system.identity-changed": "Nowy telefon albo WhatsApp zainstalowany ponownie",
  "card.system.id-changed": "Nowy identyfikator w WhatsAppie",
  "card.system.welcome": "Pierwsze otwarcie rozmowy",
  "card.system.marketing.stop": "Nie chce już wiadomości marketingowych",
  "card.system.marketing.resume": "Znów chce wiadomości marketingowe",
  "card.system.marketing.signup": "Zapis na wiadomości marketingowe",
};
