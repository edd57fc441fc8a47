import { fillText } from "#wire";
import { Refused } from "./refused.ts";

const wrote: Readonly<Record<string, (at: string, who: string) => string>> = {
  cs: (at, who) => `Dne ${at} ${who} napsal(a):`,
  sk: (at, who) => `Dňa ${at} ${who} napísal(a):`,
  pl: (at, who) => `W dniu ${at} ${who} napisał(a):`,
  en: (at, who) => `On ${at}, ${who} wrote:`,
};

/** A quoted letter in plain text: who wrote it and when, each line behind ">" (RFC 3676 4.5). */
export const quotation = (input: {
  readonly text: string;
  readonly who: string;
  readonly at: Date;
  readonly locale: string;
  readonly timeZone: string;
}): string => {
  const { locale, timeZone } = input;
  const at = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone }).format(input.at);
  const head = (wrote[locale] ?? wrote["en"])?.(at, input.who) ?? "";
  const lines = input.text.split("\n").map((line) => (line.startsWith(">") ? `>${line}` : `> ${line}`.trimEnd()));
  return [head, ...lines].join("\n");
};

/** What an agent's text may be filled with. */
export type Fillings = Readonly<Record<"contact.name" | "agent.alias" | "tenant.name" | "case.number", string>>;

/** Fills the hub's own variables; names that are not ours stay as written. Refused bad-request when one is not known. */
export const filled = (text: string, values: Fillings): string => {
  const done = fillText(text, values);
  const missing = done.missing.filter((name) => Object.hasOwn(values, name));
  if (missing.length > 0)
    throw new Refused("bad-request", `This is not known and must be written by hand: ${missing.join(", ")}.`);
  return done.text;
};

export interface LetterText {
  readonly text: string;
  /** Offsets for the desk, which folds these parts: absent when there is none. */
  readonly detail: Readonly<Record<string, number>>;
}

/** What was written, then the signature behind "-- " (RFC 3676 4.3), then the quoted letter. */
export const letterText = (input: {
  readonly body: string;
  readonly signature: string;
  readonly quote: string;
}): LetterText => {
  const { body, signature, quote } = input;
  let text = body;
  const detail: Record<string, number> = {};
  if (signature !== "") {
    detail["signatureFrom"] = text.length;
    text += `\n\n-- \n${signature}`;
    detail["signatureTo"] = text.length;
  }
  if (quote !== "") {
    detail["quotedFrom"] = text.length;
    text += `\n\n${quote}`;
    detail["quotedTo"] = text.length;
  }
  return { text, detail };
};
