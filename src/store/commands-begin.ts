import type { ConversationRecord, StoredChange } from "#core/records";
import { Refused } from "#core/refused";
import { composed } from "#core/reply";
import { mayWork, type Scope, seesPersonal, seesQueue } from "#core/scope";
import { uuid } from "#core/uuid";
import type { Takes } from "#wire";
import type { Secrets } from "../secrets.ts";
import { type Begin, goalOf, openGoal } from "./begin.ts";
import type { Queryable } from "./db.ts";
import { linkThread } from "./linking.ts";
import { loadConversations } from "./load.ts";
import { lockConversation } from "./locked.ts";
import { actorOf } from "./status.ts";
import { appendMessages, eventMessage, finishSteps } from "./step.ts";

/**
 * A new conversation on an account, with a contact's address or a typed one; its agent has it. A person whose thread is
 * in an open conversation already is not given a second one: that one is the answer. Nothing is sent. Throws Refused.
 */
export const storeBegin = async (input: {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly takes: Takes<"conversation.begin">;
  readonly secrets: Secrets;
  readonly begin: Begin;
  readonly now: Date;
}): Promise<{ readonly row: ConversationRecord; readonly change: StoredChange | null }> => {
  const { q, scope, takes, secrets, begin, now } = input;
  const { tenantId } = takes;
  if (!scope.tenantIds.includes(tenantId)) throw new Refused("not-found", "There is no such client company.");
  if (!mayWork(scope, tenantId)) throw new Refused("forbidden", "You may look at conversations only.");
  if (takes.address !== undefined && !seesPersonal(scope, tenantId))
    throw new Refused("forbidden", "With a restricted profile one writes to known addresses only.");
  const sees = (queueId: string | null): boolean => seesQueue(scope, tenantId, queueId);
  const goal = await goalOf({ q, secrets, tenantId, contactId: null, way: takes, sees, begin });
  const subject = composed(takes.subject) === "" ? null : composed(takes.subject);
  const { threadId, contactId } = await openGoal({
    q,
    secrets,
    tenantId,
    goal,
    owner: null,
    name: takes.name,
    subject,
  });
  const [open] = await q.query<{ id: string; queueId: string | null }>({
    name: "begin-open-case",
    text: `select c.id, c.queue_id as "queueId" from conversation_thread l join conversation c on c.id = l.conversation_id
      where l.thread_id = $1 and l.active_to is null and c.status <> 'closed'`,
    values: [threadId],
  });
  if (open !== undefined) {
    if (!seesQueue(scope, tenantId, open.queueId))
      throw new Refused("conflict", "Another team is talking to this person here.");
    const [row] = await loadConversations({ q, tenantIds: [tenantId], ids: [open.id] });
    if (row !== undefined) return { row, change: null };
  }
  const id = uuid();
  const me = scope.actor.type === "user" ? scope.actor.id : null;
  await q.query({
    name: "begin-conversation",
    text: `with number as (update tenant set last_number = last_number + 1 where id = $2 returning last_number as n)
      insert into conversation (id, tenant_id, number, contact_id, queue_id, assignee_id, status, subject, last_kind,
        last_direction, last_at)
      select $1, $2, number.n, $3, $4, $5, 'open', $6, $7, 'out', $8 from number`,
    values: [id, tenantId, contactId, goal.queueId, me, subject, goal.channel, now],
  });
  const conversation = await lockConversation({ q, scope, id });
  await linkThread({ q, scope, conversation, threadId, now });
  const event = eventMessage({
    actor: actorOf(scope, tenantId),
    detail: { event: "assigned", from: null, to: me },
  });
  await appendMessages({ q, conversation, messages: [event], now });
  const [change] = await finishSteps({
    q,
    steps: [{ conversationId: id, tenantId, messageIds: [event.id], type: "message.added" }],
  });
  if (change === undefined) throw new Error("a conversation just begun was not found");
  return { row: change.row, change };
};
