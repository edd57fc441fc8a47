import type { Client } from "whatsapp-web.js";
import { z } from "zod";
import type { Party } from "../record.ts";
import { customerOfWid } from "../thread.ts";
import { within } from "./errors.ts";

const kept = 5_000;
const pair = z.array(z.object({ lid: z.string().optional(), pn: z.string().optional() }));

/** Both names of people: their number and WhatsApp's hidden id, as WhatsApp itself tells them. */
export interface People {
  of(wid: string): Promise<Party>;
}

/**
 * `Contact.number` of a hidden id is the hidden id again (whatsapp-web.js 1.34.7): a number is believed only from the
 * pair that getContactLidAndPhone gives. A page that does not know, or does not answer, leaves what the id itself says.
 */
export const makePeople = (client: Client, answerMs: number): People => {
  const known = new Map<string, Party>();
  const ask = async (wid: string): Promise<Party> => {
    const plain = partyOf(wid);
    if (plain.group !== undefined) return plain;
    const answer = await within(answerMs, "the pair of a contact", client.getContactLidAndPhone([wid])).catch(() => []);
    const [found] = pair.safeParse(answer).data ?? [];
    const whole = { ...partyOf(found?.lid ?? ""), ...partyOf(found?.pn ?? ""), ...plain };
    // Half a pair may be whole a minute later.
    if (whole.phone !== undefined && whole.lid !== undefined) remember(wid, whole);
    return whole;
  };
  const remember = (wid: string, party: Party): void => {
    const [oldest] = known.keys();
    if (known.size >= kept && oldest !== undefined) known.delete(oldest);
    known.set(wid, party);
  };
  return { of: async (wid) => known.get(wid) ?? (await ask(wid)) };
};

const partyOf = (wid: string): Party => {
  const [kind, id] = customerOfWid(wid)?.split(":") ?? [];
  if (kind === undefined || id === undefined) return {};
  return kind === "phone" ? { phone: id } : kind === "lid" ? { lid: id } : { group: id };
};
