/** The newest messages that are looked through before the index is asked: a common word fills a page from these alone. */
const recentMessages = 20_000;
/** Of what the index finds, the newest messages and the contacts that are looked at. */
const mostMessages = 5_000;
const mostContacts = 500;
const mostOfContact = 20;

/**
 * "recent" looks only through the newest messages of the hub, in a time that does not grow with it; "all" asks the
 * index, which for a common word in a full database reads a page of the table for each of its places.
 */
export type Depth = "recent" | "all";

/**
 * A condition on conversation `c`: it has a matching message, contact or number. A hit tells of what it matched: words
 * count only in the tenants of `words`, where the asker sees them unmasked, and notes only in those of `notes`, where
 * the asker is no client's viewer. All are places of parameters; `$1` names the tenants.
 */
export const matching = (input: {
  readonly depth: Depth;
  readonly query: string;
  readonly number: string;
  readonly words: string;
  readonly notes: string;
}): string => {
  const { depth, query, number, words, notes } = input;
  const from =
    depth === "recent"
      ? `(select id, tenant_id, conversation_id, direction, search from message order by id desc limit ${recentMessages})`
      : "message";
  return `c.id in (
  select conversation_id from (select m.conversation_id from ${from} m
    where m.tenant_id = any(${words}::uuid[]) and m.search @@ to_tsquery('simple', ${query})
      and (m.direction <> 'note' or m.tenant_id = any(${notes}::uuid[])) order by m.id desc limit ${mostMessages}) m
  union all
  select o.id from (select k.id from contact k
      where k.tenant_id = any(${words}::uuid[]) and k.search @@ to_tsquery('simple', ${query}) limit ${mostContacts}) k
    cross join lateral (select o.id from conversation o where o.contact_id = k.id order by o.id desc limit ${mostOfContact}) o
  union all
  select n.id from conversation n where n.tenant_id = any($1::uuid[]) and n.number = ${number}::int)`;
};
