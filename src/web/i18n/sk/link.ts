import type { link as english } from "../en/link.ts";
import type { Part } from "../words.ts";

/** Slovak: accounts that work through a linked phone. */
export const link: Part<typeof english> = {
  "channel.whatsapp-web": "WhatsApp cez prepojený telefón",
  "link.open": "Prepojenie telefónu",
  "link.connect": "Pripojiť",
  "link.title": "{name}: prepojený telefón",
  "link.phase.off": "Nebeží",
  "link.phase.starting": "Spúšťa sa prehliadač",
  "link.phase.code": "Čaká na prepojenie",
  "link.phase.linking": "Prepojené, načítavajú sa správy",
  "link.phase.ready": "Funguje",
  "link.phase.degraded": "Bez spojenia s WhatsAppom",
  "link.phase.waiting": "Čaká na vás",
  "link.how": "V telefóne otvorte WhatsApp, Nastavenia, Prepojené zariadenia, Prepojiť zariadenie, a naskenujte:",
  "link.howCode": "V telefóne zvoľte Prepojiť pomocou telefónneho čísla a odpíšte:",
  "link.qr": "Kód na naskenovanie telefónom",
  "link.fresh": "Kód sa sám mení asi každých 20 sekúnd.",
  "link.useCode": "Kód namiesto skenovania",
  "link.reconnect": "Spustiť znova",
  "link.logout": "Odhlásiť telefón",
  "link.logoutSure": "Naozaj odhlásiť? Telefón bude treba prepojiť znova.",
  "link.number": "Prepojené číslo",
  "link.since": "Od",
  "link.memory": "Pamäť prehliadača",
  "link.risk":
    "Tento spôsob WhatsApp neponúka. Číslo môže kedykoľvek zablokovať, najskôr také, ktoré píše prvé, rýchlo alebo to isté mnohým ľuďom. Použite číslo, o ktoré môžete prísť.",
  "link.nobody": "Tento účet teraz žiadny hub neprevádzkuje. Je zapnutý?",
  "link.failed": "To sa nepodarilo: {why}",
  "told.scan": "Naskenujte kód telefónom.",
  "told.nobodyScanned": "Kód nikto nenaskenoval. O nový požiadate tlačidlom Pripojiť.",
  "told.webOffline": "WhatsApp Web nemá spojenie ({state}).",
  "told.webNotStarted": "WhatsApp Web sa nespustil: {why}",
  "told.webSilent": "WhatsApp Web prestal odpovedať; spustí sa nový prehliadač.",
  "told.browserEnded": "Prehliadač skončil; spustí sa nový.",
  "told.loggedOut": "Odhlásené v telefóne.",
  "told.openedElsewhere": "WhatsApp Web bol s týmto prihlásením otvorený inde.",
  "told.otherPhone": "Prepojený bol telefón {other}, nie {number}. Bol odhlásený.",
  "told.noBrowser":
    "Na stroji hubu nie je Chromium: nainštalujte balíček (Debian: apt-get install chromium) alebo nastavte CHROMIUM_PATH.",
};
