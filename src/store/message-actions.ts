import type { FailureCode } from "#contract";
import type { ActionRecord, MessageRecord, StoredChange } from "#core/records";
import { Refused } from "#core/refused";
import { composed } from "#core/reply";
import type { Scope } from "#core/scope";
import { searchable } from "#core/search";
import { preview } from "#core/text";
import { uuid } from "#core/uuid";
import { finishMessages, lockMessage } from "./commands-message.ts";
import type { Db, Queryable } from "./db.ts";
import type { Locked } from "./locked.ts";
import type { LeaseProof } from "./outbox.ts";
import { actorOf } from "./status.ts";
import { finishSteps } from "./step.ts";

type Op = ActionRecord["op"];

interface ActionInput {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly messageId: string;
  /** Whether the channel of this account can do that. */
  readonly can: (accountId: string, op: Op) => boolean;
  readonly now: Date;
}
export interface ActionResult {
  readonly message: MessageRecord;
  readonly change: StoredChange;
  readonly accountId: string;
}

const admit = async (
  input: ActionInput,
  op: Op,
): Promise<{ conversation: Locked; message: MessageRecord; accountId: string }> => {
  const { conversation, message } = await lockMessage(input);
  const { accountId } = message;
  if (accountId === null || (message.direction !== "in" && message.direction !== "out"))
    throw new Refused("bad-request", "This is not a message of a channel.");
  if (op !== "react" && message.direction !== "out")
    throw new Refused("forbidden", "Only what was written here can be changed.");
  if (message.revokedAt !== null) throw new Refused("conflict", "The message was removed already.");
  if (!input.can(accountId, op)) throw new Refused("bad-request", "This channel cannot do that.");
  const [sent] = await input.q.query({
    name: "action-target",
    text: "select 1 from message where id = $1 and external_id is not null",
    values: [message.id],
  });
  if (sent === undefined) throw new Refused("conflict", "The customer does not have this message yet.");
  return { conversation, message, accountId };
};

/** One action of a kind waits for a message: a later one takes its place. */
const queue = async (
  input: ActionInput,
  o: { readonly message: MessageRecord; readonly accountId: string; readonly op: Op; readonly value: string },
): Promise<void> => {
  const { message } = o;
  await input.q.query({
    name: "queue-action",
    text: `insert into message_action (id, tenant_id, message_id, conversation_id, account_id, op, value, next_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict (message_id, op) do update set value = excluded.value, state = 'queued', attempts = 0,
        next_at = excluded.next_at, claimed_by = null, error_code = null, error_text = null, updated_at = excluded.next_at`,
    values: [uuid(), message.tenantId, message.id, message.conversationId, o.accountId, o.op, o.value, input.now],
  });
};

const revise = async (
  input: ActionInput,
  o: { readonly message: MessageRecord; readonly op: "edit" | "revoke"; readonly actor: string },
): Promise<void> => {
  await input.q.query({
    name: "revise-message",
    text: `insert into message_revision (id, tenant_id, message_id, no, op, actor, body, at)
      select $1, $2, $3, coalesce(max(no), 0) + 1, $4, $5, $6, $7 from message_revision where message_id = $3`,
    values: [uuid(), o.message.tenantId, o.message.id, o.op, o.actor, o.message.body, input.now],
  });
};

const showPreview = async (
  input: ActionInput,
  conversation: Locked,
  message: MessageRecord,
  text: string,
): Promise<void> => {
  if (message.seq !== conversation.lastSeq) return;
  await input.q.query({
    name: "preview-after-action",
    text: "update conversation set preview = $2 where id = $1",
    values: [conversation.id, preview({ text, attachments: text === "" ? [] : message.parts })],
  });
};

/** New words for a message the customer has; the old ones are kept. Throws Refused. */
export const storeEdit = async (input: ActionInput & { readonly text: string }): Promise<ActionResult> => {
  const { conversation, message, accountId } = await admit(input, "edit");
  const text = composed(input.text);
  if (text === "") throw new Refused("bad-request", "An empty message cannot be sent.");
  if (message.detail["content"] !== undefined || message.bodyHtml !== null)
    throw new Refused("bad-request", "Only plain text can be edited.");
  await revise(input, { message, op: "edit", actor: actorOf(input.scope, conversation.tenantId).name });
  await input.q.query({
    name: "edit-message",
    text: "update message set body = $2, search_text = $3, edited_at = $4 where id = $1",
    values: [message.id, text, searchable(message.subject, text), input.now],
  });
  await queue(input, { message, accountId, op: "edit", value: text });
  await showPreview(input, conversation, message, text);
  return { ...(await finishMessages(input, conversation, [message.id])), accountId };
};

/** Takes a message back on both sides; what it said is kept among its revisions. Throws Refused. */
export const storeRemove = async (input: ActionInput): Promise<ActionResult> => {
  const { conversation, message, accountId } = await admit(input, "remove");
  await revise(input, { message, op: "revoke", actor: actorOf(input.scope, conversation.tenantId).name });
  await input.q.query({
    name: "remove-message",
    text: `with done as (update message_action set state = 'done' where message_id = $1 and op <> 'remove')
      update message set body = '', body_html = null, search_text = '', revoked_at = $2 where id = $1`,
    values: [message.id, input.now],
  });
  await queue(input, { message, accountId, op: "remove", value: "" });
  await showPreview(input, conversation, message, "");
  return { ...(await finishMessages(input, conversation, [message.id])), accountId };
};

/** Our side's one reaction to a message; an empty emoji takes it back. Throws Refused. */
export const storeReact = async (input: ActionInput & { readonly emoji: string }): Promise<ActionResult> => {
  const { conversation, message, accountId } = await admit(input, "react");
  const emoji = composed(input.emoji);
  const actor = actorOf(input.scope, conversation.tenantId).name;
  await input.q.query({
    name: "react-to-message",
    text: `with others as (
        update reaction set emoji = '', at = $5 where message_id = $1 and actor like 'agent:%' and actor <> $3)
      insert into reaction (message_id, tenant_id, actor, emoji, at) values ($1, $2, $3, $4, $5)
      on conflict (message_id, actor) do update set emoji = excluded.emoji, at = excluded.at`,
    values: [message.id, conversation.tenantId, `agent:${actor}`, emoji, input.now],
  });
  await queue(input, { message, accountId, op: "react", value: emoji });
  return { ...(await finishMessages(input, conversation, [message.id])), accountId };
};

/** Tells the channel once more what it did not take. Refused conflict when nothing failed. */
export const storeAgain = async (input: Omit<ActionInput, "can">): Promise<ActionResult> => {
  const { conversation, message } = await lockMessage(input);
  const again = await input.q.query<{ accountId: string }>({
    name: "again-action",
    text: `update message_action set state = 'queued', attempts = 0, next_at = $2, error_code = null, error_text = null
      where message_id = $1 and state = 'failed' returning account_id as "accountId"`,
    values: [message.id, input.now],
  });
  const accountId = again[0]?.accountId;
  if (accountId === undefined) throw new Refused("conflict", "Nothing of this message failed.");
  return { ...(await finishMessages(input, conversation, [message.id])), accountId };
};

/** One action taken to be told to the channel. */
export interface ClaimedAction {
  readonly id: string;
  readonly op: Op;
  readonly value: string;
  readonly attempts: number;
  readonly threadKey: string;
  readonly externalId: string;
}

/**
 * Takes due actions of one account, oldest first. What a former leader left half done is taken again: telling a channel
 * twice the same edit, removal or reaction changes nothing.
 */
export const claimActions = (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly accountId: string;
  readonly lease: LeaseProof;
  readonly claim: string;
  readonly now: Date;
  readonly limit: number;
}): Promise<ClaimedAction[]> =>
  input.db.query<ClaimedAction>({
    name: "claim-actions",
    text: `with lead as materialized (
        select 1 from lease where name = $4 and owner = $5 and fencing = $6 and until > now() for share),
      due as materialized (
        select x.id from message_action x where x.account_id = $1 and x.tenant_id = $2 and exists (select 1 from lead)
          and (x.state = 'queued' and x.next_at <= $3 or x.state = 'sending' and x.claimed_by is distinct from $8)
        order by x.next_at limit $7 for update skip locked),
      taken as (
        update message_action x set state = 'sending', attempts = x.attempts + 1, claimed_by = $8, updated_at = $3
        from due where x.id = due.id returning x.*)
      select k.id, k.op, k.value, k.attempts, t.external_key as "threadKey", m.external_id as "externalId"
      from taken k join message m on m.id = k.message_id join thread t on t.id = m.thread_id order by k.created_at, k.id`,
    values: [
      input.accountId,
      input.tenantId,
      input.now,
      input.lease.name,
      input.lease.owner,
      input.lease.fencing,
      input.limit,
      input.claim,
    ],
  });

/** What became of one action; nothing is written when another one took its place meanwhile. */
export const writeAction = (input: {
  readonly db: Db;
  readonly id: string;
  readonly claim: string;
  readonly state: "queued" | "done" | "failed";
  readonly nextAt: Date | null;
  readonly errorCode: FailureCode | null;
  readonly errorText: string | null;
  readonly now: Date;
}): Promise<StoredChange[]> =>
  input.db.tx(async (q) => {
    const [row] = await q.query<{ conversationId: string; messageId: string; tenantId: string }>({
      name: "action-conversation",
      text: `select c.id as "conversationId", x.message_id as "messageId", x.tenant_id as "tenantId"
        from message_action x join conversation c on c.id = x.conversation_id where x.id = $1 for update of c`,
      values: [input.id],
    });
    if (row === undefined) return [];
    const written = await q.query({
      name: "write-action",
      text: `update message_action set state = $3, next_at = $4, error_code = $5, error_text = $6, claimed_by = null,
          updated_at = $7 where id = $1 and state = 'sending' and claimed_by = $2 returning id`,
      values: [input.id, input.claim, input.state, input.nextAt, input.errorCode, input.errorText, input.now],
    });
    if (written.length === 0) return [];
    return finishSteps({
      q,
      steps: [
        {
          conversationId: row.conversationId,
          tenantId: row.tenantId,
          messageIds: [row.messageId],
          type: "message.changed",
        },
      ],
    });
  });
