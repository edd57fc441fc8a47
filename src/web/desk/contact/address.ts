import type { Words } from "../../i18n/words.ts";

/** Kinds of identities that are numbers of a system, not an address that a person would know or read out. */
const opaque = new Set(["visitor", "psid", "igsid", "wa_lid", "wa_bsuid", "loopback"]);

/** Whether an identity tells a person nothing: it is named by a word, and its value stays in a tooltip. */
export const isOpaque = (kind: string): boolean => opaque.has(kind);

/** An address as a person reads it. */
export const addressWord = (input: { maybe: Words["maybe"]; kind: string; value: string }): string =>
  isOpaque(input.kind) ? input.maybe(`identity.${input.kind}`, input.kind) : input.value;
