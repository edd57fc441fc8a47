import { inAccount, type KnownMessage, type World } from "#core/batch";
import type { Item, MessageNews } from "#core/inbound";
import type { Queryable } from "./db.ts";

/** One of our own sends that a channel shows us before it answered the send itself. */
export interface Echo {
  readonly item: Item;
  readonly message: KnownMessage;
}

/**
 * Finds which messages "from our own side" are echoes of answers still on their way out: same thread, same words, no
 * provider id yet. They become known under the echo's id instead of being stored a second time. Of several answers with
 * the same words, the first echo is the first answer, the second the second.
 */
export const findEchoes = async (input: {
  readonly q: Queryable;
  readonly world: World;
  readonly items: readonly Item[];
}): Promise<Echo[]> => {
  const { q, world, items } = input;
  const own = items.flatMap((item, no) =>
    item.event.type === "message" && item.event.own && !world.messages.has(inAccount(item.account.id, item.event.id))
      ? { no, a: item.account.id, t: item.event.thread, body: item.event.text.trim() }
      : [],
  );
  if (own.length === 0) return [];
  const rows = await q.query<{ no: number } & KnownMessage>({
    name: "ingest-echoes",
    text: `select e.no, f.id, f."threadId", f."conversationId", f.seq
      from (select *, row_number() over (partition by a, t, body order by no) as nth
          from json_to_recordset($1::json) as e(no int, a uuid, t text, body text)) e
        cross join lateral (
          select m.id, m.thread_id as "threadId", m.conversation_id as "conversationId", m.seq
          from thread th join delivery d on d.thread_id = th.id join message m on m.id = d.message_id
          where th.account_id = e.a and th.external_key = e.t and d.state in ('sending', 'uncertain')
            and d.provider_id is null and m.external_id is null and btrim(m.body, E' \\t\\r\\n') = e.body
          group by m.id order by m.seq, m.id offset e.nth - 1 limit 1) f
      order by e.no`,
    values: [JSON.stringify(own)],
  });
  return rows.flatMap(({ no, ...message }) => {
    const item = items[no];
    if (item === undefined) return [];
    world.messages.set(inAccount(item.account.id, item.event.type === "unparsed" ? "" : item.event.id), message);
    return { item, message };
  });
};

/** What an echo proves: the channel has the message. Not an event of the channel's, so not journaled. */
export const provenSent = ({ item }: Pick<Echo, "item">): (Item & { readonly event: MessageNews })[] =>
  item.event.type === "message"
    ? [
        {
          ...item,
          dedupe: null,
          event: { type: "receipt", thread: item.event.thread, id: item.event.id, state: "sent", at: item.receivedAt },
        },
      ]
    : [];

/** Writes the ids that echoes told. The conversations are locked. */
export const nameEchoes = async (input: { readonly q: Queryable; readonly echoes: readonly Echo[] }): Promise<void> => {
  if (input.echoes.length === 0) return;
  await input.q.query({
    name: "ingest-name-echoes",
    text: `with e as (select * from json_to_recordset($1::json) as e(message uuid, key text)),
        named as (
          update message m set external_id = e.key from e where m.id = e.message and m.external_id is null)
      update delivery d set provider_id = e.key from e where d.message_id = e.message and d.provider_id is null`,
    values: [
      JSON.stringify(
        input.echoes.flatMap(({ item, message }) =>
          item.event.type === "message" ? { message: message.id, key: item.event.id } : [],
        ),
      ),
    ],
  });
};
