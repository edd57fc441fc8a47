import type { ConversationRecord, MessageRecord } from "#core/records";
import type { ConversationRow, DraftView, MessageView } from "#wire";
import type { FileLinks } from "#store/links";
import { type Audience, masked } from "./classes.ts";

const time = (at: Date | null): string | null => at?.toISOString() ?? null;

export const presentRow = (row: ConversationRecord, audience: Audience): ConversationRow => {
  const view: ConversationRow = {
    id: row.id,
    tenantId: row.tenantId,
    number: row.number,
    version: row.version,
    lastSeq: row.lastSeq,
    contact: { id: row.contactId, name: row.contactName, anonymous: row.contactAnonymous },
    queueId: row.queueId,
    assigneeId: row.assigneeId,
    status: row.status,
    subject: row.subject,
    priority: row.priority,
    tags: [...row.tags],
    lastKind: row.lastKind,
    lastDirection: row.lastDirection,
    preview: row.preview,
    lastAt: row.lastAt.toISOString(),
    waitingSince: time(row.waitingSince),
    snoozedUntil: time(row.snoozedUntil),
    unread: row.unread,
    createdAt: row.createdAt.toISOString(),
  };
  if (audience === "restricted") return masked("conversationRow", view);
  return audience === "viewer" && row.lastDirection === "note" ? { ...view, preview: "" } : view;
};

/** For who no longer sees a conversation's queue: enough to take the row off the screen, nothing said in it. */
export const presentGone = (row: ConversationRecord, audience: Audience): ConversationRow => ({
  ...presentRow({ ...row, contactName: "", subject: null, preview: "", tags: [] }, audience),
});

export const presentMessage = (input: {
  message: MessageRecord;
  audience: Audience;
  links: FileLinks;
}): MessageView => {
  const { message, audience, links } = input;
  const hidden = audience === "viewer" && message.direction === "note";
  const view: MessageView = {
    id: message.id,
    conversationId: message.conversationId,
    seq: message.seq,
    version: message.version,
    threadId: message.threadId,
    channel: message.channel,
    direction: message.direction,
    kind: message.kind,
    author: { type: message.authorType, id: message.authorId, name: message.authorName },
    clientKey: message.clientKey,
    replyToId: message.replyToId,
    subject: hidden ? null : message.subject,
    text: hidden ? "" : message.body,
    html: hidden ? null : message.bodyHtml,
    detail: hidden ? {} : { ...message.detail },
    held: message.held,
    attachments: hidden ? [] : message.parts.map((part) => presentPart(part, message.tenantId, audience, links)),
    reactions: message.reactions.map(({ actor, emoji }) => ({ actor, emoji })),
    deliveries: message.deliveries.map((delivery) => ({
      id: delivery.id,
      recipient: delivery.recipient,
      role: delivery.role,
      scheduled: delivery.scheduled,
      state: delivery.state,
      dueAt: time(delivery.nextAt),
      attempts: delivery.attempts,
      errorCode: delivery.errorCode,
      errorText: delivery.errorText,
    })),
    actions: message.actions.map(({ op, state, errorCode }) => ({ op, state, errorCode })),
    occurredAt: message.occurredAt.toISOString(),
    createdAt: message.createdAt.toISOString(),
    editedAt: time(message.editedAt),
    revokedAt: time(message.revokedAt),
  };
  if (audience !== "restricted") return view;
  const safe = masked("messageView", view);
  // Colleagues are not customers: their names stay.
  return message.authorType === "contact" ? safe : { ...safe, author: view.author };
};

export const presentDraft = ({ mode, body, rev }: DraftView, audience: Audience): DraftView => {
  const view = { mode, body, rev };
  return audience === "restricted" ? masked("draftView", view) : view;
};

const presentPart = (
  part: MessageRecord["parts"][number],
  tenantId: string,
  audience: Audience,
  links: FileLinks,
): MessageView["attachments"][number] => ({
  id: part.id,
  name: part.name,
  mime: part.mime,
  size: part.size,
  state: part.state,
  inline: part.inline,
  contentId: part.contentId,
  // A restricted audience is not even given a link that a later change of the table could let through.
  url:
    part.state === "stored" && part.blobKey !== null && audience !== "restricted"
      ? links.sign({ key: part.blobKey, name: part.name, mime: part.mime, tenantId })
      : null,
});
