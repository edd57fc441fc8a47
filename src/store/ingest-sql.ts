import { type Columns, unnested } from "./columns.ts";

const columns = <Name extends string>(given: Columns<Name>): Columns<Name> => given;

/** The rows every message brings: arrays. What only some batches have comes as JSON lists. */
export const journalColumns = columns({
  id: "uuid",
  tenant: "uuid",
  account: "uuid",
  key: "text",
  type: "text",
  payload: "jsonb",
  raw: "bytea",
  blob: "text",
  state: "text",
  error: "text",
  conversation: "uuid",
  message: "uuid",
  at: "timestamptz",
  known: "boolean",
});
export const changedColumns = columns({
  id: "uuid",
  status: "text",
  lastSeq: "int",
  version: "int",
  lastKind: "text",
  lastDirection: "text",
  preview: "text",
  lastAt: "timestamptz",
  waitingSince: "timestamptz",
  snoozedUntil: "timestamptz",
  closedAt: "timestamptz",
  readSeq: "int",
  unread: "int",
});
export const messageColumns = columns({
  id: "uuid",
  tenant: "uuid",
  conversation: "uuid",
  seq: "int",
  version: "int",
  thread: "uuid",
  account: "uuid",
  direction: "text",
  kind: "text",
  authorType: "text",
  authorId: "uuid",
  authorName: "text",
  externalId: "text",
  replyToId: "uuid",
  subject: "text",
  body: "text",
  html: "text",
  detail: "jsonb",
  held: "boolean",
  search: "text",
  occurredAt: "timestamptz",
  editedAt: "timestamptz",
  revokedAt: "timestamptz",
});
export const eventColumns = columns({
  tenant: "uuid",
  conversation: "uuid",
  queue: "uuid",
  type: "text",
  version: "int",
  data: "jsonb",
});

/** Parameters 1 to 12 are JSON lists and the time; the arrays follow. */
const journalAt = 13;
const changedAt = journalAt + Object.keys(journalColumns).length;
const messagesAt = changedAt + Object.keys(changedColumns).length;
const eventsAt = messagesAt + Object.keys(messageColumns).length;

/** Writes a whole batch; its parameters are the lists of `writeBatch`, in that order. */
export const writeSql = `
  with
  journal as materialized (select * from ${unnested(journalAt, journalColumns)}),
  journal_new as (
    insert into inbound_event (id, tenant_id, account_id, dedupe_key, type, payload, raw, raw_blob, state, attempts, error,
      conversation_id, message_id, received_at, done_at)
    select id, tenant, account, key, type, payload, raw, blob, state, 1, error, conversation, message, at,
      case state when 'done' then $12::timestamptz end
    from journal where not known),
  journal_known as (
    update inbound_event i set state = e.state, error = e.error, attempts = i.attempts + 1, conversation_id = e.conversation,
      message_id = e.message, done_at = case e.state when 'done' then $12::timestamptz end
    from journal e where e.known and i.id = e.id),
  contact_new as (
    insert into contact (id, tenant_id, name, anonymous, language, search_text, created_at)
    select id, tenant, name, anonymous, language, search, $12
    from json_to_recordset($2::json) as e(id uuid, tenant uuid, name text, anonymous boolean, language text, search text)),
  contact_named as (
    update contact k set name = e.name, search_text = e.search
    from json_to_recordset($3::json) as e(id uuid, tenant uuid, name text, search text)
    where k.id = e.id and k.tenant_id = e.tenant),
  identity_new as (
    insert into identity (id, tenant_id, contact_id, kind, scope, value_hash, value_enc, display, verified, verified_at, created_at)
    select id, tenant, contact, kind, scope, decode(hash, 'hex'), decode(enc, 'base64'), display, verified,
      case verified when 'channel' then $12::timestamptz end, $12
    from json_to_recordset($4::json) as e(id uuid, tenant uuid, contact uuid, kind text, scope text, hash text, enc text,
      display text, verified text)),
  thread_new as (
    insert into thread (id, tenant_id, account_id, external_key, identity_id, subject, window_until, created_at)
    select id, tenant, account, key, identity, subject, until, $12
    from json_to_recordset($5::json) as e(id uuid, tenant uuid, account uuid, key text, identity uuid, subject text,
      until timestamptz)),
  thread_changed as (
    update thread t set window_until = e.until, customer_read_seq = e.read, identity_id = e.identity
    from json_to_recordset($6::json) as e(id uuid, until timestamptz, read int, identity uuid) where t.id = e.id),
  number as (
    update tenant t set last_number = t.last_number + n.k
    from (select tenant, count(*)::int as k from json_to_recordset($8::json) as e(tenant uuid) group by tenant) n
    where t.id = n.tenant returning t.id, t.last_number - n.k as base),
  conversation_new as (
    insert into conversation (id, tenant_id, number, contact_id, queue_id, status, subject, last_seq, version, last_kind,
      last_direction, preview, last_at, waiting_since, closed_at, tags, read_seq, unread, created_at)
    select e.id, e.tenant, number.base + e.nth, e.contact, e.queue, e.status, e.subject, e."lastSeq", e.version, e."lastKind",
      e."lastDirection", e.preview, e."lastAt", e."waitingSince", e."closedAt", e.tags, e."readSeq", e.unread, e."createdAt"
    from json_to_recordset($8::json) as e(id uuid, tenant uuid, nth int, contact uuid, queue uuid, status text, subject text,
      "lastSeq" int, version int, "lastKind" text, "lastDirection" text, preview text, "lastAt" timestamptz,
      "waitingSince" timestamptz, "closedAt" timestamptz, tags text[], "readSeq" int, unread int, "createdAt" timestamptz)
      join number on number.id = e.tenant
    returning id, number),
  conversation_changed as (
    update conversation c set status = e.status, last_seq = e."lastSeq", version = e.version, last_kind = e."lastKind",
      last_direction = e."lastDirection", preview = e.preview, last_at = e."lastAt", waiting_since = e."waitingSince",
      snoozed_until = e."snoozedUntil", closed_at = e."closedAt", read_seq = e."readSeq", unread = e.unread
    from ${unnested(changedAt, changedColumns)}
    where c.id = e.id),
  link as materialized (
    select * from json_to_recordset($7::json) as e(thread uuid, conversation uuid, tenant uuid, last boolean)),
  message_new as (
    insert into message (id, tenant_id, conversation_id, seq, version, thread_id, account_id, direction, kind, author_type,
      author_id, author_name, external_id, reply_to_id, subject, body, body_html, detail, held, search_text, occurred_at,
      created_at, edited_at, revoked_at)
    select id, tenant, conversation, seq, version, thread, account, direction, kind, "authorType", "authorId", "authorName",
      "externalId", "replyToId", subject, body, html, detail, held, search, "occurredAt", $12, "editedAt", "revokedAt"
    from ${unnested(messagesAt, messageColumns)}),
  part_new as (
    insert into message_part (id, tenant_id, message_id, idx, name, mime, size, blob_key, content_id, inline, state,
      provider_ref)
    select id, tenant, message, idx, name, mime, size, "blobKey", "contentId", inline, state, later
    from json_to_recordset($9::json) as e(id uuid, tenant uuid, message uuid, idx int, name text, mime text, size int,
      "blobKey" text, "contentId" text, inline boolean, state text, later text)),
  ref_new as (
    insert into email_ref (account_id, message_id_hash, tenant_id, thread_id, seen_at)
    select account, decode(hash, 'hex'), tenant, thread, $12
    from json_to_recordset($10::json) as e(account uuid, hash text, tenant uuid, thread uuid) on conflict do nothing),
  participant_new as (
    insert into thread_participant (thread_id, value_hash, tenant_id, seen_at)
    select thread, decode(hash, 'hex'), tenant, $12
    from json_to_recordset($11::json) as e(thread uuid, hash text, tenant uuid) on conflict do nothing),
  event_new as (
    insert into event (tenant_id, conversation_id, queue_id, type, version, data, at)
    select tenant, conversation, queue, type, version, data, $12
    from ${unnested(eventsAt, eventColumns)}),
  work_new as (
    insert into work_item (id, tenant_id, conversation_id, queue_id, channel_kind, queued_at)
    select e.id, e.tenant, e.conversation, e.queue, e.kind, $12
    from json_to_recordset($1::json) as e(id uuid, tenant uuid, conversation uuid, queue uuid, kind text)
    where not exists (select from work_item w
      where w.conversation_id = e.conversation and w.state in ('queued', 'offered', 'assigned', 'wrapup'))),
  link_new as (
    insert into conversation_thread (conversation_id, thread_id, tenant_id, active_from, active_to)
    select conversation, thread, tenant, clock_timestamp(), case when not last then clock_timestamp() end from link)
  select id, number from conversation_new`;

/** Ends the active links of threads that go on in another conversation. */
export const endLinksSql = `update conversation_thread set active_to = greatest(clock_timestamp(), active_from)
  where thread_id = any($1::uuid[]) and active_to is null`;
