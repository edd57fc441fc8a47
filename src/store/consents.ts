import type { Queryable } from "./db.ts";

/**
 * The ids of a contact and of everybody merged into it: a word given under the former record counts, a withdrawal above
 * all. `tenant` and `contact` are SQL expressions.
 */
export const personSql = (tenant: string, contact: string): string => `(
  with recursive person(id) as (
    select ${contact}::uuid union select k.id from contact k join person p on k.merged_into_id = p.id and k.tenant_id = ${tenant})
  select id from person)`;

/**
 * Whether the contact has agreed to marketing messages on this channel: the last word of the ledger counts, valid now
 * (act 480/2004 Sb. paragraph 7; GDPR art. 7: provable, and as easy to take back as to give).
 */
export const mayMarket = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly contactId: string;
  readonly channel: string;
  readonly now: Date;
}): Promise<boolean> => {
  const [last] = await input.q.query<{ granted: boolean }>({
    name: "may-market",
    text: `select state = 'granted' and valid_from <= $4 and (valid_to is null or valid_to > $4) as granted
      from consent where tenant_id = $1 and contact_id in ${personSql("$1", "$2")} and purpose = 'marketing_message' and channel in ('any', $3)
      order by created_at desc, id desc limit 1`,
    values: [input.tenantId, input.contactId, input.channel, input.now],
  });
  return last?.granted === true;
};
