import { createValue } from "../state/value.ts";
import { createWords, locales, type Catalogue, type Locale, type Words } from "./words.ts";

const load: Record<Locale, () => Promise<Catalogue>> = {
  en: async () => (await import("./en.ts")).en,
  cs: async () => (await import("./cs.ts")).cs,
  sk: async () => (await import("./sk.ts")).sk,
  pl: async () => (await import("./pl.ts")).pl,
};

/** Nothing is said before `speak` has brought the words of a language: only that one is loaded. */
export const words = createValue<Words>(createWords({ locale: "en", catalogue: {} }));

export const asLocale = (tag: string): Locale | null =>
  locales.find((locale) => locale === tag.toLowerCase().split("-")[0]) ?? null;

/** Loads a language and shows it; the document says which one it is. */
export const speak = async (locale: Locale): Promise<void> => {
  const catalogue = await load[locale]();
  words.set(createWords({ locale, catalogue }));
  document.documentElement.lang = locale;
};
