import type { StoredChange } from "#core/records";
import type { Db } from "./db.ts";
import { finishSteps } from "./step.ts";

/** A file that its provider still has to hand out. */
export interface PendingFile {
  readonly partId: string;
  readonly messageId: string;
  readonly conversationId: string;
  readonly tenantId: string;
  readonly accountId: string;
  readonly ref: string;
  readonly name: string;
  readonly mime: string;
  readonly attempts: number;
}

/** What the given accounts wait for, oldest first. Accounts of all tenants: the hub's own work. */
export const pendingFiles = (input: {
  readonly db: Db;
  readonly accountIds: readonly string[];
  readonly most: number;
}): Promise<readonly PendingFile[]> =>
  input.db.query<PendingFile>({
    name: "pending-files",
    text: `select p.id as "partId", m.id as "messageId", m.conversation_id as "conversationId", p.tenant_id as "tenantId",
        m.account_id as "accountId", p.provider_ref as ref, p.name, p.mime, p.attempts
      from message_part p join message m on m.id = p.message_id
      where p.state = 'pending' and p.provider_ref is not null and m.account_id = any($1::uuid[]) and m.revoked_at is null
      order by p.id limit $2`,
    values: [input.accountIds, input.most],
  });

/** An attempt that brought nothing: counted, and tried again later. */
export const countAttempt = async (input: { readonly db: Db; readonly file: PendingFile }): Promise<void> => {
  const { partId, tenantId } = input.file;
  await input.db.query({
    name: "count-fetch",
    text: `update message_part set attempts = attempts + 1 where id = $1 and tenant_id = $2 and state = 'pending'`,
    values: [partId, tenantId],
  });
};

/** Ends the wait for a file, `stored` with its bytes or `failed` for good; gives what screens have to hear. */
export const settleFile = (input: {
  readonly db: Db;
  readonly file: PendingFile;
  readonly found: { readonly blobKey: string; readonly size: number; readonly mime: string } | null;
}): Promise<readonly StoredChange[]> =>
  input.db.tx(async (q) => {
    const { partId, messageId, conversationId, tenantId } = input.file;
    await q.query({
      name: "lock-conversation-of-file",
      text: "select from conversation where id = $1 and tenant_id = $2 for update",
      values: [conversationId, tenantId],
    });
    const changed = await q.query({
      name: "settle-file",
      text: `update message_part set state = $3, blob_key = $4, size = coalesce($5, size), mime = coalesce($6, mime),
          attempts = attempts + 1
        where id = $1 and tenant_id = $2 and state = 'pending' returning id`,
      values: [
        partId,
        tenantId,
        input.found === null ? "failed" : "stored",
        input.found?.blobKey ?? null,
        input.found?.size ?? null,
        input.found?.mime ?? null,
      ],
    });
    if (changed.length === 0) return [];
    return finishSteps({ q, steps: [{ conversationId, tenantId, messageIds: [messageId], type: "message.changed" }] });
  });
