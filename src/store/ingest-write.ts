import type { Conversation, Plan, World } from "#core/batch";
import { maskAddress } from "#core/identity";
import { searchable } from "#core/search";
import { uuid } from "#core/uuid";
import type { Secrets } from "../secrets.ts";
import type { Queryable } from "./db.ts";
import { arraysOf } from "./columns.ts";
import { changedColumns, endLinksSql, eventColumns, journalColumns, messageColumns, writeSql } from "./ingest-sql.ts";

const conversationRow = (conversation: Conversation, nth: number) => {
  const { row, readSeq, closedAt } = conversation;
  return {
    id: row.id,
    tenant: row.tenantId,
    nth,
    contact: row.contactId,
    queue: row.queueId,
    status: row.status,
    subject: row.subject,
    tags: row.tags,
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

const journalRow = ({ item, state, error, conversationId, messageId }: Plan["journal"][number]) => ({
  id: item.eventId,
  tenant: item.account.tenantId,
  account: item.account.id,
  key: item.dedupe,
  type: item.event.type,
  // What became a message is kept there and in `raw`; a third copy would only cost.
  payload: item.event.type === "message" && state === "done" ? { id: item.event.id } : item.event,
  // The driver knows bytes as Buffers only.
  raw: item.raw === null ? null : Buffer.from(item.raw.buffer, item.raw.byteOffset, item.raw.byteLength),
  blob: item.rawBlob,
  state,
  error,
  conversation: conversationId,
  message: messageId,
  at: item.receivedAt,
  known: item.journaled,
});

const messageRow = ({ record, externalId, searchText }: Plan["messages"][number]) => ({
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
const events = (conversations: readonly Conversation[], plan: Plan) => {
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
      return conversationRow(conversation, nth);
    });
  const replaced = plan.links.filter(({ replaces }) => replaces).map(({ threadId }) => threadId);
  if (replaced.length > 0) await q.query({ name: "ingest-links", text: endLinksSql, values: [replaced] });
  const lastLink = new Map(plan.links.map((link) => [link.threadId, link]));
  const contacts = [...world.contacts.values()];
  const rows = await q.query<{ id: string; number: number }>({
    name: "ingest-write",
    text: writeSql,
    values: [
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
        .map(({ id, windowUntil, customerReadSeq, identityId }) => ({
          id,
          until: windowUntil,
          read: customerReadSeq,
          identity: identityId,
        })),
      plan.links.map((link) => ({
        thread: link.threadId,
        conversation: link.conversationId,
        tenant: link.tenantId,
        last: lastLink.get(link.threadId) === link,
      })),
      fresh,
      plan.messages.flatMap(({ record }) =>
        record.parts.map((part) => ({
          ...part,
          tenant: record.tenantId,
          message: record.id,
          later: plan.later.get(part.id),
        })),
      ),
      plan.refs.map(({ accountId, hash, tenantId, threadId }) => ({
        account: accountId,
        hash,
        tenant: tenantId,
        thread: threadId,
      })),
      plan.participants.map(({ tenantId, threadId, hash }) => ({ tenant: tenantId, thread: threadId, hash })),
    ]
      .map((list): unknown => JSON.stringify(list))
      .concat([
        now,
        ...arraysOf(journalColumns, plan.journal.map(journalRow)),
        ...arraysOf(
          changedColumns,
          changed.filter(({ isNew }) => !isNew).map((conversation) => conversationRow(conversation, 0)),
        ),
        ...arraysOf(messageColumns, plan.messages.map(messageRow)),
        ...arraysOf(eventColumns, events(changed, plan)),
      ]),
  });
  for (const { id, number } of rows) {
    const conversation = world.conversations.get(id);
    if (conversation !== undefined) conversation.row.number = number;
  }
};
