/**
 * Czech and Slovak search without accents: `fold` and a light accent-free stemmer (fold, exceptions, case endings,
 * possessive, alternations). Index text holds folded words and stems; a query word matches by prefix or by stem.
 */

/** Lower case without diacritics. */
export const fold = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replaceAll("ł", "l")
    .replaceAll("đ", "d")
    .replaceAll("ß", "ss");

const exceptions = new Map([
  ["penize", "peniz"],
  ["penez", "peniz"],
  ["penezi", "peniz"],
  ["penezum", "peniz"],
  ["penezich", "peniz"],
  ["smluv", "smlouv"],
  ["lide", "clovek"],
  ["lidi", "clovek"],
  ["lidem", "clovek"],
]);
const endings3 = new Set("ech ich eho emi emu ete eti iho imi imu ach ych ama ami ove ovi ymi".split(" "));
const endings2 = new Set("em im um am ym mi ou".split(" "));

const withoutCase = (word: string): string => {
  const { length } = word;
  if (length > 7 && word.endsWith("atech")) return word.slice(0, -5);
  if (length > 5 && endings3.has(word.slice(-3))) return word.slice(0, -3);
  if (length > 4 && endings2.has(word.slice(-2))) return word.slice(0, -2);
  return /[aeiouy]$/.test(word) ? word.slice(0, -1) : word;
};

const alternated = (word: string): string => {
  if (word.endsWith("ch")) return `${word.slice(0, -2)}s`;
  if (word.endsWith("c")) return `${word.slice(0, -1)}k`;
  return word.endsWith("z") ? `${word.slice(0, -1)}h` : word;
};

/** The stem of one folded word; numbers and words under four letters stay as they are. */
export const stem = (folded: string): string => {
  if (folded.length < 4 || /\d/.test(folded)) return folded;
  const known = exceptions.get(folded);
  if (known !== undefined) return known;
  const bare = withoutCase(folded);
  const owned = bare.length > 5 && /(?:ov|in)$/.test(bare) ? bare.slice(0, -2) : bare;
  const word = alternated(owned);
  return word.length > 3 && word.at(-2) === "e" ? word.slice(0, -2) + word.slice(-1) : word;
};

const words = (text: string): readonly string[] => fold(text).match(/[\p{L}\p{N}]+/gu) ?? [];

/** Longest part of a text that is indexed, in UTF-16 code units: a log pasted into a mail must not fill the index. */
const indexed = 20_000;

/** What a full-text column is made of: folded words and their stems, each once. */
export const searchable = (...texts: readonly (string | null | undefined)[]): string => {
  const found = new Set<string>();
  for (const text of texts) {
    for (const word of words((text ?? "").slice(0, indexed))) {
      found.add(word);
      found.add(stem(word));
    }
  }
  return [...found].join(" ");
};

/** A `to_tsquery('simple', ...)` text: every word by prefix or stem; null when the query holds no word. */
export const searchQuery = (query: string): string | null => {
  const asked = words(query).slice(0, 12);
  return asked.length === 0 ? null : asked.map((word) => `(${word}:* | ${stem(word)})`).join(" & ");
};
