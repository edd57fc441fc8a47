/** PostgreSQL takes neither NUL nor half a surrogate pair in a text; both arrive in real mail. */
export const cleanText = (text: string): string =>
  (text.includes("\u0000") ? text.replaceAll("\u0000", "") : text).toWellFormed();

/** `cleanText` on every text of a JSON value, keys included. */
export const cleanJson = (value: unknown): unknown => {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanJson);
  if (typeof value !== "object" || value === null || "toJSON" in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), cleanJson(inner)]));
};

/** Longest preview in the inbox list, in UTF-16 code units. */
const previewLength = 140;

/** One line for the inbox list: the text without line breaks, or the first attachment's name. */
export const preview = (input: {
  readonly text: string;
  readonly attachments: readonly { readonly name: string }[];
}): string => {
  const line = input.text
    .slice(0, previewLength * 4)
    .replace(/\s+/gu, " ")
    .trim();
  const shown = line === "" ? (input.attachments[0]?.name ?? "") : line;
  return shown.length <= previewLength
    ? shown
    : `${shown
        .slice(0, previewLength - 1)
        .toWellFormed()
        .replace(/\uFFFD$/u, "")}…`;
};
