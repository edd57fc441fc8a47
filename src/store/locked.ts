import { Refused } from "#core/refused";
import { mayWork, type Scope, seesQueue } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { ConversationStatus } from "#wire";
import type { Queryable } from "./db.ts";

/** A conversation whose row lock this transaction holds: nobody else gives out seq or version meanwhile. */
export interface Locked {
  readonly id: string;
  readonly tenantId: string;
  readonly contactId: string;
  readonly version: number;
  readonly lastSeq: number;
  readonly queueId: string | null;
  readonly assigneeId: string | null;
  readonly status: ConversationStatus;
  readonly snoozedUntil: Date | null;
  readonly waitingSince: Date | null;
  readonly subject: string | null;
  readonly priority: number;
  readonly tags: readonly string[];
  readonly readSeq: number;
  readonly unread: number;
  /** The tenant's policy, as stored. */
  readonly policy: unknown;
}

const columns = `c.id, c.tenant_id as "tenantId", c.contact_id as "contactId", c.version, c.last_seq as "lastSeq",
  c.queue_id as "queueId", c.assignee_id as "assigneeId", c.status, c.snoozed_until as "snoozedUntil",
  c.waiting_since as "waitingSince", c.subject, c.priority, c.tags, c.read_seq as "readSeq", c.unread, t.policy`;

/** What the scope cannot see does not exist for it; what it sees but may not change is forbidden. */
const admit = (scope: Scope, row: Locked | undefined): Locked => {
  if (row === undefined || !seesQueue(scope, row.tenantId, row.queueId))
    throw new Refused("not-found", "There is no such conversation.");
  if (!mayWork(scope, row.tenantId)) throw new Refused("forbidden", "You may look at this conversation only.");
  return row;
};

/** Locks one conversation for a change by this scope. Throws Refused not-found or forbidden. */
export const lockConversation = async (input: {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly id: string;
}): Promise<Locked> => {
  const { q, scope, id } = input;
  if (!isUuid(id)) throw new Refused("not-found", "There is no such conversation.");
  const [row] = await q.query<Locked>({
    name: "lock-conversation",
    text: `select ${columns} from conversation c join tenant t on t.id = c.tenant_id
      where c.id = $1 and c.tenant_id = any($2::uuid[]) for update of c`,
    values: [id, scope.tenantIds],
  });
  return admit(scope, row);
};

/** The same for the conversation that holds a message. */
export const lockByMessage = async (input: {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly messageId: string;
}): Promise<Locked> => {
  const { q, scope, messageId } = input;
  if (!isUuid(messageId)) throw new Refused("not-found", "There is no such message.");
  const [row] = await q.query<Locked>({
    name: "lock-by-message",
    text: `select ${columns} from conversation c join tenant t on t.id = c.tenant_id
      where c.id = (select conversation_id from message where id = $1) and c.tenant_id = any($2::uuid[]) for update of c`,
    values: [messageId, scope.tenantIds],
  });
  return admit(scope, row);
};
