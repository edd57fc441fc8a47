import type { Client } from "whatsapp-web.js";
import { z } from "zod";
import type { Party } from "../record.ts";
import { customerOfWid } from "../thread.ts";
import { within } from "./errors.ts";
import { ask, knownPair } from "./page.ts";

const kept = 5_000;
/** Half a pair may be whole a little later. */
const halfForMs = 10 * 60_000;
const pair = z.object({ lid: z.string().nullish(), pn: z.string().nullish() });
type Pair = z.output<typeof pair>;

/** Both names of people: their number and WhatsApp's hidden id, as WhatsApp itself tells them. */
export interface People {
  of(wid: string): Promise<Party>;
}

/**
 * `Contact.number` of a hidden id is the hidden id again (whatsapp-web.js 1.34.7): a number is believed only from the
 * pair that WhatsApp keeps. Its server is asked about hidden ids alone, once: every question is one a human would not ask.
 * A page that does not know, or does not answer, leaves what the id itself says.
 */
export const makePeople = (client: Client, answerMs: number): People => {
  const known = new Map<string, { readonly party: Party; readonly until: number }>();
  const nearby = (wid: string): Promise<Pair | undefined> =>
    ask(client, answerMs, knownPair, wid).then(
      (answer) => pair.safeParse(answer).data,
      () => undefined,
    );
  const faraway = (wid: string): Promise<Pair | undefined> =>
    within(answerMs, "the pair of a contact", client.getContactLidAndPhone([wid])).then(
      ([answer]) => pair.safeParse(answer).data,
      () => undefined,
    );
  const find = async (wid: string): Promise<Party> => {
    const plain = partyOf(wid);
    if (plain.group !== undefined) return plain;
    const near = await nearby(wid);
    const found = plain.lid !== undefined && !near?.pn ? await faraway(wid) : near;
    const party = { ...partyOf(found?.lid ?? ""), ...partyOf(found?.pn ?? ""), ...plain };
    const [oldest] = known.keys();
    if (known.size >= kept && oldest !== undefined) known.delete(oldest);
    const whole = party.phone !== undefined && party.lid !== undefined;
    known.set(wid, { party, until: whole ? Number.POSITIVE_INFINITY : performance.now() + halfForMs });
    return party;
  };
  return {
    of: async (wid) => {
      const entry = known.get(wid);
      return entry !== undefined && entry.until > performance.now() ? entry.party : find(wid);
    },
  };
};

const partyOf = (wid: string): Party => {
  const [kind, id] = customerOfWid(wid)?.split(":") ?? [];
  if (kind === undefined || id === undefined) return {};
  return kind === "phone" ? { phone: id } : kind === "lid" ? { lid: id } : { group: id };
};
