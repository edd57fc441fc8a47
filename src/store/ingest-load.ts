import {
  type Contact,
  type Conversation,
  inAccount,
  inThread,
  type KnownMessage,
  type Thread,
  type World,
} from "#core/batch";
import { type Item, type StoredEvent, storedEvent } from "#core/inbound";
import type { ConversationRecord } from "#core/records";
import { isUuid } from "#core/uuid";
import type { Queryable } from "./db.ts";
import type { MessageKey } from "./ingest-lock.ts";
import { loadPersonThreads } from "./ingest-person.ts";

// Each lookup is a lateral subquery with a limit: PostgreSQL cannot turn it round into a scan of the whole table, however
// small it believes the table to be.
const lookups = `
  with
  ids as materialized (
    select a.h as hash, i.id, k.id as contact, k.tenant_id, k.name, k.anonymous, k.language
    from json_to_recordset($2::json) as a(t uuid, k text, s text, h text)
      cross join lateral (select i.id, i.contact_id from identity i
        where i.tenant_id = a.t and i.kind = a.k and i.scope = a.s and i.value_hash = decode(a.h, 'hex') limit 1) i
      cross join lateral (select coalesce(k.merged_into_id, k.id) as id from contact k where k.id = i.contact_id limit 1) o
      cross join lateral (select * from contact k where k.id = o.id limit 1) k),
  keyed as materialized (
    select e.a, e.k, t.id as t from json_to_recordset($3::json) as e(a uuid, k text)
      cross join lateral (select id from thread t where t.account_id = e.a and t.external_key = e.k limit 1) t),
  tok as materialized (
    select e.a, e.k, r.thread_id as t from json_to_recordset($4::json) as e(a uuid, k text)
      cross join lateral (select thread_id from reply_token r where r.token = e.k and r.account_id = e.a
        and r.revoked_at is null and (r.expires_at is null or r.expires_at > now()) limit 1) r),
  ext as materialized (
    select e.a, e.k, m.id, m.thread_id as t, m.conversation_id as c, m.seq
    from json_to_recordset($5::json) as e(a uuid, k text)
      cross join lateral (select id, thread_id, conversation_id, seq from message m
        where m.account_id = e.a and m.external_id = e.k limit 1) m),
  ref as materialized (
    select e.a, e.k, r.thread_id as t from json_to_recordset($6::json) as e(a uuid, k text)
      cross join lateral (select thread_id from email_ref r
        where r.account_id = e.a and r.message_id_hash = decode(e.k, 'hex') limit 1) r),
  thr as materialized (
    select th.id, th.tenant_id, th.identity_id, i.contact_id, th.window_until, th.customer_read_seq, c.id as conversation_id
    from (select t from keyed union select t from tok union select t from ref union select t from ext where t is not null) as f(t)
      cross join lateral (select * from thread th where th.id = f.t limit 1) th
      left join lateral (select contact_id from identity i where i.id = th.identity_id limit 1) i on true
      left join lateral (select conversation_id from conversation_thread l
        where l.thread_id = th.id and l.active_to is null limit 1) l on true
      left join lateral (select coalesce(c.merged_into_id, c.id) as id from conversation c
        where c.id = l.conversation_id limit 1) c on true)
  select
    (select coalesce(json_agg(json_build_array(e.a, e.k)), '[]') from json_to_recordset($1::json) as e(a uuid, k text)
      where exists (select from inbound_event i where i.account_id = e.a and i.dedupe_key = e.k limit 1)) as known,
    (select coalesce(json_agg(json_build_array(hash, id, contact, tenant_id, name, anonymous, language)), '[]')
      from ids) as identities,
    (select coalesce(json_agg(json_build_array(a, k, t)), '[]') from keyed) as keyed,
    (select coalesce(json_agg(json_build_array(a, k, t)), '[]') from tok) as tokens,
    (select coalesce(json_agg(json_build_array(a, k, t)), '[]') from ref) as refs,
    (select coalesce(json_agg(json_build_array(a, k, id, t, c, seq)), '[]') from ext) as messages,
    (select coalesce(json_agg(thr), '[]') from thr) as threads,
    (select coalesce(json_agg(json_build_array(thr.id, e.h)), '[]')
      from thr cross join (select distinct h from json_to_recordset($2::json) as e(h text)) as e
      where $7 and exists (select from thread_participant p
        where p.thread_id = thr.id and p.value_hash = decode(e.h, 'hex') limit 1)) as participants,
    (select coalesce(json_agg(json_build_array(i.id, e.a, i.payload) order by i.received_at, i.id), '[]')
      from json_to_recordset($8::json) as e(a uuid, k text)
        cross join lateral (select i.id, i.payload, i.received_at from inbound_event i
          where i.account_id = e.a and i.payload ->> 'id' = e.k and i.state = 'waiting' limit 1000) i) as waiting`;

const newsLookups = `
  with n as materialized (select * from json_to_recordset($1::json) as e(a uuid, k text, u uuid)),
  hit as materialized (
    select n.a, n.k, m.id from n join message m on m.account_id = n.a and m.external_id = n.k
    union select n.a, n.k, d.message_id from n join delivery d on d.account_id = n.a and d.provider_id = n.k
    union select n.a, n.k, m.id from n join message m on m.id = n.u and m.account_id = n.a
    union select n.a, n.k, d.message_id from n join delivery d on d.id = n.u and d.account_id = n.a)
  select hit.a as "accountId", hit.k as key, m.id, m.thread_id as "threadId", m.conversation_id as "conversationId", m.seq
  from hit join message m on m.id = hit.id order by m.id`;

type Triple = readonly [account: string, key: string, threadId: string];

interface Found {
  readonly known: readonly (readonly [string, string])[];
  readonly identities: readonly (readonly [
    hash: string,
    id: string,
    contactId: string,
    tenantId: string,
    name: string,
    anonymous: boolean,
    language: string | null,
  ])[];
  readonly keyed: readonly Triple[];
  readonly tokens: readonly Triple[];
  readonly refs: readonly Triple[];
  readonly messages: readonly (readonly [string, string, string, string | null, string, number])[];
  readonly threads: readonly {
    readonly id: string;
    readonly tenant_id: string;
    readonly identity_id: string | null;
    readonly contact_id: string | null;
    readonly window_until: string | null;
    readonly customer_read_seq: number;
    readonly conversation_id: string | null;
  }[];
  readonly participants: readonly (readonly [string, string])[];
  readonly waiting: readonly (readonly [id: string, account: string, payload: unknown])[];
}

/** News that came before its message and waited for it. */
export interface WaitingNews {
  readonly eventId: string;
  readonly accountId: string;
  readonly event: StoredEvent;
}

const pairs = (items: readonly (readonly [string, string])[]): string =>
  JSON.stringify(items.map(([a, k]) => ({ a, k })));

const byAccount = (triples: readonly Triple[]): Map<string, string> =>
  new Map(triples.map(([account, key, threadId]) => [inAccount(account, key), threadId]));

/** Everything a batch may touch, in one statement. Conversations follow in `lockConversations`. */
export const loadWorld = async (input: {
  readonly q: Queryable;
  readonly items: readonly Item[];
  readonly settled: readonly MessageKey[];
}): Promise<{ readonly world: World; readonly waiting: readonly WaitingNews[] }> => {
  const { items, settled } = input;
  const messages = items.flatMap(({ account, event, ...rest }) =>
    event.type === "message" ? { account, event, ...rest } : [],
  );
  const [found] = await input.q.query<Found>({
    name: "ingest-lookups",
    text: lookups,
    values: [
      pairs(
        items.flatMap(({ account, dedupe, journaled }) =>
          journaled || dedupe === null ? [] : [[account.id, dedupe] as const],
        ),
      ),
      JSON.stringify(
        messages.flatMap(({ account, addresses }) =>
          addresses.map(({ kind, scope, hash }) => ({ t: account.tenantId, k: kind, s: scope, h: hash })),
        ),
      ),
      pairs(messages.map(({ account, event }) => [account.id, event.thread])),
      pairs(
        messages.flatMap(({ account, event }) =>
          event.replyToken === undefined ? [] : [[account.id, event.replyToken]],
        ),
      ),
      pairs(
        messages.flatMap(({ account, event }) =>
          [event.id, ...(event.replyTo === undefined ? [] : [event.replyTo]), ...(event.references ?? [])].map(
            (id) => [account.id, id] as const,
          ),
        ),
      ),
      pairs(
        messages.flatMap(({ account, refs }) =>
          refs === null ? [] : [refs.own, ...refs.others].map((hash) => [account.id, hash] as const),
        ),
      ),
      messages.some(({ refs }) => refs !== null),
      pairs([
        ...messages.map(({ account, event }) => [account.id, event.id] as const),
        ...settled.map(({ accountId, externalId }) => [accountId, externalId] as const),
      ]),
    ],
  });
  if (found === undefined) throw new Error("the lookup statement gave no row");
  const world: World = {
    known: new Set(found.known.map(([account, key]) => inAccount(account, key))),
    identities: new Map(found.identities.map(([hash, id, contactId]) => [hash, { id, contactId }])),
    contacts: new Map(
      found.identities.map(([, , id, tenantId, name, anonymous, language]): [string, Contact] => [
        id,
        { id, tenantId, name, anonymous, language, isNew: false, renamed: false },
      ]),
    ),
    threads: new Map(
      found.threads.map((row): [string, Thread] => [
        row.id,
        {
          id: row.id,
          account: null,
          tenantId: row.tenant_id,
          identityId: row.identity_id,
          contactId: row.contact_id,
          conversationId: row.conversation_id,
          windowUntil: row.window_until === null ? null : new Date(row.window_until),
          customerReadSeq: row.customer_read_seq,
          isNew: false,
          changed: false,
        },
      ]),
    ),
    threadByKey: byAccount(found.keyed),
    threadByToken: byAccount(found.tokens),
    threadByRef: byAccount(found.refs),
    threadByPerson: new Map(),
    messages: new Map(
      found.messages.map(([account, key, id, threadId, conversationId, seq]): [string, KnownMessage] => [
        inAccount(account, key),
        { id, threadId, conversationId, seq },
      ]),
    ),
    participants: new Set(found.participants.map(([threadId, hash]) => inThread(threadId, hash))),
    conversations: new Map(),
  };
  await loadPersonThreads({ q: input.q, world, items });
  const waiting = found.waiting.map(([eventId, accountId, payload]) => ({
    eventId,
    accountId,
    event: storedEvent.parse(payload),
  }));
  return { world, waiting };
};

/** The messages that news (receipts, edits, ...) are about: by the channel's id, or by the key we sent them with. */
export const findTargets = async (input: {
  readonly q: Queryable;
  readonly keys: readonly MessageKey[];
}): Promise<Map<string, KnownMessage[]>> => {
  const rows = await input.q.query<KnownMessage & { accountId: string; key: string }>({
    name: "ingest-targets",
    text: newsLookups,
    values: [
      JSON.stringify(
        input.keys.map(({ accountId, externalId }) => ({
          a: accountId,
          k: externalId,
          u: isUuid(externalId) ? externalId : null,
        })),
      ),
    ],
  });
  const targets = new Map<string, KnownMessage[]>();
  for (const { accountId, key, ...message } of rows) {
    const known = targets.get(inAccount(accountId, key));
    if (known === undefined) targets.set(inAccount(accountId, key), [message]);
    else known.push(message);
  }
  return targets;
};

type LockedRow = ConversationRecord & { readonly readSeq: number; readonly closedAt: Date | null };

/** Takes the row locks in id order, so that two batches never wait for each other in a circle. */
export const lockConversations = async (input: {
  readonly q: Queryable;
  readonly world: World;
  readonly ids: readonly string[];
}): Promise<void> => {
  if (input.ids.length === 0) return;
  const rows = await input.q.query<LockedRow>({
    name: "ingest-conversations",
    text: `select c.id, c.tenant_id as "tenantId", c.number, c.version, c.last_seq as "lastSeq",
        c.contact_id as "contactId", k.name as "contactName", k.anonymous as "contactAnonymous", c.queue_id as "queueId",
        c.assignee_id as "assigneeId", c.status, c.subject, c.priority, c.tags, c.last_kind as "lastKind",
        c.last_direction as "lastDirection", c.preview, c.last_at as "lastAt", c.waiting_since as "waitingSince",
        c.snoozed_until as "snoozedUntil", c.unread, c.created_at as "createdAt",
        c.read_seq as "readSeq", c.closed_at as "closedAt"
      from conversation c join contact k on k.id = c.contact_id
      where c.id = any($1::uuid[]) order by c.id for update of c`,
    values: [[...new Set(input.ids)]],
  });
  for (const { readSeq, closedAt, ...row } of rows) {
    const conversation: Conversation = {
      row,
      prev: row.version,
      isNew: false,
      readSeq,
      closedAt,
      reopened: false,
      messages: new Map(),
    };
    input.world.conversations.set(row.id, conversation);
    if (!input.world.contacts.has(row.contactId)) {
      input.world.contacts.set(row.contactId, {
        id: row.contactId,
        tenantId: row.tenantId,
        name: row.contactName,
        anonymous: row.contactAnonymous,
        language: null,
        isNew: false,
        renamed: false,
      });
    }
  }
};
