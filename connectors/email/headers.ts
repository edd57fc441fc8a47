import { type HeaderLines, parseAddressHeader } from "mailparser";
import { decodeHeader, decodesCharset, decodeText } from "./charset.ts";
import type { Mailbox } from "./letter.ts";

/** One header as it came: one character a byte, folding included. */
export interface Header {
  readonly name: string;
  readonly binary: string;
}

export const headersOf = (lines: HeaderLines): readonly Header[] =>
  lines.map(({ key, line }) => ({ name: key, binary: line.slice(line.indexOf(":") + 1) }));

export const valueOf = (header: Header | undefined): string => header?.binary.replace(/\r?\n[ \t]+/g, " ").trim() ?? "";

/** PostgreSQL takes no NUL, JSON no half character. */
export const clean = (text: string): string => text.replaceAll("\0", "").toWellFormed();

const words = /=\?([\w.:-]+)(?:\*[\w-]+)?\?[bq]\?[^?]*\?=/gi;
const ourCharsets = (binary: string): boolean =>
  [...binary.matchAll(words)].every(([, label = ""]) => decodesCharset(label));

/** A text header; `parsed` is the mail parser's reading, used for charsets we do not decode ourselves (Japanese ...). */
export const textHeader = (input: { header: Header | undefined; parsed: string; fallback: string }): string =>
  clean(
    input.header !== undefined && ourCharsets(input.header.binary)
      ? decodeHeader(input.header.binary, input.fallback)
      : input.parsed,
  );

/** Encoded words with their text decoded and labelled utf-8: a comma inside a name must stay inside the word. */
const relabelled = (binary: string, fallback: string): string =>
  binary.replace(/((?:=\?[\w.:*-]+\?[bq]\?[^?]*\?=\s*)+)/gi, (run: string) => {
    if (!ourCharsets(run)) return run;
    const space = /\s$/.test(run) ? " " : "";
    return `=?utf-8?B?${Buffer.from(decodeHeader(run, fallback)).toString("base64")}?=${space}`;
  });

interface Entry {
  readonly address?: string | undefined;
  readonly name?: string | undefined;
  readonly group?: readonly Entry[] | undefined;
}
const flatten = (entries: readonly Entry[]): readonly Entry[] =>
  entries.flatMap((entry) => (entry.group === undefined ? [entry] : flatten(entry.group)));

/** At most this many addresses of one header are read. */
const mostAddresses = 500;

/** The mailboxes of an address header, groups opened, addresses in lower case; what is no address is left out. */
export const mailboxesIn = (header: Header, fallback: string): readonly Mailbox[] => {
  const ascii = relabelled(header.binary.slice(0, 100_000), fallback);
  const text = decodeText({ bytes: Buffer.from(ascii, "latin1"), label: "", fallback });
  return flatten(parseAddressHeader(text.replace(/\r?\n[ \t]+/g, " ")).value)
    .map(({ address, name }) => ({
      address: clean(address ?? "")
        .trim()
        .toLowerCase(),
      name: clean(name ?? "")
        .trim()
        .slice(0, 200),
    }))
    .filter(({ address }) => /^[^\s@<>]+@[^\s@<>]+$/.test(address) && address.length <= 254)
    .slice(0, mostAddresses);
};
