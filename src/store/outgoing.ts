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
  readonly identityKind: string | null;
  readonly valueEnc: Buffer | null;
  readonly subject: string | null;
  /** The message that was named, else the customer's last one there: what is being answered. */
  readonly answersId: string | null;
}

/** The given thread, else the active one the customer wrote on last. Null: none is linked and active. */
export const findReplyThread = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly conversationId: string;
  readonly threadId: string | null;
  readonly answersId?: string | null;
}): Promise<ReplyThread | null> => {
  const { answersId = null } = input;
  if (input.threadId !== null && !isUuid(input.threadId)) return null;
  if (answersId !== null && !isUuid(answersId)) return null;
  const [thread] = await input.q.query<ReplyThread>({
    name: "find-reply-thread",
    text: `select t.id, t.account_id as "accountId", a.kind, a.channel, a.enabled, t.window_until as "windowUntil",
        t.identity_id as "identityId", i.kind as "identityKind", i.value_enc as "valueEnc", t.subject,
        last.id as "answersId"
      from conversation_thread ct
        join thread t on t.id = ct.thread_id
        join channel_account a on a.id = t.account_id
        left join identity i on i.id = t.identity_id
        left join lateral (select m.id, m.seq from message m where m.conversation_id = ct.conversation_id
          and m.thread_id = t.id and (m.id = $4 or m.direction = 'in' and not m.held)
          order by (m.id = $4) is true desc, m.seq desc limit 1) last on true
      where ct.conversation_id = $1 and ct.tenant_id = $2 and ct.active_to is null and ($3::uuid is null or t.id = $3)
      order by (last.id = $4) is true desc, last.seq desc nulls last, ct.active_from desc limit 1`,
    values: [input.conversationId, input.tenantId, input.threadId, answersId],
  });
  return thread ?? null;
};

export interface UploadedFile {
  readonly id: string;
  readonly name: string;
  readonly mime: string;
  readonly size: number;
  readonly blobKey: string;
  /** Of a picture inside the text. */
  readonly contentId?: string | null;
  readonly inline?: boolean;
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

/** Files of messages of this conversation, sent on by reference. Refused bad-request when one is missing or not here. */
export const findParts = async (input: {
  readonly q: Queryable;
  readonly conversationId: string;
  readonly ids: readonly string[];
}): Promise<readonly UploadedFile[]> => {
  if (input.ids.length === 0) return [];
  const found = await input.q.query<UploadedFile>({
    name: "find-parts",
    text: `select p.id, p.name, p.mime, p.size, p.blob_key as "blobKey", p.content_id as "contentId", p.inline
      from message_part p join message m on m.id = p.message_id
      where p.id = any($1::uuid[]) and m.conversation_id = $2 and p.state = 'stored' and p.blob_key is not null`,
    values: [input.ids.filter(isUuid), input.conversationId],
  });
  const byId = new Map(found.map((file) => [file.id, file]));
  return input.ids.map((id) => {
    const file = byId.get(id);
    if (file === undefined) throw new Refused("bad-request", "A file to be passed on is not in this conversation.");
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
    text: `insert into message_part (id, tenant_id, message_id, idx, name, mime, size, blob_key, state, content_id, inline)
      select id, $1, $2, idx, name, mime, size, "blobKey", 'stored', "contentId", coalesce(inline, false)
      from json_to_recordset($3::json)
        as p(id uuid, idx int, name text, mime text, size int, "blobKey" text, "contentId" text, inline boolean)`,
    values: [
      input.tenantId,
      input.messageId,
      JSON.stringify(input.files.map((file, idx) => ({ ...file, id: uuid(), idx }))),
    ],
  });
};

export interface Recipient {
  readonly recipient: string;
  readonly role: "to" | "cc" | "bcc";
}

/** One delivery a message and recipient. `heldUntil` null: it may go out at once. */
export const addDeliveries = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly conversationId: string;
  readonly thread: { readonly id: string; readonly accountId: string };
  readonly messages: readonly { readonly id: string; readonly seq: number }[];
  readonly recipients: readonly Recipient[];
  readonly heldUntil: Date | null;
  /** The agent chose the time: what is written meanwhile overtakes it. */
  readonly scheduled: boolean;
  readonly now: Date;
}): Promise<void> => {
  const rows = input.messages.flatMap((message) =>
    input.recipients.map(({ recipient, role }) => ({
      id: uuid(),
      messageId: message.id,
      seq: message.seq,
      recipient,
      role,
    })),
  );
  await input.q.query({
    name: "add-deliveries",
    text: `insert into delivery (id, tenant_id, message_id, conversation_id, thread_id, account_id, recipient, role, seq,
        state, rank, next_at, scheduled)
      select id, $1, "messageId", $2, $3, $4, recipient, role, seq, $5, $6, $7, $9 from json_to_recordset($8::json)
        as d(id uuid, "messageId" uuid, recipient text, role text, seq int)`,
    values: [
      input.tenantId,
      input.conversationId,
      input.thread.id,
      input.thread.accountId,
      input.heldUntil === null ? "queued" : "held",
      input.heldUntil === null ? 1 : 0,
      input.heldUntil ?? input.now,
      JSON.stringify(rows),
      input.scheduled,
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
