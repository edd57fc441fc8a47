import type { cards as english } from "../en/cards.ts";
import type { Part } from "../words.ts";

/** Slovak: the words of cards. */
export const cards: Part<typeof english> = {
  "card.place": "Miesto",
  "card.map": "Otvoriť na mape",
  "card.order": "Objednávka",
  "card.sum": "Spolu",
  "card.form": "Vyplnený formulár",
  "card.fromAd": "Prišiel z reklamy",
  "card.product": "K produktu {product}",
  "card.unsupported": "Niečo, čo Linka nevie ukázať",
  "card.unsupportedHelp": "Volá sa to „{type}“; požiadajte zákazníka, nech to napíše, alebo sa pozrite do telefónu.",
  "card.forwarded.once": "Preposlané",
  "card.forwarded.often": "Mnohokrát preposlané",
  "card.choice.button": "Ťukol na tlačidlo",
  "card.choice.list": "Vybral zo zoznamu",
  "card.choice.template": "Odpovedal tlačidlom šablóny",
  "card.choice.call-permission.accept": "Súhlasí, že mu smiete volať",
  "card.choice.call-permission.reject": "Nesúhlasí, aby ste mu volali",
  "card.system.number-changed": "Zmenil číslo z {from} na {to}",
  "card.system.identity-changed": "Má nový telefón alebo znova nainštalovaný WhatsApp",
  "card.system.id-changed": "Má nové ID vo WhatsAppe",
  "card.system.welcome": "Prvýkrát otvoril konverzáciu",
  "card.system.marketing.stop": "Nechce už marketingové správy",
  "card.system.marketing.resume": "Chce znova marketingové správy",
  "card.system.marketing.signup": "Prihlásil sa na marketingové správy",
};
