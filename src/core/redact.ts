/** Shorter values are words of their own and would be cut out of every sentence. */
const leastLength = 4;

/** A function that takes these secrets out of a text, also where they stand encoded in a URL, JSON or base64. */
export const redactor = (secrets: readonly string[]): ((text: string) => string) => {
  const forms = new Set(
    secrets
      .filter((secret) => secret.length >= leastLength)
      .flatMap((secret) => [
        secret,
        encodeURIComponent(secret),
        JSON.stringify(secret).slice(1, -1),
        btoa(String.fromCodePoint(...new TextEncoder().encode(secret))).replace(/=+$/, ""),
      ]),
  );
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((rest, form) => rest.replaceAll(form, "[secret]"), text);
};

/** Every text inside a log's fields, deep, through `redact`; what lies deeper than `depth` is left out. */
export const redactFields = (fields: object, redact: (text: string) => string, depth = 4): Record<string, unknown> => {
  const clean = (value: unknown, left: number): unknown => {
    if (typeof value === "string") return redact(value);
    if (value instanceof Error) return redact(value.message);
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Date) return value.toISOString();
    if (left === 0) return "…";
    if (Array.isArray(value)) return value.slice(0, 100).map((one) => clean(one, left - 1));
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, clean(one, left - 1)]));
  };
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, clean(value, depth)]));
};
