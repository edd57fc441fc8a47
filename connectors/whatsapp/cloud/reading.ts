import { createHash } from "node:crypto";
import { type Connection, type Inbound, type Raw, remoteId } from "#contract";
import { z } from "zod";
import { isBsuid, type Party } from "../thread.ts";
import type * as shapes from "./shapes.ts";

/** What reading a part of a webhook needs to know. */
export interface Reading {
  readonly ours: string;
  readonly contacts: readonly shapes.Contact[];
  readonly fetchFile: NonNullable<Connection["fetchFile"]>;
  /** The envelope with this item alone: what is kept for audit and read again. */
  readonly raw: (list: string, item: unknown) => Raw;
}
export type Ignored = { readonly ignored: string };

const digest = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

export const unparsed = (raw: Raw, reason: string): Inbound => ({
  type: "unparsed",
  id: remoteId(digest("json" in raw ? JSON.stringify(raw.json) : "open" in raw ? "" : raw.bytes)),
  reason: reason.slice(0, 500),
  raw,
});

/** A number, unless Meta put the business-scoped id in its place. */
export const partyFrom = (from: string | undefined, userId: string | undefined): Party => {
  if (from !== undefined && isBsuid(from)) return { bsuid: userId ?? from };
  return { phone: from === undefined || from === "" ? undefined : from.replace(/^\+/u, ""), bsuid: userId };
};

/** Who is meant, with what the contacts beside the message add: usernames come without a number. */
export const partyIn = (
  contacts: readonly shapes.Contact[],
  from: string | undefined,
  userId: string | undefined,
): { readonly party: Party; readonly name: string | undefined } => {
  const given = partyFrom(from, userId);
  const nobody = given.phone === undefined && given.bsuid === undefined;
  const contact =
    contacts.find(
      ({ wa_id: waId, user_id: id }) =>
        (given.phone !== undefined && waId === given.phone) || (given.bsuid !== undefined && id === given.bsuid),
    ) ?? (nobody && contacts.length === 1 ? contacts[0] : undefined);
  return {
    party: { phone: given.phone ?? contact?.wa_id, bsuid: given.bsuid ?? contact?.user_id },
    name: contact?.profile?.name ?? contact?.profile?.username,
  };
};

const reasonOf = (thrown: unknown): string =>
  thrown instanceof z.ZodError ? z.prettifyError(thrown) : thrown instanceof Error ? thrown.message : String(thrown);

/** Reads every item of a list alone; what cannot be read is kept as it came. */
export const eachOf = (
  reading: Reading,
  list: string,
  items: readonly unknown[],
  read: (item: unknown, raw: Raw) => Inbound | Ignored,
): (Inbound | Ignored)[] =>
  items.map((item) => {
    const raw = reading.raw(list, item);
    try {
      return read(item, raw);
    } catch (thrown) {
      return unparsed(raw, reasonOf(thrown));
    }
  });
