import type { ConversationRecord, DeliveryRecord, MessageRecord } from "#core/records";
import type { Queryable } from "./db.ts";

/** A message as SQL gives it: times inside JSON are still texts. */
export type LoadedMessage = Omit<MessageRecord, "deliveries"> & {
  readonly deliveries: readonly (Omit<DeliveryRecord, "nextAt"> & { readonly nextAt: string | null })[];
};

export const messageSql = `
  select m.id, m.tenant_id as "tenantId", m.conversation_id as "conversationId", m.seq, m.version,
    m.thread_id as "threadId", m.account_id as "accountId", a.channel, m.direction, m.kind,
    m.author_type as "authorType", m.author_id as "authorId", m.author_name as "authorName", m.client_key as "clientKey",
    m.reply_to_id as "replyToId", m.subject, m.body, m.body_html as "bodyHtml", m.detail, m.held,
    m.occurred_at as "occurredAt", m.created_at as "createdAt", m.edited_at as "editedAt", m.revoked_at as "revokedAt",
    coalesce((select json_agg(json_build_object('id', p.id, 'idx', p.idx, 'name', p.name, 'mime', p.mime, 'size', p.size,
        'blobKey', p.blob_key, 'contentId', p.content_id, 'inline', p.inline, 'state', p.state) order by p.idx)
      from message_part p where p.message_id = m.id), '[]') as parts,
    coalesce((select json_agg(json_build_object('actor', r.actor, 'emoji', r.emoji) order by r.at, r.actor)
      from reaction r where r.message_id = m.id and r.emoji <> ''), '[]') as reactions,
    coalesce((select json_agg(json_build_object('id', d.id, 'recipient', d.recipient, 'role', d.role,
        'scheduled', d.scheduled, 'state', d.state, 'nextAt', d.next_at,
        'attempts', d.attempts, 'errorCode', d.error_code, 'errorText', d.error_text) order by d.id)
      from delivery d where d.message_id = m.id), '[]') as deliveries,
    coalesce((select json_agg(json_build_object('op', x.op, 'state', x.state, 'errorCode', x.error_code) order by x.id)
      from message_action x where x.message_id = m.id and x.state <> 'done'), '[]') as actions
  from message m left join channel_account a on a.id = m.account_id`;

export const conversationSql = `
  select c.id, c.tenant_id as "tenantId", c.number, c.version, c.last_seq as "lastSeq",
    c.contact_id as "contactId", k.name as "contactName", k.anonymous as "contactAnonymous", c.queue_id as "queueId",
    c.assignee_id as "assigneeId", c.status, c.subject, c.priority, c.tags, c.last_kind as "lastKind",
    c.last_direction as "lastDirection", c.preview, c.last_at as "lastAt", c.waiting_since as "waitingSince",
    c.snoozed_until as "snoozedUntil", c.unread, c.created_at as "createdAt"
    from conversation c join contact k on k.id = c.contact_id`;

export const toMessage = (row: LoadedMessage): MessageRecord => ({
  ...row,
  deliveries: row.deliveries.map((delivery) => ({
    ...delivery,
    nextAt: delivery.nextAt === null ? null : new Date(delivery.nextAt),
  })),
});

/** Messages with their parts, reactions and deliveries, ascending by seq; those of other tenants are not found. */
export const loadMessages = async (input: {
  readonly q: Queryable;
  readonly tenantIds: readonly string[];
  readonly ids: readonly string[];
}): Promise<MessageRecord[]> => {
  if (input.ids.length === 0) return [];
  const rows = await input.q.query<LoadedMessage>({
    name: "load-messages",
    text: `${messageSql} where m.id = any($1::uuid[]) and m.tenant_id = any($2::uuid[]) order by m.conversation_id, m.seq`,
    values: [input.ids, input.tenantIds],
  });
  return rows.map(toMessage);
};

/** What was said in one conversation after a seq, ascending, at most 100: for the refusal of a stale reply. */
export const loadSaidAfter = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly conversationId: string;
  readonly seq: number;
}): Promise<MessageRecord[]> => {
  const rows = await input.q.query<LoadedMessage>({
    name: "load-said-after",
    text: `${messageSql} where m.conversation_id = $1 and m.tenant_id = $2 and m.seq > $3 and m.direction in ('in', 'out')
      order by m.seq limit 100`,
    values: [input.conversationId, input.tenantId, input.seq],
  });
  return rows.map(toMessage);
};

/** Conversations as records; those of other tenants are not found. */
export const loadConversations = (input: {
  readonly q: Queryable;
  readonly tenantIds: readonly string[];
  readonly ids: readonly string[];
}): Promise<ConversationRecord[]> =>
  input.q.query<ConversationRecord>({
    name: "load-conversations",
    text: `${conversationSql}
      where c.id = any($1::uuid[]) and c.tenant_id = any($2::uuid[])`,
    values: [input.ids, input.tenantIds],
  });
