import type { WhatsAppDetail } from "../message.ts";

type Card = NonNullable<WhatsAppDetail["contacts"]>[number];

/** RFC 6350 section 3.4. */
const unescape = (value: string): string =>
  value.replace(/\\([nN,;\\])/g, (_, char: string) => (/n/i.test(char) ? " " : char)).trim();
const escape = (value: string): string => value.replace(/[\\,;]/g, "\\$&").replace(/\r?\n/g, "\\n");

/** Name, numbers and addresses of one card; what phones write, so versions 2.1 to 4.0, groups ("item1.TEL") included. */
export const readCard = (text: string): Card => {
  const lines = text.replace(/\r?\n[ \t]/g, "").split(/\r?\n/);
  const valuesOf = (name: string): string[] =>
    lines.flatMap((line) => {
      const [, value] = new RegExp(`^(?:[\\w-]+\\.)?${name}(?:;[^:]*)?:(.*)$`, "i").exec(line) ?? [];
      return value === undefined || value.trim() === "" ? [] : [unescape(value)];
    });
  const [organisation] = valuesOf("ORG");
  return {
    name: valuesOf("FN")[0] ?? valuesOf("N")[0] ?? "",
    phones: valuesOf("TEL").map((phone) => phone.replace(/^tel:/i, "")),
    emails: valuesOf("EMAIL"),
    ...(organisation === undefined ? {} : { organisation: organisation.replace(/;+$/, "") }),
  };
};

export const writeCard = (card: Pick<Card, "name" | "phones" | "emails">): string =>
  [
    "BEGIN:VCARD",
    "VERSION:3.0",
    `N:;${escape(card.name)};;;`,
    `FN:${escape(card.name)}`,
    // With waid the phone offers to write to the number.
    ...card.phones.map((phone) => `TEL;type=CELL;waid=${phone.replace(/\D/g, "")}:${escape(phone)}`),
    ...card.emails.map((email) => `EMAIL:${escape(email)}`),
    "END:VCARD",
  ].join("\n");
