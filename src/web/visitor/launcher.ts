/** Words of the button on the host's page. The frame has its own catalogue; the button must stay small. */

interface Launcher {
  readonly open: string;
  readonly close: string;
  readonly unread: Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };
}

export const launcher = {
  en: { open: "Open chat", close: "Close chat", unread: { one: "{n} new message", other: "{n} new messages" } },
  cs: {
    open: "Otevřít chat",
    close: "Zavřít chat",
    unread: { one: "{n} nová zpráva", few: "{n} nové zprávy", many: "{n} nové zprávy", other: "{n} nových zpráv" },
  },
  sk: {
    open: "Otvoriť chat",
    close: "Zavrieť chat",
    unread: { one: "{n} nová správa", few: "{n} nové správy", many: "{n} novej správy", other: "{n} nových správ" },
  },
  pl: {
    open: "Otwórz czat",
    close: "Zamknij czat",
    unread: {
      one: "{n} nowa wiadomość",
      few: "{n} nowe wiadomości",
      many: "{n} nowych wiadomości",
      other: "{n} nowej wiadomości",
    },
  },
} as const satisfies Record<string, Launcher>;

export type Lang = keyof typeof launcher;

export const asLang = (tag: string): Lang => {
  const start = tag.slice(0, 2).toLowerCase();
  return start === "cs" || start === "sk" || start === "pl" ? start : "en";
};

export const unreadWords = (lang: Lang, n: number): string => {
  const forms: Launcher["unread"] = launcher[lang].unread;
  return (forms[new Intl.PluralRules(lang).select(n)] ?? forms.other).replace("{n}", String(n));
};
