import { type Address, ConnectorError, type ThreadKey, threadKey } from "#contract";

/** Somebody on WhatsApp, as both transports know them: a number, a business-scoped id, or a group. */
export interface Party {
  /** E.164 without the plus, as Meta writes it. */
  readonly phone?: string | undefined;
  /** `CZ.1349...`: unique in one business portfolio; all there is of customers who show a username only. */
  readonly bsuid?: string | undefined;
  readonly group?: string | undefined;
}

/** Business-scoped user id (Meta, 2026-04): country, optionally ENT, up to 128 letters and digits. */
const bsuidShape = /^[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}$/u;
export const isBsuid = (value: string): boolean => bsuidShape.test(value);
const phoneShape = /^\d{5,20}$/u;

export const digitsOf = (number: string): string => number.replaceAll(/\D/gu, "");

/** `<our number's id>/<phone>`, `/<bsuid>` or `/g:<group>`: our number belongs in it, the same customer has two chats with two of ours. */
export const toThreadKey = (ours: string, { group, phone, bsuid }: Party): ThreadKey =>
  threadKey(`${ours}/${group === undefined ? (phone ?? bsuid ?? "") : `g:${group}`}`);

/** Who is at the other end of a thread. Throws "recipient-gone" for a thread of another account. */
export const partyOf = (ours: string, key: ThreadKey): Party => {
  if (!key.startsWith(`${ours}/`) || key.length === ours.length + 1)
    throw new ConnectorError("recipient-gone", "This thread belongs to another account.");
  const rest = key.slice(ours.length + 1);
  if (rest.startsWith("g:")) return { group: rest.slice(2) };
  return isBsuid(rest) ? { bsuid: rest } : { phone: rest };
};

/** Numbers with a plus, so that they read as numbers everywhere. The number comes first: replies go there while it is known. */
export const addressesOf = ({ phone, bsuid }: Party): readonly Address[] => [
  ...(phone === undefined ? [] : [{ kind: "wa_phone" as const, value: `+${phone}` }]),
  ...(bsuid === undefined ? [] : [{ kind: "wa_bsuid" as const, value: bsuid }]),
];

/** Throws "rejected" for an address WhatsApp cannot reach. */
export const partyAt = ({ kind, value }: Address): Party => {
  const phone = digitsOf(value);
  if ((kind === "wa_phone" || kind === "e164") && phoneShape.test(phone)) return { phone };
  if (kind === "wa_bsuid" && isBsuid(value)) return { bsuid: value };
  throw new ConnectorError("rejected", "WhatsApp reaches numbers and WhatsApp ids only.");
};
