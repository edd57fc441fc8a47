import type { ConversationRecord, StoredChange } from "#core/records";
import { Refused } from "#core/refused";
import { composed } from "#core/reply";
import type { Scope } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { Takes } from "#wire";
import type { Queryable } from "./db.ts";
import { linkThread } from "./linking.ts";
import { loadConversations } from "./load.ts";
import { type Locked, lockConversation } from "./locked.ts";
import { newlySeen, type Seen } from "./seen.ts";
import { actorOf, statusChange } from "./status.ts";
import { appendMessages, eventMessage, finishSteps, type NewMessage } from "./step.ts";

interface Result {
  readonly row: ConversationRecord;
  /** Null: nothing was different. */
  readonly change: StoredChange | null;
}

interface UpdateInput {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly takes: Takes<"conversation.update">;
  readonly now: Date;
}

const rowOf = async (q: Queryable, conversation: Locked): Promise<ConversationRecord> => {
  const [row] = await loadConversations({ q, tenantIds: [conversation.tenantId], ids: [conversation.id] });
  if (row === undefined) throw new Error("a locked conversation was not found");
  return row;
};

/** Whether this user may be given work of this queue: an active member who is more than a viewer. */
const mayBeGiven = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly userId: string;
  readonly queueId: string | null;
}): Promise<boolean> => {
  if (!isUuid(input.userId)) return false;
  const found = await input.q.query({
    name: "may-be-given",
    text: `select 1 from membership m join app_user u on u.id = m.user_id
      where m.tenant_id = $1 and m.user_id = $2 and m.role <> 'client_viewer' and u.disabled_at is null
        and ($3::uuid is null or m.queue_ids = '{}' or $3 = any(m.queue_ids))`,
    values: [input.tenantId, input.userId, input.queueId],
  });
  return found.length > 0;
};

const newQueue = async (input: UpdateInput, conversation: Locked): Promise<string | null> => {
  const { queueId } = input.takes.set;
  if (queueId === undefined || queueId === conversation.queueId) return conversation.queueId;
  const known = isUuid(queueId)
    ? await input.q.query({
        name: "queue-of-tenant",
        text: "select 1 from queue where id = $1 and tenant_id = $2",
        values: [queueId, conversation.tenantId],
      })
    : [];
  if (known.length === 0) throw new Refused("bad-request", "There is no such queue.");
  return queueId;
};

const newAssignee = async (
  input: UpdateInput,
  conversation: Locked,
  queueId: string | null,
): Promise<string | null> => {
  const { scope, takes, q } = input;
  const wish = takes.set.assigneeId;
  const { tenantId } = conversation;
  if (wish === undefined) {
    const kept = conversation.assigneeId;
    // Who cannot see the new queue cannot keep the conversation.
    if (kept === null || queueId === conversation.queueId) return kept;
    return (await mayBeGiven({ q, tenantId, userId: kept, queueId })) ? kept : null;
  }
  if (wish === null) return null;
  if (wish === "me") {
    const me = scope.actor.type === "user" ? scope.actor.id : null;
    if (me === null) throw new Refused("bad-request", "Only a person can take a conversation.");
    if (conversation.assigneeId !== null && conversation.assigneeId !== me)
      throw new Refused("conflict", "Somebody else has taken it.", { assigneeId: conversation.assigneeId });
    return me;
  }
  if (wish !== conversation.assigneeId && !(await mayBeGiven({ q, tenantId, userId: wish, queueId })))
    throw new Refused("bad-request", "This person cannot be given this conversation.");
  return wish;
};

/** Changes owner, status, queue, priority, tags or subject in the caller's transaction. Throws Refused. */
export const storeUpdate = async (input: UpdateInput): Promise<Result> => {
  const { q, scope, takes, now } = input;
  const { set } = takes;
  const conversation = await lockConversation({ q, scope, id: takes.id });
  const { tenantId } = conversation;
  if (takes.expectedVersion !== undefined && takes.expectedVersion !== conversation.version)
    throw new Refused("conflict", "The conversation has changed meanwhile.", { version: conversation.version });

  const actor = actorOf(scope, tenantId);
  const queueId = await newQueue(input, conversation);
  const assigneeId = await newAssignee(input, conversation, queueId);
  const until = set.snoozedUntil === undefined || set.snoozedUntil === null ? null : new Date(set.snoozedUntil);
  const status = statusChange({
    conversation,
    to: set.status ?? (until === null ? conversation.status : "snoozed"),
    snoozedUntil: until,
    actor,
    now,
  });
  const subject = set.subject === undefined ? conversation.subject : composed(set.subject);
  const tags =
    set.tags === undefined ? conversation.tags : [...new Set(set.tags.map(composed))].filter((tag) => tag !== "");
  const priority = set.priority ?? conversation.priority;

  const events: NewMessage[] = [];
  if (queueId !== conversation.queueId)
    events.push(eventMessage({ actor, detail: { event: "queue", from: conversation.queueId, to: queueId } }));
  if (assigneeId !== conversation.assigneeId)
    events.push(eventMessage({ actor, detail: { event: "assigned", from: conversation.assigneeId, to: assigneeId } }));
  events.push(...status.events);

  const same =
    events.length === 0 &&
    status.snoozedUntil?.getTime() === conversation.snoozedUntil?.getTime() &&
    subject === conversation.subject &&
    priority === conversation.priority &&
    JSON.stringify(tags) === JSON.stringify(conversation.tags);
  if (same) return { row: await rowOf(q, conversation), change: null };

  await appendMessages({ q, conversation, messages: events, now });
  await q.query({
    name: "update-conversation",
    text: `update conversation set queue_id = $2, assignee_id = $3, status = $4, snoozed_until = $5,
        closed_at = case when $4 = 'closed' then coalesce(closed_at, $6) end,
        waiting_since = case when $4 = 'closed' then null else waiting_since end,
        subject = $7, tags = $8, priority = $9 where id = $1`,
    values: [conversation.id, queueId, assigneeId, status.status, status.snoozedUntil, now, subject, tags, priority],
  });
  const [change] = await finishSteps({
    q,
    steps: [
      {
        conversationId: conversation.id,
        tenantId,
        messageIds: events.map((event) => event.id),
        type: "conversation.changed",
        ...(queueId === conversation.queueId ? {} : { formerQueueId: conversation.queueId }),
      },
    ],
  });
  if (change === undefined) throw new Error("a conversation just changed was not found");
  return { row: change.row, change };
};

/** Marks everything up to `seq` as read by the team. */
export const storeRead = async (input: {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly takes: Takes<"conversation.read">;
}): Promise<{ readonly change: StoredChange | null; readonly seen: readonly Seen[] }> => {
  const { q, scope, takes } = input;
  const conversation = await lockConversation({ q, scope, id: takes.id });
  const seq = Math.min(takes.seq, conversation.lastSeq);
  if (seq <= conversation.readSeq) return { change: null, seen: [] };
  const [row] = await q.query<{ unread: number }>({
    name: "mark-read",
    text: `update conversation set read_seq = $2, unread = least(unread, (select count(*) from message m
        where m.conversation_id = $1 and m.seq > $2 and m.direction = 'in' and not m.held)) where id = $1
      returning unread`,
    values: [conversation.id, seq],
  });
  const seen = await newlySeen({ q, conversationId: conversation.id, after: conversation.readSeq, upTo: seq });
  if (row === undefined || row.unread === conversation.unread) return { change: null, seen };
  const [change] = await finishSteps({
    q,
    steps: [
      {
        conversationId: conversation.id,
        tenantId: conversation.tenantId,
        messageIds: [],
        type: "conversation.changed",
      },
    ],
  });
  return { change: change ?? null, seen };
};

/** Makes a thread of the same person answerable here, with an event that says so. */
export const storeLink = async (input: {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly takes: { readonly conversationId: string; readonly threadId: string };
  readonly now: Date;
}): Promise<Result> => {
  const { q, scope, takes, now } = input;
  const conversation = await lockConversation({ q, scope, id: takes.conversationId });
  const channel = await linkThread({ q, scope, conversation, threadId: takes.threadId, now });
  if (channel === null) return { row: await rowOf(q, conversation), change: null };
  const event = eventMessage({
    actor: actorOf(scope, conversation.tenantId),
    detail: { event: "linked", from: null, to: channel },
  });
  await appendMessages({ q, conversation, messages: [event], now });
  const [change] = await finishSteps({
    q,
    steps: [
      {
        conversationId: conversation.id,
        tenantId: conversation.tenantId,
        messageIds: [event.id],
        type: "conversation.changed",
      },
    ],
  });
  if (change === undefined) throw new Error("a conversation just changed was not found");
  return { row: change.row, change };
};
