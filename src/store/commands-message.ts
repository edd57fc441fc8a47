import type { Limits } from "#contract";
import { cancellable } from "#core/delivery";
import type { MessageRecord, StoredChange } from "#core/records";
import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import { roomFor } from "#core/windows";
import type { Queryable } from "./db.ts";
import { loadMessages } from "./load.ts";
import { type Locked, lockByMessage } from "./locked.ts";
import { admitAuthor } from "./participants.ts";
import { finishSteps } from "./step.ts";

export interface MessageInput {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly messageId: string;
  readonly now: Date;
}

/** The message with its conversation locked. Throws Refused not-found, forbidden. */
export const lockMessage = async (input: MessageInput): Promise<{ conversation: Locked; message: MessageRecord }> => {
  const conversation = await lockByMessage(input);
  const [message] = await loadMessages({ q: input.q, tenantIds: [conversation.tenantId], ids: [input.messageId] });
  if (message === undefined) throw new Refused("not-found", "There is no such message.");
  return { conversation, message };
};

/** Ends what was done to messages of a locked conversation. */
export const finishMessages = async (
  input: MessageInput,
  conversation: Locked,
  messageIds: readonly string[],
): Promise<{ message: MessageRecord; change: StoredChange }> => {
  const [change] = await finishSteps({
    q: input.q,
    steps: [{ conversationId: conversation.id, tenantId: conversation.tenantId, messageIds, type: "message.changed" }],
  });
  const message = change?.messages.find((one) => one.id === input.messageId);
  if (change === undefined || message === undefined) throw new Error("a message just changed was not found");
  return { message, change };
};

/** A long text went out as several messages under one key: undo takes back all of them. */
const family = async (q: Queryable, message: MessageRecord): Promise<readonly string[]> => {
  const base = message.clientKey?.replace(/#\d+$/, "");
  if (base === undefined || message.detail["parts"] === undefined) return [message.id];
  const rows = await q.query<{ id: string }>({
    name: "find-family",
    text: `select id from message where conversation_id = $1 and (client_key = $2 or client_key like $3)
      and detail ? 'parts' order by seq`,
    values: [message.conversationId, base, `${base.replaceAll(/[\\%_]/g, "\\$&")}#%`],
  });
  return rows.map((row) => row.id);
};

/** Takes a message back while nothing of it has left the hub. Refused conflict when it has. */
export const storeCancel = async (
  input: MessageInput,
): Promise<{ message: MessageRecord; change: StoredChange | null }> => {
  const { q, now } = input;
  const { conversation, message } = await lockMessage(input);
  if (message.deliveries.length > 0 && message.deliveries.every((delivery) => delivery.state === "cancelled"))
    return { message, change: null };
  const ids = await family(q, message);
  // Locks the deliveries against the outbox: what it claims first is gone, what we see first stays.
  const deliveries = await q.query<{ state: MessageRecord["deliveries"][number]["state"] }>({
    name: "lock-deliveries",
    text: "select state from delivery where message_id = any($1::uuid[]) order by id for update",
    values: [ids],
  });
  if (!cancellable(deliveries.map((delivery) => delivery.state)))
    throw new Refused("conflict", "It is too late: the message is on its way.");
  await q.query({
    name: "cancel-deliveries",
    text: `update delivery set state = 'cancelled', rank = 9, next_at = null, updated_at = $2
      where message_id = any($1::uuid[])`,
    values: [ids, now],
  });
  return finishMessages(input, conversation, ids);
};

/** Puts failed and uncertain deliveries back into the queue, under the same key. Refused conflict when there is none. */
export const storeRetry = async (
  input: MessageInput & { readonly limits: (kind: string) => Limits | undefined },
): Promise<{ message: MessageRecord; change: StoredChange; accountId: string }> => {
  const { q, now } = input;
  const { conversation, message } = await lockMessage(input);
  const [thread] = await q.query<{ windowUntil: Date | null; kind: string }>({
    name: "retry-window",
    text: `select t.window_until as "windowUntil", a.kind from thread t join channel_account a on a.id = t.account_id
      where t.id = $1`,
    values: [message.threadId],
  });
  const limits = input.limits(thread?.kind ?? "") ?? { replyWindowHours: false };
  const byPerson = message.authorType === "agent";
  if (
    message.kind !== "template" &&
    roomFor({ limits, windowUntil: thread?.windowUntil ?? null, byPerson, now }) === "closed"
  )
    throw new Refused("window-closed", "The reply window of this channel has closed.");
  const again = await q.query<{ accountId: string }>({
    name: "retry-deliveries",
    text: `update delivery set state = 'queued', rank = 1, attempts = 0, next_at = $2,
        error_code = case when state = 'uncertain' then 'insisted' end, error_text = null, claimed_by = null, claimed_until = null, updated_at = $2
      where message_id = $1 and state in ('failed', 'uncertain') returning account_id as "accountId"`,
    values: [message.id, now],
  });
  const accountId = again[0]?.accountId;
  if (accountId === undefined) throw new Refused("conflict", "Nothing of this message failed.");
  return { ...(await finishMessages(input, conversation, [message.id])), accountId };
};

/** Lets a held message count: it was matched to the thread, but its sender was not known there. */
export const storeAccept = async (
  input: MessageInput,
): Promise<{ message: MessageRecord; change: StoredChange | null }> => {
  const { q } = input;
  const { conversation, message } = await lockMessage(input);
  if (!message.held) return { message, change: null };
  await q.query({ name: "accept-held", text: "update message set held = false where id = $1", values: [message.id] });
  await admitAuthor({ q, messageId: message.id, now: input.now });
  await q.query({
    name: "accept-held-conversation",
    text: `update conversation set unread = unread + case when $2 > read_seq then 1 else 0 end,
        waiting_since = least(waiting_since, $3),
        status = case when status = 'closed' then 'open' else status end,
        closed_at = case when status = 'closed' then null else closed_at end
      where id = $1`,
    values: [conversation.id, message.seq, message.occurredAt],
  });
  return finishMessages(input, conversation, [message.id]);
};
