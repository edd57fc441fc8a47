import type { CallState } from "./control/state.ts";
import type { languages } from "./settings.ts";

type Language = (typeof languages)[number];

/** What the hub says to callers when nobody wrote other words. */
const said: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  cs: {
    closed: "Dobrý den. Právě máme zavřeno. Zavolejte nám prosím v pracovní době. Na shledanou.",
    voicemail: "Nikdo teď nemůže hovor přijmout. Po zaznění tónu nám prosím zanechte vzkaz. Ukončíte ho křížkem.",
    callback: "Děkujeme. Zavoláme vám zpět. Na shledanou.",
    goodbye: "Děkujeme za zavolání. Na shledanou.",
    position: "Jste v pořadí na místě {n}. Když stisknete hvězdičku, zavoláme vám zpět.",
  },
  sk: {
    closed: "Dobrý deň. Práve máme zatvorené. Zavolajte nám prosím v pracovnom čase. Dovidenia.",
    voicemail: "Nikto teraz nemôže hovor prijať. Po zaznení tónu nám prosím nechajte odkaz. Ukončíte ho mriežkou.",
    callback: "Ďakujeme. Zavoláme vám späť. Dovidenia.",
    goodbye: "Ďakujeme za zavolanie. Dovidenia.",
    position: "Ste v poradí na mieste {n}. Keď stlačíte hviezdičku, zavoláme vám späť.",
  },
  pl: {
    closed: "Dzień dobry. Teraz jest zamknięte. Prosimy zadzwonić w godzinach pracy. Do widzenia.",
    voicemail: "Nikt nie może teraz odebrać. Po sygnale prosimy zostawić wiadomość. Kończy ją krzyżyk.",
    callback: "Dziękujemy. Oddzwonimy. Do widzenia.",
    goodbye: "Dziękujemy za telefon. Do widzenia.",
    position: "Państwa miejsce w kolejce: {n}. Po naciśnięciu gwiazdki oddzwonimy.",
  },
  en: {
    closed: "Hello. We are closed now. Please call again during our opening hours. Goodbye.",
    voicemail: "Nobody can take your call now. Please leave a message after the tone. End it with the hash key.",
    callback: "Thank you. We will call you back. Goodbye.",
    goodbye: "Thank you for calling. Goodbye.",
    position: "You are number {n} in the queue. Press star and we will call you back.",
  },
};

/** The words of a prompt in a language; undefined = it has none (music, tone). */
export const wordsOf = (prompt: string, language: string): string | undefined => {
  const own = said[language as Language] ?? said.en;
  const [name = "", detail = ""] = prompt.split(":");
  return own[name]?.replace("{n}", detail);
};

type Told = "in" | "out" | "talked" | "missed" | "voicemail" | "callback" | "closed" | "unanswered" | "failed";

const lines: Readonly<Record<Language, Readonly<Record<Told, string>>>> = {
  cs: {
    in: "Příchozí hovor",
    out: "Odchozí hovor",
    talked: "Hovor",
    missed: "Zmeškaný hovor",
    voicemail: "Hlasový vzkaz",
    callback: "Prosí o zavolání zpět",
    closed: "Hovor mimo pracovní dobu",
    unanswered: "Volaný nepřijal hovor",
    failed: "Hovor se nepodařil",
  },
  sk: {
    in: "Prichádzajúci hovor",
    out: "Odchádzajúci hovor",
    talked: "Hovor",
    missed: "Zmeškaný hovor",
    voicemail: "Hlasový odkaz",
    callback: "Prosí o zavolanie späť",
    closed: "Hovor mimo pracovného času",
    unanswered: "Volaný neprijal hovor",
    failed: "Hovor sa nepodaril",
  },
  pl: {
    in: "Połączenie przychodzące",
    out: "Połączenie wychodzące",
    talked: "Rozmowa",
    missed: "Nieodebrane połączenie",
    voicemail: "Wiadomość głosowa",
    callback: "Prosi o oddzwonienie",
    closed: "Połączenie poza godzinami pracy",
    unanswered: "Rozmówca nie odebrał",
    failed: "Połączenie nie powiodło się",
  },
  en: {
    in: "Incoming call",
    out: "Outgoing call",
    talked: "Call",
    missed: "Missed call",
    voicemail: "Voice message",
    callback: "Asks to be called back",
    closed: "Call outside opening hours",
    unanswered: "Not answered",
    failed: "The call failed",
  },
};

const clock = (ms: number): string => {
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

/** One line about a call for lists, in the language of its line. */
export const callText = (state: CallState): string => {
  const own = lines[state.line.language as Language] ?? lines.en;
  if (state.phase !== "ended") return state.direction === "in" ? own.in : own.out;
  if (state.talkedAt !== undefined) return `${own.talked} ${clock((state.endedAt ?? state.talkedAt) - state.talkedAt)}`;
  const { outcome } = state;
  if (outcome === "voicemail" || outcome === "callback" || outcome === "closed" || outcome === "failed")
    return own[outcome];
  return state.direction === "in" ? own.missed : own.unanswered;
};
