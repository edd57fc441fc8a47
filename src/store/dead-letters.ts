import { isUuid } from "#core/uuid";
import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import { administered, mustAdminister } from "./admin-scope.ts";
import type { Db } from "./db.ts";

export interface DeadLetterRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly accountId: string;
  readonly accountName: string;
  readonly channel: string;
  readonly type: string;
  readonly error: string;
  readonly attempts: number;
  readonly receivedAt: Date;
  readonly excerpt: string;
}

/** What came in and could not be read or filed, newest first. At most 200 at once; `total` counts all. */
export const listDeadLetters = async (input: {
  db: Db;
  scope: Scope;
  tenantId?: string;
}): Promise<{ items: DeadLetterRecord[]; total: number }> => {
  if (input.tenantId !== undefined) mustAdminister(input.scope, input.tenantId);
  const rows = await input.db.query<DeadLetterRecord & { total: string }>({
    text: `SELECT e.id, e.tenant_id AS "tenantId", e.account_id AS "accountId", a.name AS "accountName",
                  a.channel, e.type, coalesce(e.error, '') AS error, e.attempts, e.received_at AS "receivedAt",
                  left(coalesce(e.payload->>'text', convert_from(substring(e.raw FROM 1 FOR 200), 'LATIN1'), e.payload::text), 200)
                    AS excerpt,
                  count(*) OVER () AS total
             FROM inbound_event e JOIN channel_account a ON a.id = e.account_id
            WHERE e.state = 'parked' AND e.tenant_id = ANY($1::uuid[])
            ORDER BY e.received_at DESC, e.id LIMIT 200`,
    values: [input.tenantId === undefined ? administered(input.scope) : [input.tenantId]],
  });
  return { items: rows, total: Number(rows[0]?.total ?? 0) };
};

/** The tenant of a parked event the scope administers; refuses otherwise. */
export const deadLetterTenant = async (input: { db: Db; scope: Scope; id: string }): Promise<string> => {
  const [row] = isUuid(input.id)
    ? await input.db.query<{ tenant_id: string }>({
        text: "SELECT tenant_id FROM inbound_event WHERE id = $1 AND state = 'parked' AND tenant_id = ANY($2::uuid[])",
        values: [input.id, input.scope.tenantIds],
      })
    : [];
  if (row === undefined) throw new Refused("not-found", "There is no such dead letter.");
  mustAdminister(input.scope, row.tenant_id);
  return row.tenant_id;
};

/** What the channel sent for a parked event, byte for byte: in the row, or a file's key. Null: it was not kept. */
export const deadLetterSource = async (input: {
  db: Db;
  scope: Scope;
  id: string;
}): Promise<{ tenantId: string; raw: Buffer | null; rawBlob: string | null } | null> => {
  const tenantId = await deadLetterTenant(input);
  const [row] = await input.db.query<{ raw: Buffer | null; rawBlob: string | null }>({
    text: `SELECT raw, raw_blob AS "rawBlob" FROM inbound_event WHERE id = $1 AND tenant_id = $2`,
    values: [input.id, tenantId],
  });
  return row === undefined || (row.raw === null && row.rawBlob === null) ? null : { tenantId, ...row };
};

/** Takes a parked event off the list without filing it; the row and its raw bytes stay for the audit. */
export const dismissDeadLetter = async (input: {
  db: Db;
  scope: Scope;
  id: string;
  reason: string;
  now: Date;
}): Promise<void> => {
  await deadLetterTenant(input);
  await input.db.query({
    text: `UPDATE inbound_event SET state = 'done', done_at = $2, error = left('dismissed: ' || $3 || ' / ' || error, 2000)
            WHERE id = $1 AND state = 'parked' AND tenant_id = ANY($4::uuid[])`,
    values: [input.id, input.now, input.reason, input.scope.tenantIds],
  });
};
