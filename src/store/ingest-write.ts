import type { Conversation, Plan, World } from "#core/batch";
import { maskAddress } from "#core/identity";
import { searchable } from "#core/search";
import { uuid } from "#core/uuid";
import type { Secrets } from "../secrets.ts";
import type { Queryable } from "./db.ts";

const statement = `
  with
  journal as materialized (
    select * from json_to_recordset($1::json) as e(id uuid, tenant uuid, account uuid, key text, type text, payload jsonb,
      raw text, blob text, state text, error text, conversation uuid, message uuid, at timestamptz, known boolean)),
  journal_new as (
    insert into inbound_event (id, tenant_id, account_id, dedupe_key, type, payload, raw, raw_blob, state, attempts, error,
      conversation_id, message_id, received_at, done_at)
    select id, tenant, account, key, type, payload, decode(raw, 'base64'), blob, state, 1, error, conversation, message, at,
      case state when 'done' then $15::timestamptz end
    from journal where not known),
  journal_known as (
    update inbound_event i set state = e.state, error = e.error, attempts = i.attempts + 1, conversation_id = e.conversation,
      message_id = e.message, done_at = case e.state when 'done' then $15::timestamptz end
    from journal e where e.known and i.id = e.id),
  contact_new as (
    insert into contact (id, tenant_id, name, anonymous, language, search_text, created_at)
    select id, tenant, name, anonymous, language, search, $15
    from json_to_recordset($2::json) as e(id uuid, tenant uuid, name text, anonymous boolean, language text, search text)),
  contact_named as (
    update contact k set name = e.name, search_text = e.search
    from json_to_recordset($3::json) as e(id uuid, tenant uuid, name text, search text)
    where k.id = e.id and k.tenant_id = e.tenant),
  identity_new as (
    insert into identity (id, tenant_id, contact_id, kind, scope, value_hash, value_enc, display, verified, verified_at, created_at)
    select id, tenant, contact, kind, scope, decode(hash, 'hex'), decode(enc, 'base64'), display, verified,
      case verified when 'channel' then $15::timestamptz end, $15
    from json_to_recordset($4::json) as e(id uuid, tenant uuid, contact uuid, kind text, scope text, hash text, enc text,
      display text, verified text)),
  thread_new as (
    insert into thread (id, tenant_id, account_id, external_key, identity_id, subject, window_until, created_at)
    select id, tenant, account, key, identity, subject, until, $15
    from json_to_recordset($5::json) as e(id uuid, tenant uuid, account uuid, key text, identity uuid, subject text,
      until timestamptz)),
  thread_changed as (
    update thread t set window_until = e.until, customer_read_seq = e.read
    from json_to_recordset($6::json) as e(id uuid, until timestamptz, read int) where t.id = e.id),
  number as (
    update tenant t set last_number = t.last_number + n.k
    from (select tenant, count(*)::int as k from json_to_recordset($8::json) as e(tenant uuid) group by tenant) n
    where t.id = n.tenant returning t.id, t.last_number - n.k as base),
  conversation_new as (
    insert into conversation (id, tenant_id, number, contact_id, queue_id, status, subject, last_seq, version, last_kind,
      last_direction, preview, last_at, waiting_since, read_seq, unread, created_at)
    select e.id, e.tenant, number.base + e.nth, e.contact, e.queue, e.status, e.subject, e."lastSeq", e.version, e."lastKind",
      e."lastDirection", e.preview, e."lastAt", e."waitingSince", e."readSeq", e.unread, e."createdAt"
    from json_to_recordset($8::json) as e(id uuid, tenant uuid, nth int, contact uuid, queue uuid, status text, subject text,
      "lastSeq" int, version int, "lastKind" text, "lastDirection" text, preview text, "lastAt" timestamptz,
      "waitingSince" timestamptz, "readSeq" int, unread int, "createdAt" timestamptz)
      join number on number.id = e.tenant
    returning id, number),
  conversation_changed as (
    update conversation c set status = e.status, last_seq = e."lastSeq", version = e.version, last_kind = e."lastKind",
      last_direction = e."lastDirection", preview = e.preview, last_at = e."lastAt", waiting_since = e."waitingSince",
      snoozed_until = e."snoozedUntil", closed_at = e."closedAt", read_seq = e."readSeq", unread = e.unread
    from json_to_recordset($9::json) as e(id uuid, status text, "lastSeq" int, version int, "lastKind" text,
      "lastDirection" text, preview text, "lastAt" timestamptz, "waitingSince" timestamptz, "snoozedUntil" timestamptz,
      "closedAt" timestamptz, "readSeq" int, unread int)
    where c.id = e.id),
  link as materialized (
    select * from json_to_recordset($7::json) as e(thread uuid, conversation uuid, tenant uuid, last boolean)),
  message_new as (
    insert into message (id, tenant_id, conversation_id, seq, version, thread_id, account_id, direction, kind, author_type,
      author_id, author_name, external_id, reply_to_id, subject, body, body_html, detail, held, search_text, occurred_at,
      created_at, edited_at, revoked_at)
    select id, tenant, conversation, seq, version, thread, account, direction, kind, "authorType", "authorId", "authorName",
      "externalId", "replyToId", subject, body, html, detail, held, search, "occurredAt", $15, "editedAt", "revokedAt"
    from json_to_recordset($10::json) as e(id uuid, tenant uuid, conversation uuid, seq int, version int, thread uuid,
      account uuid, direction text, kind text, "authorType" text, "authorId" uuid, "authorName" text, "externalId" text,
      "replyToId" uuid, subject text, body text, html text, detail jsonb, held boolean, search text,
      "occurredAt" timestamptz, "editedAt" timestamptz, "revokedAt" timestamptz)),
  part_new as (
    insert into message_part (id, tenant_id, message_id, idx, name, mime, size, blob_key, content_id, inline, state)
    select id, tenant, message, idx, name, mime, size, "blobKey", "contentId", inline, state
    from json_to_recordset($11::json) as e(id uuid, tenant uuid, message uuid, idx int, name text, mime text, size int,
      "blobKey" text, "contentId" text, inline boolean, state text)),
  ref_new as (
    insert into email_ref (account_id, message_id_hash, tenant_id, thread_id, seen_at)
    select account, decode(hash, 'hex'), tenant, thread, $15
    from json_to_recordset($12::json) as e(account uuid, hash text, tenant uuid, thread uuid) on conflict do nothing),
  participant_new as (
    insert into thread_participant (thread_id, value_hash, tenant_id, seen_at)
    select thread, decode(hash, 'hex'), tenant, $15
    from json_to_recordset($13::json) as e(thread uuid, hash text, tenant uuid) on conflict do nothing),
  event_new as (
    insert into event (tenant_id, conversation_id, queue_id, type, version, data, at)
    select tenant, conversation, queue, type, version, data, $15
    from json_to_recordset($14::json) as e(tenant uuid, conversation uuid, queue uuid, type text, version int, data jsonb)),
  work_new as (
    insert into work_item (id, tenant_id, conversation_id, queue_id, channel_kind, queued_at)
    select e.id, e.tenant, e.conversation, e.queue, e.kind, $15
    from json_to_recordset($16::json) as e(id uuid, tenant uuid, conversation uuid, queue uuid, kind text)
    where not exists (select from work_item w
      where w.conversation_id = e.conversation and w.state in ('queued', 'offered', 'assigned', 'wrapup'))),
  link_new as (
    insert into conversation_thread (conversation_id, thread_id, tenant_id, active_from, active_to)
    select conversation, thread, tenant, clock_timestamp(), case when not last then clock_timestamp() end from link)
  select id, number from conversation_new`;

const endLinks = `update conversation_thread set active_to = greatest(clock_timestamp(), active_from)
  where thread_id = any($1::uuid[]) and active_to is null`;

const conversationJson = (conversation: Conversation, nth: number): object => {
  const { row, readSeq, closedAt } = conversation;
  return {
    id: row.id,
    tenant: row.tenantId,
    nth,
    contact: row.contactId,
    queue: row.queueId,
    status: row.status,
    subject: row.subject,
    lastSeq: row.lastSeq,
    version: row.version,
    lastKind: row.lastKind,
    lastDirection: row.lastDirection,
    preview: row.preview,
    lastAt: row.lastAt,
    waitingSince: row.waitingSince,
    snoozedUntil: row.snoozedUntil,
    closedAt,
    readSeq,
    unread: row.unread,
    createdAt: row.createdAt,
  };
};

const journalJson = ({ item, state, error, conversationId, messageId }: Plan["journal"][number]): object => ({
  id: item.eventId,
  tenant: item.account.tenantId,
  account: item.account.id,
  key: item.dedupe,
  type: item.event.type,
  // What became a message is kept there and in `raw`; a third copy would only cost.
  payload: item.event.type === "message" && state === "done" ? { id: item.event.id } : item.event,
  raw: item.raw === null ? null : Buffer.from(item.raw).toString("base64"),
  blob: item.rawBlob,
  state,
  error,
  conversation: conversationId,
  message: messageId,
  at: item.receivedAt,
  known: item.journaled,
});

const messageJson = ({ record, externalId, searchText }: Plan["messages"][number]): object => ({
  id: record.id,
  tenant: record.tenantId,
  conversation: record.conversationId,
  seq: record.seq,
  version: record.version,
  thread: record.threadId,
  account: record.accountId,
  direction: record.direction,
  kind: record.kind,
  authorType: record.authorType,
  authorId: record.authorId,
  authorName: record.authorName,
  externalId,
  replyToId: record.replyToId,
  subject: record.subject,
  body: record.body,
  html: record.bodyHtml,
  detail: record.detail,
  held: record.held,
  search: searchText,
  occurredAt: record.occurredAt,
  editedAt: record.editedAt,
  revokedAt: record.revokedAt,
});

/** One event a changed message: what webhooks and the feed live on. */
const events = (conversations: readonly Conversation[], plan: Plan): object[] => {
  const added = new Set(plan.messages.map(({ record }) => record.id));
  return conversations.flatMap(({ row, messages }) =>
    [...messages.values()].map((message) => ({
      tenant: row.tenantId,
      conversation: row.id,
      queue: row.queueId,
      type: added.has(message.id) ? "message.added" : "message.changed",
      version: message.version,
      data: { messageId: message.id, seq: message.seq },
    })),
  );
};

/** Writes a whole batch in one statement and sets the numbers that new conversations got. */
export const writeBatch = async (input: {
  readonly q: Queryable;
  readonly secrets: Pick<Secrets, "seal">;
  readonly world: World;
  readonly plan: Plan;
  readonly now: Date;
}): Promise<void> => {
  const { q, secrets, world, plan, now } = input;
  const changed = [...world.conversations.values()].filter(({ row, prev }) => row.version > prev);
  const ordinals = new Map<string, number>();
  const fresh = changed
    .filter(({ isNew }) => isNew)
    .map((conversation) => {
      const nth = (ordinals.get(conversation.row.tenantId) ?? 0) + 1;
      ordinals.set(conversation.row.tenantId, nth);
      return conversationJson(conversation, nth);
    });
  const replaced = plan.links.filter(({ replaces }) => replaces).map(({ threadId }) => threadId);
  if (replaced.length > 0) await q.query({ name: "ingest-links", text: endLinks, values: [replaced] });
  const lastLink = new Map(plan.links.map((link) => [link.threadId, link]));
  const contacts = [...world.contacts.values()];
  const rows = await q.query<{ id: string; number: number }>({
    name: "ingest-write",
    text: statement,
    values: [
      plan.journal.map(journalJson),
      contacts
        .filter(({ isNew }) => isNew)
        .map((contact) => ({
          id: contact.id,
          tenant: contact.tenantId,
          name: contact.name,
          anonymous: contact.anonymous,
          language: contact.language,
          search: searchable(contact.name),
        })),
      contacts
        .filter(({ isNew, renamed }) => !isNew && renamed)
        .map(({ id, tenantId, name }) => ({ id, tenant: tenantId, name, search: searchable(name) })),
      plan.identities.map(({ id, tenantId, contactId, address }) => ({
        id,
        tenant: tenantId,
        contact: contactId,
        kind: address.kind,
        scope: address.scope,
        hash: address.hash,
        enc: Buffer.from(secrets.seal("identity", address.value, tenantId)).toString("base64"),
        display: maskAddress(address.kind, address.value),
        verified: address.verified ? "channel" : "none",
      })),
      plan.threads.map(({ thread, externalKey, subject }) => ({
        id: thread.id,
        tenant: thread.tenantId,
        account: thread.account?.id,
        key: externalKey,
        identity: thread.identityId,
        subject,
        until: thread.windowUntil,
      })),
      [...world.threads.values()]
        .filter((thread) => thread.changed && !thread.isNew)
        .map(({ id, windowUntil, customerReadSeq }) => ({ id, until: windowUntil, read: customerReadSeq })),
      plan.links.map((link) => ({
        thread: link.threadId,
        conversation: link.conversationId,
        tenant: link.tenantId,
        last: lastLink.get(link.threadId) === link,
      })),
      fresh,
      changed.filter(({ isNew }) => !isNew).map((conversation) => conversationJson(conversation, 0)),
      plan.messages.map(messageJson),
      plan.messages.flatMap(({ record }) =>
        record.parts.map((part) => ({ ...part, tenant: record.tenantId, message: record.id })),
      ),
      plan.refs.map(({ accountId, hash, tenantId, threadId }) => ({
        account: accountId,
        hash,
        tenant: tenantId,
        thread: threadId,
      })),
      plan.participants.map(({ tenantId, threadId, hash }) => ({ tenant: tenantId, thread: threadId, hash })),
      events(changed, plan),
    ]
      .map((rows): unknown => JSON.stringify(rows))
      .concat([
        now,
        JSON.stringify(
          changed
            .filter(
              ({ isNew, reopened, row }) =>
                (isNew || reopened) && row.status === "open" && row.queueId !== null && row.assigneeId === null,
            )
            .map(({ row }) => ({
              id: uuid(),
              tenant: row.tenantId,
              conversation: row.id,
              queue: row.queueId,
              kind: row.lastKind,
            })),
        ),
      ]),
  });
  for (const { id, number } of rows) {
    const conversation = world.conversations.get(id);
    if (conversation !== undefined) conversation.row.number = number;
  }
};
