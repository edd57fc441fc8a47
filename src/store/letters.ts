import { seesQueue, type Scope } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { Db } from "./db.ts";

/** One message for who wants to do something with it as a letter. */
export interface LetterRecord {
  readonly tenantId: string;
  readonly conversationId: string;
  readonly queueId: string | null;
  readonly accountId: string | null;
  /** Address of the mailbox it came through. */
  readonly mailbox: string;
  readonly direction: string;
  readonly subject: string | null;
  readonly html: string | null;
  readonly detail: unknown;
  /** Of the client company. */
  readonly locale: string;
}

/** Null when the message does not exist for this scope. */
export const findLetter = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly messageId: string;
}): Promise<LetterRecord | null> => {
  const { db, scope, messageId } = input;
  if (!isUuid(messageId)) return null;
  const [row] = await db.query<LetterRecord>({
    name: "find-letter",
    text: `select m.tenant_id as "tenantId", c.id as "conversationId", c.queue_id as "queueId", a.id as "accountId",
        coalesce(a.address, '') as mailbox, m.direction, m.subject, m.body_html as html, m.detail, coalesce(t.policy ->> 'locale', 'en') as locale
      from message m join tenant t on t.id = m.tenant_id join conversation c on c.id = m.conversation_id left join channel_account a on a.id = m.account_id
      where m.id = $1 and m.tenant_id = any($2::uuid[])`,
    values: [messageId, scope.tenantIds],
  });
  return row === undefined || !seesQueue(scope, row.tenantId, row.queueId) ? null : row;
};
