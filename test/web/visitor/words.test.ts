import { expect, it } from "vitest";
import { contrast, readableIn, readableOn } from "../../../src/web/visitor/app/color.ts";
import { isBigEmoji, linkify } from "../../../src/web/visitor/app/linkify.ts";
import { cs } from "../../../src/web/visitor/app/texts/cs.ts";
import { en } from "../../../src/web/visitor/app/texts/en.ts";
import { type Catalogue, createTexts } from "../../../src/web/visitor/app/texts/index.ts";
import { pl } from "../../../src/web/visitor/app/texts/pl.ts";
import { sk } from "../../../src/web/visitor/app/texts/sk.ts";
import { type Lang, launcher, unreadWords } from "../../../src/web/visitor/launcher.ts";

const catalogues: Readonly<Record<Lang, Catalogue>> = { en, cs, sk, pl };
const languages = ["en", "cs", "sk", "pl"] as const;
const names = (words: string): string[] => [...words.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();

it.each(languages)("the %s catalogue says everything, with every plural and every value", (lang) => {
  const catalogue = catalogues[lang];
  expect(Object.keys(catalogue).sort()).toEqual(Object.keys(en).sort());
  const categories = new Intl.PluralRules(lang).resolvedOptions().pluralCategories;
  for (const [key, english] of Object.entries(en)) {
    const entry = catalogue[key as keyof Catalogue];
    const forms = typeof entry === "string" ? [entry] : categories.map((category) => entry[category] ?? "");
    const wanted = names(typeof english === "string" ? english : english.other);
    for (const form of forms) {
      expect(form.trim(), `${lang}.${key}`).not.toBe("");
      expect(names(form), `${lang}.${key}`).toEqual(wanted);
    }
  }
  const button = launcher[lang];
  expect(Object.keys(button.unread).sort()).toEqual([...categories].sort());
});

it.each([
  ["cs", 1, "1 nová zpráva"],
  ["cs", 3, "3 nové zprávy"],
  ["cs", 5, "5 nových zpráv"],
  ["cs", 21, "21 nových zpráv"],
  ["sk", 2, "2 nové správy"],
  ["pl", 5, "5 nowych wiadomości"],
  ["pl", 22, "22 nowe wiadomości"],
  ["en", 1, "1 new message"],
] as const)("in %s %i is said right", (lang, n, words) => {
  expect(unreadWords(lang, n)).toBe(words);
  expect(createTexts({ lang, catalogue: catalogues[lang] }).t("news", { n })).toBe(words);
});

it("names days and sizes as people do", () => {
  const now = new Date(2026, 10, 23, 0, 30).getTime();
  const texts = createTexts({ lang: "cs", catalogue: cs, now: () => now });
  expect(texts.day(now - 60_000)).toBe("Dnes");
  expect(texts.day(now - 3_600_000)).toBe("Včera");
  expect(texts.day(new Date(2026, 9, 5).getTime())).toBe("5. října");
  expect(texts.bytes(16 * 1024 * 1024).replace(/\s/, " ")).toBe("16 MB");
});

it.each(["#1f6f5c", "#ffffff", "#000000", "#ffd400", "#777777", "#0b57d0", "#b3261e"])(
  "text on and in the colour %s is readable in light and dark",
  (color) => {
    expect(contrast(color, readableOn(color))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(readableIn(color, "#ffffff", "#000000"), "#ffffff")).toBeGreaterThanOrEqual(4.5);
    expect(contrast(readableIn(color, "#161a1d", "#ffffff"), "#161a1d")).toBeGreaterThanOrEqual(4.5);
  },
);

it("makes links of web addresses alone and leaves the full stop outside", () => {
  expect(linkify("Viz https://a.example/x?y=1. A javascript:alert(1)")).toEqual([
    { text: "Viz " },
    { text: "https://a.example/x?y=1", href: "https://a.example/x?y=1" },
    { text: "." },
    { text: " A javascript:alert(1)" },
  ]);
});

it("shows a few emoji large, words never", () => {
  expect(["👍", "❤️", "🌷🌷"].map(isBigEmoji)).toEqual([true, true, true]);
  expect(["ok 👍", "12", "", "👍👍👍👍"].map(isBigEmoji)).toEqual([false, false, false, false]);
});
