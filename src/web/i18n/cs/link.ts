import type { link as english } from "../en/link.ts";
import type { Part } from "../words.ts";

/** Czech: accounts that work through a linked phone. */
export const link: Part<typeof english> = {
  "channel.whatsapp-web": "WhatsApp přes propojený telefon",
  "link.open": "Propojení telefonu",
  "link.connect": "Připojit",
  "link.title": "{name}: propojený telefon",
  "link.phase.off": "Neběží",
  "link.phase.starting": "Spouští se prohlížeč",
  "link.phase.code": "Čeká na propojení",
  "link.phase.linking": "Propojeno, načítají se zprávy",
  "link.phase.ready": "Funguje",
  "link.phase.degraded": "Bez spojení s WhatsAppem",
  "link.phase.waiting": "Čeká na vás",
  "link.how": "V telefonu otevřete WhatsApp, Nastavení, Propojená zařízení, Propojit zařízení, a naskenujte:",
  "link.howCode": "V telefonu zvolte Propojit pomocí telefonního čísla a opište:",
  "link.qr": "Kód k naskenování telefonem",
  "link.fresh": "Kód se sám mění asi každých 20 sekund.",
  "link.useCode": "Kód místo skenování",
  "link.reconnect": "Spustit znovu",
  "link.logout": "Odhlásit telefon",
  "link.logoutSure": "Opravdu odhlásit? Telefon bude třeba propojit znovu.",
  "link.number": "Propojené číslo",
  "link.since": "Od",
  "link.memory": "Paměť prohlížeče",
  "link.risk":
    "Tento způsob WhatsApp nenabízí. Číslo může kdykoli zablokovat, nejspíš takové, které píše první, rychle nebo totéž mnoha lidem. Použijte číslo, o které můžete přijít.",
  "link.nobody": "Tento účet teď žádný hub neprovozuje. Je zapnutý?",
  "link.failed": "To se nepovedlo: {why}",
  "told.scan": "Naskenujte kód telefonem.",
  "told.nobodyScanned": "Kód nikdo nenaskenoval. O nový požádáte tlačítkem Připojit.",
  "told.webOffline": "WhatsApp Web nemá spojení ({state}).",
  "told.webNotStarted": "WhatsApp Web se nespustil: {why}",
  "told.webSilent": "WhatsApp Web přestal odpovídat; spustí se nový prohlížeč.",
  "told.browserEnded": "Prohlížeč skončil; spustí se nový.",
  "told.loggedOut": "Odhlášeno v telefonu.",
  "told.openedElsewhere": "WhatsApp Web byl s tímto přihlášením otevřen jinde.",
  "told.otherPhone": "Propojen byl telefon {other}, ne {number}. Byl odhlášen.",
  "told.noBrowser":
    "Na stroji hubu není Chromium: nainstalujte balíček (Debian: apt-get install chromium) nebo nastavte CHROMIUM_PATH.",
};
