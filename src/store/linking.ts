import { Refused } from "#core/refused";
import { type Scope, seesQueue } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { Queryable } from "./db.ts";
import type { Locked } from "./locked.ts";

/**
 * Makes a thread answerable in a conversation whose lock is held. A thread belongs to one open conversation at a time:
 * it leaves a closed one, and is refused with conflict while another open one has it. Gives the kind of channel the
 * thread is shown as, null when it was linked already. `anybody`: the thread is not of the conversation's person (a
 * letter passed on to somebody else).
 */
export const linkThread = async (input: {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly conversation: Locked;
  readonly threadId: string;
  readonly anybody?: boolean;
  readonly now: Date;
}): Promise<string | null> => {
  const { q, scope, conversation, threadId, now } = input;
  const unknown = new Refused("not-found", "This person has no such thread.");
  if (!isUuid(threadId)) throw unknown;
  const [thread] = await q.query<{ linkedTo: string | null; queueId: string | null; channel: string }>({
    name: "lock-linked",
    text: `select ct.conversation_id as "linkedTo", c.queue_id as "queueId", a.channel
      from thread t join channel_account a on a.id = t.account_id left join identity i on i.id = t.identity_id
        left join conversation_thread ct on ct.thread_id = t.id and ct.active_to is null
        left join conversation c on c.id = ct.conversation_id
      where t.id = $1 and t.tenant_id = $2 and (i.contact_id = $3 or $4)`,
    values: [threadId, conversation.tenantId, conversation.contactId, input.anybody === true],
  });
  if (thread === undefined) throw unknown;
  if (thread.linkedTo === conversation.id) return null;
  if (thread.linkedTo !== null) {
    if (!seesQueue(scope, conversation.tenantId, thread.queueId)) throw unknown;
    const ended = await q.query({
      name: "end-link",
      text: `update conversation_thread set active_to = greatest($2, active_from) where thread_id = $1 and active_to is null
        and exists (select 1 from conversation c where c.id = conversation_id and c.status = 'closed') returning thread_id`,
      values: [threadId, now],
    });
    if (ended.length === 0) throw new Refused("conflict", "Another open conversation of this person uses this thread.");
  }
  await q.query({
    name: "link-thread",
    text: "insert into conversation_thread (conversation_id, thread_id, tenant_id, active_from) values ($1, $2, $3, $4)",
    values: [conversation.id, threadId, conversation.tenantId, now],
  });
  return thread.channel;
};
