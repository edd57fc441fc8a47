import { Refused } from "#core/refused";
import { isUuid, uuid } from "#core/uuid";
import type { Queryable } from "./db.ts";

/** A thread of a conversation on which an answer may go out. */
export interface ReplyThread {
  readonly id: string;
  readonly accountId: string;
  readonly kind: string;
  readonly channel: string;
  readonly enabled: boolean;
  readonly windowUntil: Date | null;
  readonly identityId: string | null;
  readonly valueEnc: Buffer | null;
  /** The customer's last message there: what is being answered. */
  readonly answersId: string | null;
}

/** The given thread, else the active one the customer wrote on last. Null: none is linked and active. */
export const findReplyThread = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly conversationId: string;
  readonly threadId: string | null;
}): Promise<ReplyThread | null> => {
  if (input.threadId !== null && !isUuid(input.threadId)) return null;
  const [thread] = await input.q.query<ReplyThread>({
    name: "find-reply-thread",
    text: `select t.id, t.account_id as "accountId", a.kind, a.channel, a.enabled, t.window_until as "windowUntil",
        t.identity_id as "identityId", i.value_enc as "valueEnc", last.id as "answersId"
      from conversation_thread ct
        join thread t on t.id = ct.thread_id
        join channel_account a on a.id = t.account_id
        left join identity i on i.id = t.identity_id
        left join lateral (select m.id, m.seq from message m where m.conversation_id = ct.conversation_id
          and m.thread_id = t.id and m.direction = 'in' and not m.held order by m.seq desc limit 1) last on true
      where ct.conversation_id = $1 and ct.tenant_id = $2 and ct.active_to is null and ($3::uuid is null or t.id = $3)
      order by last.seq desc nulls last, ct.active_from desc limit 1`,
    values: [input.conversationId, input.tenantId, input.threadId],
  });
  return thread ?? null;
};

export interface UploadedFile {
  readonly id: string;
  readonly name: string;
  readonly mime: string;
  readonly size: number;
  readonly blobKey: string;
}

/** Files this agent uploaded for this tenant, in the order asked for. Refused bad-request when one is missing. */
export const findUploads = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly ownerId: string | null;
  readonly ids: readonly string[];
}): Promise<readonly UploadedFile[]> => {
  if (input.ids.length === 0) return [];
  const found = await input.q.query<UploadedFile>({
    name: "find-uploads",
    text: `select id, name, mime, size, blob_key as "blobKey" from upload
      where id = any($1::uuid[]) and tenant_id = $2 and owner_type = 'agent' and owner_id = $3`,
    values: [input.ids.filter(isUuid), input.tenantId, input.ownerId ?? ""],
  });
  const byId = new Map(found.map((file) => [file.id, file]));
  return input.ids.map((id) => {
    const file = byId.get(id);
    if (file === undefined) throw new Refused("bad-request", "An attached file is gone; attach it again.");
    return file;
  });
};

/** Hangs uploaded files on a message of this transaction. */
export const addParts = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly messageId: string;
  readonly files: readonly UploadedFile[];
}): Promise<void> => {
  if (input.files.length === 0) return;
  await input.q.query({
    name: "add-parts",
    text: `insert into message_part (id, tenant_id, message_id, idx, name, mime, size, blob_key, state)
      select id, $1, $2, idx, name, mime, size, "blobKey", 'stored' from json_to_recordset($3::json)
        as p(id uuid, idx int, name text, mime text, size int, "blobKey" text)`,
    values: [
      input.tenantId,
      input.messageId,
      JSON.stringify(input.files.map((file, idx) => ({ ...file, id: uuid(), idx }))),
    ],
  });
};

/** One delivery a message and recipient. `heldUntil` null: it may go out at once. */
export const addDeliveries = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly conversationId: string;
  readonly thread: { readonly id: string; readonly accountId: string };
  readonly messages: readonly { readonly id: string; readonly seq: number }[];
  readonly recipients: readonly string[];
  readonly heldUntil: Date | null;
  readonly now: Date;
}): Promise<void> => {
  const rows = input.messages.flatMap((message) =>
    input.recipients.map((recipient) => ({ id: uuid(), messageId: message.id, seq: message.seq, recipient })),
  );
  await input.q.query({
    name: "add-deliveries",
    text: `insert into delivery (id, tenant_id, message_id, conversation_id, thread_id, account_id, recipient, seq,
        state, rank, next_at)
      select id, $1, "messageId", $2, $3, $4, recipient, seq, $5, $6, $7 from json_to_recordset($8::json)
        as d(id uuid, "messageId" uuid, recipient text, seq int)`,
    values: [
      input.tenantId,
      input.conversationId,
      input.thread.id,
      input.thread.accountId,
      input.heldUntil === null ? "queued" : "held",
      input.heldUntil === null ? 1 : 0,
      input.heldUntil ?? input.now,
      JSON.stringify(rows),
    ],
  });
};

/** Makes sure a letter of this thread to this recipient has a token that leads an answer back. */
export const ensureReplyToken = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly thread: { readonly id: string; readonly accountId: string };
  readonly recipientHash: Buffer;
  /** 96 random bits, lower case: mailboxes do not keep case. */
  readonly token: string;
}): Promise<void> => {
  await input.q.query({
    name: "ensure-reply-token",
    text: `insert into reply_token (token, tenant_id, account_id, thread_id, recipient_hash)
      select $1, $2, $3, $4, $5 where not exists (select 1 from reply_token
        where thread_id = $4 and recipient_hash = $5 and revoked_at is null)`,
    values: [input.token, input.tenantId, input.thread.accountId, input.thread.id, input.recipientHash],
  });
};
