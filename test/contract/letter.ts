import { randomUUID } from "node:crypto";
import type { Limits, Outbound } from "#contract";
import type { Customer, File } from "./bench.ts";

/** A message for this customer as the core would hand it over. */
export const letterTo = (
  customer: Customer,
  message: { readonly text: string; readonly key?: string; readonly files?: readonly File[] },
): Outbound => ({
  ...customer.to,
  key: message.key ?? randomUUID(),
  subject: "Dotaz",
  text: message.text,
  attachments: (message.files ?? []).map(({ name, mimeType, bytes }) => ({
    name,
    mimeType,
    bytes: bytes.length,
    open: async () =>
      (async function* () {
        yield bytes;
      })(),
  })),
  references: [],
  author: { name: "Anna" },
  writtenAt: new Date("2026-01-05T08:30:00Z"),
});

/** Text of exactly this many UTF-16 units that ends in a mark, so that a cut shows. Survives line wrapping. */
export const textOf = (length: number): string => {
  const words = "👋 Příliš žluťoučký kůň úpěl ďábelské ódy. ";
  return `${words
    .repeat(Math.ceil(length / words.length))
    .slice(0, length - 6)
    .replace(/[\s\ud800-\udbff]$/u, "x")} konec`;
};

/** The longest text of a channel, whichever way it counts. */
export const longestFor = ({ text, textBytes = Number.POSITIVE_INFINITY }: Limits): string => {
  let length = text;
  while (Buffer.byteLength(textOf(length)) > textBytes) length -= 1;
  return textOf(length);
};
