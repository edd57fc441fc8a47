import { property, assert, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { fold, searchable, searchQuery, stem } from "#core/search";

/** Whether a query finds a text, as PostgreSQL compares them: every word by prefix or by stem. */
const finds = (query: string, text: string): boolean => {
  const index = searchable(text).split(" ");
  const asked = searchQuery(query);
  if (asked === null) return false;
  return asked.split(" & ").every((word) => {
    const [, prefix = "", stemmed = ""] = /^\((.*):\* \| (.*)\)$/.exec(word) ?? [];
    return index.some((lexeme) => lexeme.startsWith(prefix) || lexeme === stemmed);
  });
};

describe("search finds what an agent means", () => {
  it.each([
    ["peněženka", "Ztratila jsem peněženku v metru"],
    ["penezenka", "Ztratila jsem peněženku v metru"],
    ["objednávka", "stav mých objednávek č. 4711"],
    ["4711", "stav mých objednávek č. 4711"],
    ["reklamace", "chci podat reklamaci"],
    ["Praha", "bydlím v Praze"],
    ["smlouva", "dvě kopie smluv"],
    ["karta", "zablokujte mi kartu"],
    ["banka bankomat", "bankomat banky mi nevrátil kartu"],
    ["Łódź", "wysyłka do Łodzi"],
    ["peniaze", "vráťte mi peniaze"],
  ])("by %s in: %s", (query, text) => {
    expect(finds(query, text)).toBe(true);
  });

  it.each([
    ["vánoce", "Ztratila jsem peněženku v metru"],
    ["peněženka černá", "Ztratila jsem peněženku v metru"],
    ["4712", "stav mých objednávek č. 4711"],
  ])("and not by %s in: %s", (query, text) => {
    expect(finds(query, text)).toBe(false);
  });

  it("makes a query PostgreSQL can read of whatever is typed, or none", () => {
    expect(searchQuery("'; drop table & | ! :* (")).toBe("(drop:* | drop) & (table:* | tabl)");
    expect(searchQuery(" -- !?")).toBeNull();
    assert(
      property(string({ unit: "binary" }), (typed) => {
        const query = searchQuery(typed);
        expect(
          query === null ||
            /^\([\p{L}\p{N}]+:\* \| [\p{L}\p{N}]+\)( & \([\p{L}\p{N}]+:\* \| [\p{L}\p{N}]+\))*$/u.test(query),
        ).toBe(true);
      }),
    );
  });

  it("folds case and accents and leaves numbers alone", () => {
    expect([fold("ŽLUŤOUČKÝ Łuk Straße"), stem("123456")]).toEqual(["zlutoucky luk strasse", "123456"]);
  });
});
