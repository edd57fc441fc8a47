import { isUuid } from "#core/uuid";
import { seesQueue, type Scope } from "#core/scope";
import type { Db } from "./db.ts";

/** What a channel sent for one message, or the letter that went out, byte for byte: small ones from the row, large ones by their file's key. */
export interface MessageSource {
  readonly tenantId: string;
  readonly conversationNumber: number;
  readonly seq: number;
  readonly raw: Buffer | null;
  readonly rawBlob: string | null;
  /** A mail program opens it. */
  readonly letter: boolean;
}

/** Null when the message does not exist for this scope or was not kept as it came. */
export const messageSource = async (input: {
  db: Db;
  scope: Scope;
  messageId: string;
}): Promise<MessageSource | null> => {
  if (!isUuid(input.messageId)) return null;
  const [row] = await input.db.query<{
    tenant_id: string;
    queue_id: string | null;
    number: number;
    seq: number;
    raw: Buffer | null;
    raw_blob: string | null;
    letter: boolean;
  }>({
    text: `SELECT m.tenant_id, c.queue_id, c.number, m.seq, e.raw, coalesce(e.raw_blob, f.blob_key) AS raw_blob, m.detail ? 'from' OR f.key IS NOT NULL AS letter
             FROM message m
             JOIN conversation c ON c.id = m.conversation_id
             LEFT JOIN inbound_event e
               ON e.account_id = m.account_id AND e.dedupe_key = 'm:' || m.external_id AND e.type = 'message'
             LEFT JOIN frozen f ON f.account_id = m.account_id AND f.key = 'letter:' || m.id AND m.direction = 'out'
            WHERE m.id = $1 AND m.tenant_id = ANY($2::uuid[])`,
    values: [input.messageId, input.scope.tenantIds],
  });
  if (row === undefined || !seesQueue(input.scope, row.tenant_id, row.queue_id)) return null;
  if (row.raw === null && row.raw_blob === null) return null;
  return {
    tenantId: row.tenant_id,
    conversationNumber: row.number,
    seq: row.seq,
    raw: row.raw,
    rawBlob: row.raw_blob,
    letter: row.letter,
  };
};

/** Where an agent's typing on a conversation should be shown: the thread of the customer's last message. */
export const typingTarget = async (input: {
  db: Db;
  scope: Scope;
  conversationId: string;
}): Promise<{ accountId: string; thread: string } | null> => {
  const [row] = await input.db.query<{ account_id: string; external_key: string }>({
    name: "typing-target",
    text: `SELECT t.account_id, t.external_key
             FROM conversation_thread ct JOIN thread t ON t.id = ct.thread_id
            WHERE ct.conversation_id = $1 AND ct.tenant_id = ANY($2::uuid[]) AND ct.active_to IS NULL
            ORDER BY ct.active_from DESC LIMIT 1`,
    values: [input.conversationId, input.scope.tenantIds],
  });
  return row === undefined ? null : { accountId: row.account_id, thread: row.external_key };
};

/** The tenant and queue of a conversation this scope may see; null otherwise. */
export const conversationAccess = async (input: {
  db: Db;
  scope: Scope;
  id: string;
}): Promise<{ tenantId: string; queueId: string | null } | null> => {
  if (!isUuid(input.id)) return null;
  const [row] = await input.db.query<{ tenant_id: string; queue_id: string | null }>({
    name: "conversation-access",
    text: "SELECT tenant_id, queue_id FROM conversation WHERE id = $1 AND tenant_id = ANY($2::uuid[])",
    values: [input.id, input.scope.tenantIds],
  });
  if (row === undefined || !seesQueue(input.scope, row.tenant_id, row.queue_id)) return null;
  return { tenantId: row.tenant_id, queueId: row.queue_id };
};
