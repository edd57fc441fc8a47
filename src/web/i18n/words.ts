import type { en } from "./en.ts";

/** A message that depends on a number: one form per plural category of the language. */
export interface Plural {
  readonly one: string;
  readonly few?: string;
  readonly many?: string;
  readonly other: string;
}
/** Czech, Slovak and Polish have four categories each: none may be missing. */
export type FullPlural = Required<Plural>;

export type Key = keyof typeof en;
/** A catalogue of a language with four plural categories. */
export type Catalogue<P extends Plural = Plural> = {
  readonly [K in Key]: (typeof en)[K] extends string ? string : P;
};

export const locales = ["en", "cs", "sk", "pl"] as const;
export type Locale = (typeof locales)[number];

/** A part of a catalogue of a language with four plural categories. */
export type Part<English> = { readonly [K in keyof English]: English[K] extends string ? string : FullPlural };

/** Title and help of each setting of a channel, by "kind.field", or "*.field" where several kinds share it. */
export type SettingWords = Readonly<Record<string, readonly [title: string, help: string]>>;

type Values = Readonly<Record<string, string | number>>;

/** Words, numbers and dates of one language. */
export interface Words {
  readonly locale: Locale;
  /** `{name}` takes a value; a plural message is chosen by the value `n`. */
  readonly t: (key: Key, values?: Values) => string;
  /** The message when the key exists, else `otherwise`: for codes that come from the hub. */
  readonly maybe: (key: string, otherwise: string, values?: Values) => string;
  readonly time: (at: string | number) => string;
  readonly day: (at: string | number) => string;
  readonly dateTime: (at: string | number) => string;
  /** Time today, day this week, else date. */
  readonly short: (at: string | number, now: number) => string;
  readonly bytes: (size: number) => string;
  readonly compare: (a: string, b: string) => number;
}

const dayStart = (at: number): number => new Date(at).setHours(0, 0, 0, 0);
const DAY = 86_400_000;

export const createWords = (input: { locale: Locale; catalogue: Readonly<Record<string, string | Plural>> }): Words => {
  const { locale, catalogue: table } = input;
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const weekday = new Intl.DateTimeFormat(locale, { weekday: "short" });
  const dayMonth = new Intl.DateTimeFormat(locale, { day: "numeric", month: "numeric" });
  const fullDay = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const yearMonth = new Intl.DateTimeFormat(locale, { day: "numeric", month: "numeric", year: "2-digit" });
  const collator = new Intl.Collator(locale, { sensitivity: "base", numeric: true });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

  const write = (message: string | Plural, values: Values): string => {
    const text =
      typeof message === "string" ? message : (message[pluralOf(rules, Number(values["n"]))] ?? message.other);
    return text.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name];
      return typeof value === "number" ? numbers.format(value) : (value ?? "");
    });
  };
  const ms = (at: string | number): number => (typeof at === "number" ? at : Date.parse(at));

  return {
    locale,
    t: (key, values = {}) => write(table[key] ?? key, values),
    maybe: (key, otherwise, values = {}) => {
      const message = table[key];
      return message === undefined ? otherwise : write(message, values);
    },
    time: (at) => time.format(ms(at)),
    day: (at) => {
      const days = Math.round((dayStart(ms(at)) - dayStart(Date.now())) / DAY);
      return days === 0 || days === -1 ? relative.format(days, "day") : fullDay.format(ms(at));
    },
    dateTime: (at) => full.format(ms(at)),
    short: (at, now) => {
      const days = Math.round((dayStart(now) - dayStart(ms(at))) / DAY);
      if (days <= 0) return time.format(ms(at));
      if (days < 7) return weekday.format(ms(at));
      return days < 300 ? dayMonth.format(ms(at)) : yearMonth.format(ms(at));
    },
    bytes: (size) =>
      size < 1024
        ? `${numbers.format(size)} B`
        : size < 1_048_576
          ? `${numbers.format(Math.round(size / 1024))} kB`
          : `${numbers.format(Math.round(size / 104_857.6) / 10)} MB`,
    compare: (a, b) => collator.compare(a, b),
  };
};

const pluralOf = (rules: Intl.PluralRules, n: number): keyof Plural => {
  const category = rules.select(n);
  return category === "zero" || category === "two" ? "other" : category;
};
