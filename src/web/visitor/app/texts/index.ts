import { asLang, type Lang } from "../../launcher.ts";
import type { en } from "./en.ts";

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };
export type Key = keyof typeof en;
/** Every key of the English catalogue; what is a plural there is one here. */
export type Catalogue = { readonly [K in Key]: (typeof en)[K] extends string ? string : Forms };

/** One language is loaded, the one the page asks for. */
const load: Readonly<Record<Lang, () => Promise<Catalogue>>> = {
  en: async () => (await import("./en.ts")).en,
  cs: async () => (await import("./cs.ts")).cs,
  sk: async () => (await import("./sk.ts")).sk,
  pl: async () => (await import("./pl.ts")).pl,
};

export const loadTexts = async (tag: string): Promise<Texts> => {
  const lang = asLang(tag);
  return createTexts({ lang, catalogue: await load[lang]() });
};

export interface Texts {
  readonly lang: Lang;
  /** `{name}` takes a value; a plural is chosen by the value `n`. */
  t(key: Key, values?: Readonly<Record<string, string | number>>): string;
  time(at: number): string;
  day(at: number): string;
  bytes(size: number): string;
}

export const createTexts = (input: {
  readonly lang: Lang;
  readonly catalogue: Catalogue;
  readonly now?: () => number;
}): Texts => {
  const { lang, catalogue, now = Date.now } = input;
  const plural = new Intl.PluralRules(lang);
  const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit" });
  const date = new Intl.DateTimeFormat(lang, { day: "numeric", month: "long" });
  const t: Texts["t"] = (key, values = {}) => {
    const entry: string | Forms = catalogue[key];
    const words = typeof entry === "string" ? entry : (entry[plural.select(Number(values["n"]))] ?? entry.other);
    return words.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
  return {
    lang,
    t,
    time: (at) => clock.format(at),
    day(at) {
      const midnight = (time: number) => new Date(time).setHours(0, 0, 0, 0);
      const days = Math.round((midnight(now()) - midnight(at)) / 86_400_000);
      return days === 0 ? t("today") : days === 1 ? t("yesterday") : date.format(at);
    },
    bytes(size) {
      const [unit, value] =
        size >= 1024 * 1024 ? (["megabyte", size / 1024 / 1024] as const) : (["kilobyte", size / 1024] as const);
      const maximumFractionDigits = value < 10 ? 1 : 0;
      return new Intl.NumberFormat(lang, { style: "unit", unit, maximumFractionDigits }).format(Math.max(value, 0.1));
    },
  };
};
