import type { StoredChange } from "#core/records";
import { uuid } from "#core/uuid";
import type { Queryable } from "./db.ts";
import { loadConversations, loadMessages } from "./load.ts";

/** A message the hub itself writes: a reply, a note, an event. `appendMessages` gives its seq. */
export interface NewMessage {
  readonly id: string;
  readonly threadId: string | null;
  readonly accountId: string | null;
  readonly direction: "out" | "note" | "event";
  readonly authorType: "agent" | "bot" | "system";
  readonly authorId: string | null;
  readonly authorName: string;
  readonly clientKey: string | null;
  readonly replyToId: string | null;
  readonly subject: string | null;
  readonly body: string;
  /** Sanitised. */
  readonly html?: string | null;
  /** Absent = a text, or system for an event. */
  readonly kind?: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly searchText: string;
}

/** An event message: how the history of a conversation shows who did what. */
export const eventMessage = (input: {
  readonly actor: { readonly type: "agent" | "bot" | "system"; readonly id: string | null; readonly name: string };
  readonly detail: Readonly<Record<string, unknown>> & { readonly event: string };
}): NewMessage => ({
  id: uuid(),
  threadId: null,
  accountId: null,
  direction: "event",
  authorType: input.actor.type,
  authorId: input.actor.id,
  authorName: input.actor.name,
  clientKey: null,
  replyToId: null,
  subject: null,
  body: "",
  detail: input.detail,
  searchText: "",
});

/**
 * Writes messages at the end of a conversation whose row the caller has locked, with the next seq numbers and the
 * version that `finishSteps` is about to give. Gives the seq of the last one, which is then the conversation's.
 */
export const appendMessages = async (input: {
  readonly q: Queryable;
  readonly conversation: {
    readonly id: string;
    readonly tenantId: string;
    readonly version: number;
    readonly lastSeq: number;
  };
  readonly messages: readonly NewMessage[];
  readonly now: Date;
}): Promise<number> => {
  const { q, conversation, messages, now } = input;
  const lastSeq = conversation.lastSeq + messages.length;
  if (messages.length === 0) return lastSeq;
  await q.query({
    name: "append-messages",
    text: `with added as (
        insert into message (id, tenant_id, conversation_id, seq, version, thread_id, account_id, direction, kind,
          author_type, author_id, author_name, client_key, reply_to_id, subject, body, body_html, detail, search_text,
          occurred_at)
        select i.id, $1, $2, $3 + i.no, $7, i."threadId", i."accountId", i.direction,
          coalesce(i.kind, case i.direction when 'event' then 'system' else 'text' end), i."authorType", i."authorId", i."authorName",
          i."clientKey", i."replyToId", i.subject, i.body, i.html, i.detail, i."searchText", $5
        from json_to_recordset($4::json) as i(no int, id uuid, "threadId" uuid, "accountId" uuid, direction text,
          "authorType" text, "authorId" uuid, "authorName" text, "clientKey" text, "replyToId" uuid, subject text,
          body text, html text, kind text, detail jsonb, "searchText" text))
      update conversation set last_seq = $3 + $6 where id = $2`,
    values: [
      conversation.tenantId,
      conversation.id,
      conversation.lastSeq,
      JSON.stringify(messages.map((message, index) => ({ ...message, no: index + 1 }))),
      now,
      messages.length,
      conversation.version + 1,
    ],
  });
  return lastSeq;
};

export interface Step {
  readonly conversationId: string;
  readonly tenantId: string;
  /** Messages added or changed: they take the conversation's new version. */
  readonly messageIds: readonly string[];
  readonly type: "message.added" | "message.changed" | "conversation.changed";
  /** Set when the conversation left this queue: whoever saw it there hears of it. */
  readonly formerQueueId?: string | null;
}

/**
 * Ends what a transaction did to conversations whose rows it has locked: one version more for each, the same version
 * on its changed messages, one event in the feed (two when it left a queue). Gives what to publish after the commit.
 */
export const finishSteps = async (input: {
  readonly q: Queryable;
  readonly steps: readonly Step[];
}): Promise<StoredChange[]> => {
  const { q, steps } = input;
  if (steps.length === 0) return [];
  const ids = steps.map((step) => step.conversationId);
  const messageIds = steps.flatMap((step) => step.messageIds);
  await q.query({
    name: "finish-steps",
    text: `with step as (
        select * from json_to_recordset($1::json) as s(id uuid, tenant uuid, type text, former uuid, moved boolean)),
      raised as (
        update conversation c set version = c.version + 1 from step s
        where c.id = s.id and c.tenant_id = s.tenant returning c.id, c.tenant_id, c.queue_id, c.version),
      marked as (
        update message m set version = r.version from raised r
        where m.id = any($2::uuid[]) and m.conversation_id = r.id and m.version <> r.version)
      insert into event (tenant_id, conversation_id, queue_id, type, version)
        select r.tenant_id, r.id, r.queue_id, s.type, r.version from raised r join step s using (id)
        union all
        select r.tenant_id, r.id, s.former, s.type, r.version from raised r join step s using (id) where s.moved`,
    values: [
      JSON.stringify(
        steps.map((step) => ({
          id: step.conversationId,
          tenant: step.tenantId,
          type: step.type,
          former: step.formerQueueId ?? null,
          moved: step.formerQueueId !== undefined,
        })),
      ),
      messageIds,
    ],
  });
  const tenantIds = [...new Set(steps.map((step) => step.tenantId))];
  const rows = new Map((await loadConversations({ q, tenantIds, ids })).map((row) => [row.id, row]));
  const messages = await loadMessages({ q, tenantIds, ids: messageIds });
  return steps.flatMap((step) => {
    const row = rows.get(step.conversationId);
    if (row === undefined) return [];
    return {
      prev: row.version - 1,
      row,
      messages: messages.filter((message) => message.conversationId === row.id),
      ...(step.formerQueueId === undefined ? {} : { formerQueueId: step.formerQueueId }),
    };
  });
};
