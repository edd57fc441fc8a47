import type { cards as english } from "../en/cards.ts";
import type { Part } from "../words.ts";

/** Czech: the words of cards. */
export const cards: Part<typeof english> = {
  "card.place": "Místo",
  "card.map": "Otevřít na mapě",
  "card.order": "Objednávka",
  "card.sum": "Celkem",
  "card.form": "Vyplněný formulář",
  "card.fromAd": "Přišel z reklamy",
  "card.product": "K produktu {product}",
  "card.unsupported": "Něco, co Linka neumí ukázat",
  "card.unsupportedHelp": "Jmenuje se to „{type}“; požádejte zákazníka, ať to napíše, nebo se podívejte do telefonu.",
  "card.forwarded.once": "Přeposláno",
  "card.forwarded.often": "Mnohokrát přeposláno",
  "card.choice.button": "Klepl na tlačítko",
  "card.choice.list": "Vybral ze seznamu",
  "card.choice.template": "Odpověděl tlačítkem šablony",
  "card.choice.call-permission.accept": "Souhlasí, že mu smíte volat",
  "card.choice.call-permission.reject": "Nesouhlasí, abyste mu volali",
  "card.system.number-changed": "Změnil číslo z {from} na {to}",
  "card.system.identity-changed": "Má nový telefon nebo znovu nainstalovaný WhatsApp",
  "card.system.id-changed": "Má nové ID na WhatsAppu",
  "card.system.welcome": "Poprvé otevřel konverzaci",
  "card.system.marketing.stop": "Nechce už marketingové zprávy",
  "card.system.marketing.resume": "Chce zase marketingové zprávy",
  "card.system.marketing.signup": "Přihlásil se k marketingovým zprávám",
};
