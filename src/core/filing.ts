import {
  type Contact,
  type Conversation,
  inAccount,
  inThread,
  type JournalRow,
  type Plan,
  type Thread,
  touch,
  type World,
} from "#core/batch";
import { isLetter, type MessageItem } from "#core/inbound";
import { person } from "#core/people";
import type { MessageRecord } from "#core/records";
import { searchable } from "#core/search";
import { preview } from "#core/text";
import { authority, changesSubject, continuation, type Verdict } from "#core/threading";
import { answerTo, findThread, openThread } from "#core/threads";
import { uuid } from "#core/uuid";

const hour = 3_600_000;

const openConversation = (world: World, item: MessageItem, contact: Contact, now: Date): Conversation => {
  const { event, account } = item;
  const at = event.historic === true ? event.sentAt : now;
  const spam = event.spam === true;
  const conversation: Conversation = {
    row: {
      id: uuid(),
      tenantId: account.tenantId,
      number: 0,
      version: 0,
      lastSeq: 0,
      contactId: contact.id,
      contactName: contact.name,
      contactAnonymous: contact.anonymous,
      queueId: account.queueId,
      assigneeId: null,
      status: spam ? "closed" : event.own ? "waiting" : "open",
      subject: event.subject ?? null,
      priority: 0,
      tags: spam ? ["spam"] : [],
      lastKind: account.channel,
      lastDirection: event.own ? "out" : "in",
      preview: "",
      lastAt: at,
      waitingSince: null,
      snoozedUntil: null,
      unread: 0,
      createdAt: at,
    },
    prev: 0,
    isNew: true,
    readSeq: 0,
    closedAt: spam ? now : null,
    reopened: false,
    messages: new Map(),
  };
  world.conversations.set(conversation.row.id, conversation);
  return conversation;
};

/** Letters are remembered with everybody on them, so that a reply to an answer from elsewhere still joins. */
const remember = (world: World, plan: Plan, item: MessageItem, thread: Thread, verdict: Verdict): void => {
  const { account, refs, event } = item;
  if (refs === null) return;
  // A held letter may not claim ids of letters that are still to come.
  for (const hash of verdict.held === null ? [refs.own, ...refs.others] : [refs.own]) {
    const key = inAccount(account.id, hash);
    if (world.threadByRef.has(key)) continue;
    world.threadByRef.set(key, thread.id);
    plan.refs.push({ accountId: account.id, tenantId: account.tenantId, hash, threadId: thread.id });
  }
  if (verdict.held !== null || verdict.newParticipant) return;
  for (const { hash } of event.own ? item.participants : [...item.addresses, ...item.participants]) {
    const key = inThread(thread.id, hash);
    if (world.participants.has(key)) continue;
    world.participants.add(key);
    plan.participants.push({ tenantId: account.tenantId, threadId: thread.id, hash });
  }
};

/** What a message that counts does to its conversation's row. */
const advance = (conversation: Conversation, item: MessageItem, now: Date): void => {
  const { event, account } = item;
  const { row } = conversation;
  const at = event.historic === true ? event.sentAt : now;
  if (at >= row.lastAt || row.lastSeq === 1) {
    row.lastAt = at;
    row.lastKind = account.channel;
    row.lastDirection = event.own ? "out" : "in";
    row.preview = preview({ text: event.text, attachments: event.parts });
  }
  if (event.own) {
    row.waitingSince = null;
    row.unread = 0;
    conversation.readSeq = row.lastSeq;
    return;
  }
  if (event.historic === true || event.spam === true) return;
  if (row.status !== "closed") row.unread += 1;
  if (event.automatic !== true) row.waitingSince ??= now;
};

const reopen = (conversation: Conversation): void => {
  const { row } = conversation;
  conversation.reopened ||= row.status === "closed";
  row.status = "open";
  row.snoozedUntil = null;
  conversation.closedAt = null;
};

/** Files one message that nobody has seen before. Changes world and plan; gives its journal row. */
export const fileMessage = (input: {
  readonly world: World;
  readonly plan: Plan;
  readonly item: MessageItem;
  readonly now: Date;
}): JournalRow => {
  const { world, plan, item, now } = input;
  const { event, account } = item;
  const match = findThread(world, item);
  const linked = world.conversations.get(match?.thread.conversationId ?? "");
  const contactOfThread = world.contacts.get(linked?.row.contactId ?? match?.thread.contactId ?? "") ?? null;
  const author = event.own && contactOfThread !== null ? contactOfThread : person(world, plan, item, contactOfThread);
  const contact = contactOfThread ?? author;
  const matched = match?.thread ?? openThread({ world, plan, item, contact, key: event.thread });
  answerTo(world, matched, item);
  const verdict: Verdict =
    match === null
      ? { held: null, newParticipant: false }
      : authority({
          match: match.match,
          letter: isLetter(event),
          own: event.own,
          suspicious: event.suspicious === true,
          participant:
            author.id === contact.id ||
            item.addresses.some(({ hash }) => world.participants.has(inThread(matched.id, hash))),
        });

  const wakes =
    !event.own && verdict.held === null && event.automatic !== true && event.historic !== true && event.spam !== true;
  const next =
    linked === undefined
      ? "new"
      : continuation({
          status: linked.row.status,
          closedAt: linked.closedAt,
          reopenDays: account.reopenDays,
          now,
          wakes,
        });
  // An old letter was used to write about something else: answers to either find their own.
  const parts =
    linked !== undefined && wakes && isLetter(event) && changesSubject({ was: linked.row.subject, is: event.subject });
  const thread = parts ? openThread({ world, plan, item, contact, key: event.id }) : matched;
  const conversation =
    linked === undefined || next === "new" || parts ? openConversation(world, item, contact, now) : linked;
  if (conversation !== linked) {
    plan.links.push({
      threadId: thread.id,
      conversationId: conversation.row.id,
      tenantId: account.tenantId,
      replaces: linked !== undefined && !parts,
    });
    thread.conversationId = conversation.row.id;
    // The customer's read mark counts the messages of the active conversation.
    if (linked !== undefined && !parts) {
      thread.customerReadSeq = 0;
      thread.changed = true;
    }
  }
  if (next === "reopen" && !parts) reopen(conversation);

  const { row } = conversation;
  row.lastSeq += 1;
  row.contactName = contact.name;
  const record: MessageRecord = {
    id: uuid(),
    tenantId: account.tenantId,
    conversationId: row.id,
    seq: row.lastSeq,
    version: 0,
    threadId: thread.id,
    accountId: account.id,
    channel: account.channel,
    direction: event.own ? "out" : "in",
    kind: event.kind,
    authorType: event.own ? "device" : "contact",
    authorId: event.own ? null : author.id,
    authorName: event.own ? account.name : (event.from.name ?? author.name),
    clientKey: null,
    replyToId: world.messages.get(inAccount(account.id, event.replyTo ?? ""))?.id ?? null,
    subject: event.subject ?? null,
    body: event.text,
    bodyHtml: event.html ?? null,
    detail: {
      ...event.detail,
      ...(verdict.held === null ? {} : { held: verdict.held }),
      ...(verdict.newParticipant ? { newParticipant: true } : {}),
      ...(event.suspicious === true ? { suspicious: true } : {}),
      ...(event.automatic === true ? { automatic: true } : {}),
      ...(linked !== undefined && conversation !== linked ? { previousConversationId: linked.row.id } : {}),
    },
    held: verdict.held !== null,
    occurredAt: event.sentAt,
    createdAt: now,
    editedAt: null,
    revokedAt: null,
    parts: event.parts.map(({ id, name, mime, size, blobKey, contentId, inline, state }, idx) => ({
      id,
      idx,
      name,
      mime,
      size,
      blobKey,
      contentId,
      inline,
      state,
    })),
    reactions: [],
    deliveries: [],
    actions: [],
  };
  for (const { id, later } of event.parts) if (later !== undefined) plan.later.set(id, later);
  touch(conversation, record);
  if (verdict.held === null) advance(conversation, item, now);

  if (wakes && account.replyWindowHours !== false) {
    const until = new Date(event.sentAt.getTime() + account.replyWindowHours * hour);
    if (thread.windowUntil === null || until > thread.windowUntil) {
      thread.windowUntil = until;
      thread.changed = true;
    }
  }
  plan.messages.push({
    record,
    externalId: event.id,
    searchText: searchable(event.subject, event.text, ...event.parts.map((part) => part.name)),
  });
  world.messages.set(inAccount(account.id, event.id), {
    id: record.id,
    threadId: thread.id,
    conversationId: row.id,
    seq: record.seq,
  });
  remember(world, plan, item, thread, verdict);
  return { item, state: "done", error: null, conversationId: row.id, messageId: record.id };
};
