import { type Conversation, inAccount, type KnownMessage, type Plan, type World } from "#core/batch";
import type { Item, MessageNews } from "#core/inbound";
import { applyNews, emptyNews, type NewsPlan, reactedKey } from "#core/news";
import type { MessageRecord } from "#core/records";
import type { Queryable } from "./db.ts";
import type { WaitingNews } from "./ingest-load.ts";
import { loadMessages } from "./load.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Messages = Map<string, Mutable<MessageRecord>>;

/** How far customers have seen a thread: raised after the batch is written. */
interface ReadMark {
  readonly threadId: string;
  readonly conversationId: string;
  readonly seq: number;
}

/** What the news of a batch comes to. */
export interface NewsOutcome {
  readonly plan: NewsPlan;
  readonly marks: readonly ReadMark[];
  /** Waiting rows of the journal that have found their message. */
  readonly settled: readonly { readonly eventId: string; readonly message: KnownMessage }[];
}

/** Messages sent before a "seen" that are not marked read yet: the customer has read those too. */
const readBefore = async (q: Queryable, seen: readonly KnownMessage[]): Promise<Map<string, string[]>> => {
  const rows = await q.query<{ seen: string; id: string }>({
    name: "ingest-read-before",
    text: `select distinct s.id as seen, d.message_id as id
      from json_to_recordset($1::json) as s(id uuid, thread uuid, conversation uuid, seq int)
        join thread t on t.id = s.thread
        join delivery d on d.thread_id = s.thread and d.conversation_id = s.conversation
          and d.seq <= s.seq and d.seq > t.customer_read_seq
      where d.state in ('sending', 'uncertain', 'sent', 'delivered')`,
    values: [
      JSON.stringify(
        seen.map(({ id, threadId, conversationId, seq }) => ({
          id,
          thread: threadId,
          conversation: conversationId,
          seq,
        })),
      ),
    ],
  });
  const before = new Map<string, string[]>();
  for (const { seen: id, id: messageId } of rows) before.set(id, [...(before.get(id) ?? []), messageId]);
  return before;
};

/** When each actor last reacted to these messages, reactions that were taken back included. */
const reactionTimes = async (q: Queryable, messageIds: readonly string[]): Promise<Map<string, Date>> =>
  new Map(
    (
      await q.query<{ message: string; actor: string; at: Date }>({
        name: "ingest-reaction-times",
        text: "select message_id as message, actor, at from reaction where message_id = any($1::uuid[])",
        values: [messageIds],
      })
    ).map(({ message, actor, at }) => [reactedKey(message, actor), at]),
  );

/** Applies the news of a batch, and waiting news whose message has come, to messages whose conversations are locked. */
export const applyAllNews = async (input: {
  readonly q: Queryable;
  readonly world: World;
  readonly plan: Plan;
  readonly items: readonly (Item & { readonly event: MessageNews })[];
  readonly waiting: readonly WaitingNews[];
  readonly targets: ReadonlyMap<string, readonly KnownMessage[]>;
}): Promise<NewsOutcome> => {
  const { q, world, items, waiting, targets } = input;
  const here = (accountId: string, id: string): readonly KnownMessage[] => {
    const own = world.messages.get(inAccount(accountId, id));
    const sent = targets.get(inAccount(accountId, id)) ?? [];
    return own === undefined || sent.some((message) => message.id === own.id) ? sent : [own, ...sent];
  };
  const queue: { news: MessageNews; found: readonly KnownMessage[]; item: Item | null; eventId: string }[] = [];
  for (const { eventId, accountId, event } of waiting) {
    if (event.type === "message" || event.type === "unparsed") continue;
    queue.push({ news: event, found: here(accountId, event.id), item: null, eventId });
  }
  for (const item of items)
    queue.push({ news: item.event, found: here(item.account.id, item.event.id), item, eventId: item.eventId });

  const records: Messages = new Map();
  for (const { record } of input.plan.messages) records.set(record.id, record);
  const seen = queue.filter(({ news }) => news.type === "seen").flatMap(({ found }) => found);
  const before = seen.length === 0 ? new Map<string, string[]>() : await readBefore(q, seen);
  const wanted = new Set([...queue.flatMap(({ found }) => found.map(({ id }) => id)), ...[...before.values()].flat()]);
  const missing = [...wanted].filter((id) => !records.has(id));
  const tenantIds = [...new Set([...world.conversations.values()].map(({ row }) => row.tenantId))];
  for (const record of await loadMessages({ q, tenantIds, ids: missing })) records.set(record.id, record);

  const reacted = queue.flatMap(({ news, found }) => (news.type === "reaction" ? found.map(({ id }) => id) : []));
  const news: NewsPlan = {
    ...emptyNews(),
    ...(reacted.length === 0 ? {} : { reactedAt: await reactionTimes(q, reacted) }),
  };
  const marks: ReadMark[] = [];
  const settled: { eventId: string; message: KnownMessage }[] = [];
  const apply = (id: string, what: MessageNews): Conversation | undefined => {
    const message = records.get(id);
    const conversation = message === undefined ? undefined : world.conversations.get(message.conversationId);
    if (message !== undefined && conversation !== undefined)
      applyNews({ conversation, message, news: what, plan: news });
    return conversation;
  };
  for (const { news: what, found, item, eventId } of queue) {
    for (const message of found) {
      apply(message.id, what);
      if (what.type !== "seen") continue;
      for (const id of before.get(message.id) ?? []) apply(id, what);
      if (message.threadId !== null)
        marks.push({ threadId: message.threadId, conversationId: message.conversationId, seq: message.seq });
    }
    const [first] = found;
    if (item === null) {
      if (first !== undefined) settled.push({ eventId, message: first });
    } else if (item.dedupe !== null) {
      input.plan.journal.push({
        item,
        state: first === undefined ? "waiting" : "done",
        error: null,
        conversationId: first?.conversationId ?? null,
        messageId: first?.id ?? null,
      });
    }
  }
  return { plan: news, marks, settled };
};

/** Writes what `applyAllNews` decided, after the batch's messages are in. */
export const writeNews = async (input: {
  readonly q: Queryable;
  readonly outcome: NewsOutcome;
  readonly now: Date;
}): Promise<void> => {
  const { plan, marks, settled } = input.outcome;
  if (plan.changed.size + plan.reactions.size + marks.length + settled.length === 0) return;
  await input.q.query({
    name: "ingest-news",
    text: `with
      changed as (
        update message m set version = e.version, body = coalesce(e.body, m.body),
          body_html = case when e.body is null then m.body_html end, search_text = coalesce(e.search, m.search_text),
          edited_at = e.edited, revoked_at = e.revoked,
          detail = case when e.price is null then m.detail else m.detail || jsonb_build_object('price', e.price) end
        from json_to_recordset($1::json) as e(id uuid, version int, body text, search text, edited timestamptz, revoked timestamptz,
          price jsonb)
        where m.id = e.id),
      revised as (
        insert into message_revision (id, tenant_id, message_id, no, op, actor, body, at)
        select gen_random_uuid(), e.tenant, e.message, e.nth + coalesce((select max(r.no) from message_revision r where r.message_id = e.message), 0),
          e.op, e.actor, e.body, e.at
        from json_to_recordset($2::json) as e(tenant uuid, message uuid, nth int, op text, actor text, body text, at timestamptz)),
      reacted as (
        insert into reaction (message_id, actor, tenant_id, emoji, at)
        select message, actor, tenant, emoji, at
        from json_to_recordset($3::json) as e(message uuid, actor text, tenant uuid, emoji text, at timestamptz)
        on conflict (message_id, actor) do update set emoji = excluded.emoji, at = excluded.at),
      delivered as (
        update delivery d set state = e.state, rank = e.rank, error_text = e.error, next_at = null, updated_at = $7,
          error_code = e.code, claimed_by = null, claimed_until = null
        from json_to_recordset($4::json) as e(id uuid, state text, rank int, code text, error text)
        where d.id = e.id and d.rank < e.rank and d.state not in ('held', 'cancelled')),
      marked as (
        update thread t set customer_read_seq = greatest(t.customer_read_seq, e.seq)
        from (select thread, conversation, max(seq) as seq
          from json_to_recordset($5::json) as x(thread uuid, conversation uuid, seq int) group by thread, conversation) e
        where t.id = e.thread and exists (select from conversation_thread l
          where l.thread_id = e.thread and l.conversation_id = e.conversation and l.active_to is null))
      update inbound_event i set state = 'done', done_at = $7, conversation_id = e.conversation, message_id = e.message
      from json_to_recordset($6::json) as e(id uuid, conversation uuid, message uuid) where i.id = e.id`,
    values: [
      JSON.stringify(
        [...plan.changed.values()].map(({ record, searchText }) => ({
          id: record.id,
          version: record.version,
          body: searchText === null ? null : record.body,
          search: searchText,
          edited: record.editedAt,
          revoked: record.revokedAt,
          price: plan.prices.get(record.id) ?? null,
        })),
      ),
      JSON.stringify(
        plan.revisions.map(({ messageId, tenantId, ...revision }, index) => ({
          ...revision,
          message: messageId,
          tenant: tenantId,
          nth: 1 + plan.revisions.slice(0, index).filter((earlier) => earlier.messageId === messageId).length,
        })),
      ),
      JSON.stringify(
        [...plan.reactions.values()].map(({ messageId, tenantId, ...reaction }) => ({
          ...reaction,
          message: messageId,
          tenant: tenantId,
        })),
      ),
      JSON.stringify(
        [...plan.deliveries].map(([id, { state, rank, errorCode, errorText }]) => ({
          id,
          state,
          rank,
          code: errorCode,
          error: errorText,
        })),
      ),
      JSON.stringify(
        marks.map(({ threadId, conversationId, seq }) => ({ thread: threadId, conversation: conversationId, seq })),
      ),
      JSON.stringify(
        settled.map(({ eventId, message }) => ({
          id: eventId,
          conversation: message.conversationId,
          message: message.id,
        })),
      ),
      input.now,
    ],
  });
};
