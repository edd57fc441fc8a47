/** Masks for people who work without seeing personal data. Pure: the same text gives the same mask. */

const dots = "•••";

const email = /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+/gu;
const iban = /\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b/g;
// Czech and Slovak account numbers: prefix-number/bank.
const account = /\b(?:\d{1,6}-)?\d{2,10}\/\d{4}\b/g;
// Birth number: six digits, an optional slash, three or four digits.
const birthNumber = /\b\d{6}\/?\d{3,4}\b/g;
// Anything with seven or more digits, however they are grouped: phone and card numbers, identity documents.
const digits = /\+?\(?\d(?:[\s().\u00A0\u2011/-]{0,3}\d){6,22}/g;
const isoDate = /^\d{4}-\d{2}-\d{2}$/;
const isoTime = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;
const id = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `jana@example.cz` becomes `j•••@•••.cz`. */
const maskEmail = (address: string): string => {
  const at = address.lastIndexOf("@");
  return `${address.slice(0, 1)}${dots}@${dots}${address.slice(address.lastIndexOf("."))}`.slice(0, at + 40);
};

const maskDigits = (found: string): string => {
  if (isoDate.test(found)) return found;
  const only = found.replace(/\D/g, "");
  return `${dots}${only.slice(-2)}`;
};

/** Takes e-mail addresses, phone, card, account and birth numbers out of a text; the rest stays readable. */
export const maskText = (text: string): string =>
  text
    .replace(email, maskEmail)
    .replace(iban, (found) => `${found.slice(0, 2)}${dots}${found.slice(-2)}`)
    .replace(account, dots)
    .replace(birthNumber, dots)
    .replace(digits, maskDigits);

/** The surname alone; an address or a number in place of a name is masked as such. */
export const maskName = (name: string): string => {
  const masked = maskText(name.trim());
  if (masked !== name.trim()) return masked;
  return masked.split(/\s+/).at(-1) ?? "";
};

/** An address of any channel. One without a form of its own (a user name, a handle) leaves its first letter. */
export const maskHandle = (value: string): string => {
  const masked = maskText(value);
  return value === "" || masked !== value ? masked : `${value.slice(0, 1)}${dots}`;
};

/** Keeps the ending of a file name, which tells the kind of file, and nothing else. */
export const maskFileName = (name: string): string => {
  const ending = /\.[A-Za-z0-9]{1,5}$/.exec(name)?.[0] ?? "";
  return `${dots}${ending}`;
};

const named: Readonly<Record<string, string>> = { commat: "@", nbsp: "\u00A0", plus: "+", period: ".", sol: "/" };

/** An entity can stand for any letter of an address: it must not hide one from the patterns. */
const decode = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (entity, decimal, hex, name) => {
    if (typeof name === "string") return named[name.toLowerCase()] ?? entity;
    const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hex), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : "";
  });

/**
 * Masks text and attributes of sanitised HTML. Links and pictures lose their targets: an address hides in `mailto:`,
 * `tel:` and query strings. Tags between the digits of a number defeat any pattern, so the text is masked as a whole
 * and the markup is dropped but for line breaks.
 */
export const maskHtml = (html: string): string => {
  const text = html
    .replace(/<(style|script|head|title)\b[\s\S]*?<\/\1\s*>/gi, " ")
    .replace(/<(?:br|\/p|\/div|\/tr|\/li|\/h[1-6])\b[^>]*>/gi, "\n")
    .replace(/<[^>]*>/g, "");
  return maskText(decode(text))
    .replace(/[<>]/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("<br>");
};

/** Masks every text anywhere inside a small JSON value, keys included; ids and times stay, of names the surname. */
export const maskDeep = (value: unknown): unknown => {
  if (typeof value === "string") return id.test(value) || isoTime.test(value) ? value : maskText(value);
  if (typeof value === "number") return String(Math.trunc(Math.abs(value))).length >= 7 ? 0 : value;
  if (Array.isArray(value)) return value.map(maskDeep);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        maskText(key),
        key === "name" && typeof inner === "string" ? maskName(inner) : maskDeep(inner),
      ]),
    );
  return value;
};
