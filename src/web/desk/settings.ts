import { createValue } from "../state/value.ts";
import { asLocale } from "../i18n/index.ts";
import type { Locale } from "../i18n/words.ts";

/** What this browser remembers: how the desk looks and speaks. Never anything about a customer. */
export type Theme = "system" | "light" | "dark";

const read = (key: string): string | null => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};
const write = (key: string, value: string): void => {
  try {
    localStorage.setItem(key, value);
  } catch {
    // a browser that forbids storage forgets it on reload
  }
};

const asTheme = (value: string | null): Theme => (value === "light" || value === "dark" ? value : "system");

export const theme = createValue<Theme>(asTheme(read("linka.theme")));
/** Single-letter shortcuts can be switched off (WCAG 2.1.4). */
export const singleKeys = createValue<boolean>(read("linka.keys") !== "off");

export const setTheme = (next: Theme): void => {
  theme.set(next);
  write("linka.theme", next);
  document.documentElement.dataset["theme"] = next;
};

export const setSingleKeys = (on: boolean): void => {
  singleKeys.set(on);
  write("linka.keys", on ? "on" : "off");
};

export const rememberLocale = (locale: Locale): void => write("linka.language", locale);

export const firstLocale = (): Locale =>
  asLocale(read("linka.language") ?? "") ?? navigator.languages.map(asLocale).find((locale) => locale !== null) ?? "en";
