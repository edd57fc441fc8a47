import type { link as english } from "../en/link.ts";
import type { Part } from "../words.ts";

/** Polish: accounts that work through a linked phone. */
export const link: Part<typeof english> = {
  "channel.whatsapp-web": "WhatsApp przez połączony telefon",
  "link.open": "Połączenie telefonu",
  "link.connect": "Połącz",
  "link.title": "{name}: połączony telefon",
  "link.phase.off": "Nie działa",
  "link.phase.starting": "Uruchamianie przeglądarki",
  "link.phase.code": "Czeka na połączenie",
  "link.phase.linking": "Połączono, wczytywanie wiadomości",
  "link.phase.ready": "Działa",
  "link.phase.degraded": "Brak połączenia z WhatsAppem",
  "link.phase.waiting": "Czeka na Ciebie",
  "link.how": "W telefonie otwórz WhatsApp, Ustawienia, Połączone urządzenia, Połącz urządzenie, i zeskanuj:",
  "link.howCode": "W telefonie wybierz Połącz numerem telefonu i przepisz:",
  "link.qr": "Kod do zeskanowania telefonem",
  "link.fresh": "Kod zmienia się sam co około 20 sekund.",
  "link.useCode": "Kod zamiast skanowania",
  "link.reconnect": "Uruchom ponownie",
  "link.logout": "Wyloguj telefon",
  "link.logoutSure": "Na pewno wylogować? Telefon trzeba będzie połączyć ponownie.",
  "link.number": "Połączony numer",
  "link.since": "Od",
  "link.memory": "Pamięć przeglądarki",
  "link.risk":
    "WhatsApp nie oferuje tego sposobu. Numer może w każdej chwili zablokować, najprędzej taki, który pisze pierwszy, szybko albo to samo do wielu osób. Użyj numeru, który możesz stracić.",
  "link.nobody": "Żaden hub nie prowadzi teraz tego konta. Czy jest włączone?",
  "link.failed": "To się nie udało: {why}",
  "told.scan": "Zeskanuj kod telefonem.",
  "told.nobodyScanned": "Nikt nie zeskanował kodu. Nowy otrzymasz przyciskiem Połącz.",
  "told.webOffline": "WhatsApp Web nie ma połączenia ({state}).",
  "told.webNotStarted": "WhatsApp Web nie uruchomił się: {why}",
  "told.webSilent": "WhatsApp Web przestał odpowiadać; uruchomi się nowa przeglądarka.",
  "told.browserEnded": "Przeglądarka się zakończyła; uruchomi się nowa.",
  "told.loggedOut": "Wylogowano w telefonie.",
  "told.openedElsewhere": "WhatsApp Web otwarto z tym logowaniem gdzie indziej.",
  "told.otherPhone": "Połączono telefon {other}, nie {number}. Został wylogowany.",
  "told.noBrowser":
    "Na maszynie huba nie ma Chromium: zainstaluj pakiet (Debian: apt-get install chromium) albo ustaw CHROMIUM_PATH.",
};
