import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cs } from "../../../../src/web/i18n/cs.ts";
import { en } from "../../../../src/web/i18n/en.ts";
import { pl } from "../../../../src/web/i18n/pl.ts";
import { sk } from "../../../../src/web/i18n/sk.ts";
import { createWords, type Catalogue, type Plural } from "../../../../src/web/i18n/words.ts";

const catalogues: Record<"en" | "cs" | "sk" | "pl", Catalogue> = { en, cs, sk, pl };
const locales = ["en", "cs", "sk", "pl"] as const;
const keys = Object.keys(en) as (keyof typeof en)[];
const places = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].toSorted();
const forms = (message: string | Plural): string[] =>
  typeof message === "string" ? [message] : Object.values(message);

describe.each(locales)("the catalogue %s", (locale) => {
  const catalogue = catalogues[locale];

  it("says everything, and nothing else", () => {
    expect(Object.keys(catalogue).toSorted()).toEqual(keys.toSorted());
    expect(keys.filter((key) => forms(catalogue[key]).includes(""))).toEqual([]);
  });

  it("has every plural form its language needs", () => {
    const needed = new Intl.PluralRules(locale).resolvedOptions().pluralCategories.toSorted();
    const lacking = keys.filter((key) => {
      const message = catalogue[key];
      return typeof message !== "string" && Object.keys(message).toSorted().join() !== needed.join();
    });
    expect(lacking).toEqual([]);
  });

  it("fills in the same places as the English one", () => {
    const different = keys.filter((key) => {
      const wanted = places(forms(en[key])[1] ?? forms(en[key])[0] ?? "").join();
      return forms(catalogue[key]).some((form) => places(form).join() !== wanted);
    });
    expect(different).toEqual([]);
  });
});

describe("numbers", () => {
  it.each([
    [
      "cs",
      {
        0: "0 konverzací",
        1: "1 konverzace",
        2: "2 konverzace",
        4: "4 konverzace",
        5: "5 konverzací",
        21: "21 konverzací",
        22: "22 konverzací",
        25: "25 konverzací",
        1.5: "1,5 konverzace",
        100: "100 konverzací",
      },
    ],
    [
      "sk",
      {
        0: "0 konverzácií",
        1: "1 konverzácia",
        2: "2 konverzácie",
        4: "4 konverzácie",
        5: "5 konverzácií",
        21: "21 konverzácií",
        22: "22 konverzácií",
        25: "25 konverzácií",
        1.5: "1,5 konverzácie",
        100: "100 konverzácií",
      },
    ],
    [
      "pl",
      {
        0: "0 rozmów",
        1: "1 rozmowa",
        2: "2 rozmowy",
        4: "4 rozmowy",
        5: "5 rozmów",
        21: "21 rozmów",
        22: "22 rozmowy",
        25: "25 rozmów",
        1.5: "1,5 rozmowy",
        100: "100 rozmów",
      },
    ],
    [
      "en",
      {
        0: "0 conversations",
        1: "1 conversation",
        2: "2 conversations",
        4: "4 conversations",
        5: "5 conversations",
        21: "21 conversations",
        22: "22 conversations",
        25: "25 conversations",
        1.5: "1.5 conversations",
        100: "100 conversations",
      },
    ],
  ] as const)("decline correctly in %s", (locale, table) => {
    const { t } = createWords({ locale, catalogue: catalogues[locale] });
    for (const [n, said] of Object.entries(table)) expect(t("list.total", { n: Number(n) })).toBe(said);
  });

  it("sort names as the language does", () => {
    const names = ["Cibulka", "Chalupa", "Horáček", "Čermák"];
    const sorted = (locale: "cs" | "pl") =>
      names.toSorted(createWords({ locale, catalogue: catalogues[locale] }).compare);
    expect(sorted("cs")).toEqual(["Cibulka", "Čermák", "Horáček", "Chalupa"]);
    expect(sorted("pl").indexOf("Chalupa")).toBeLessThan(sorted("pl").indexOf("Cibulka"));
  });
});

const root = new URL("../../../../src/web/", import.meta.url);
const sources = ["desk", "kit", "state"]
  .flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
  )
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => readFileSync(new URL(file, root), "utf8"))
  .join("\n");

describe("the words of the desk", () => {
  it("are all used somewhere", () => {
    const families = [...sources.matchAll(/`([\w-]+(?:\.[\w-]+)*\.)\$\{/g)].map((match) => match[1] ?? "");
    const unused = keys.filter(
      (key) => !sources.includes(`"${key}"`) && !families.some((family) => key.startsWith(family)),
    );
    expect(families.length).toBeGreaterThan(5);
    expect(unused).toEqual([]);
  });

  it("come from the catalogue alone: no sentence is written into a screen", () => {
    const loose = [...sources.matchAll(/>\s*([A-Z][a-z]+(?: [a-z]+)+)[^<{]*</g)].map((match) => match[1]);
    const labels = [...sources.matchAll(/(?:aria-label|title|placeholder)="([^"]+)"/g)].map((match) => match[1]);
    expect([...loose, ...labels]).toEqual([]);
  });
});
