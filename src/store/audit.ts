import { createHash } from "node:crypto";
import { uuid } from "#core/uuid";
import type { Db } from "./db.ts";

export interface AuditInput {
  /** Null: about the whole installation (a login), not one client company. */
  readonly tenantId: string | null;
  readonly actorId: string;
  readonly action: string;
  readonly target: string;
  readonly reason?: string;
  /** What changed: ids and names of fields, never personal data or secrets. */
  readonly data?: Readonly<Record<string, unknown>>;
}

interface AuditRow {
  no: string;
  actor_id: string;
  action: string;
  target: string;
  reason: string | null;
  data: unknown;
  prev_hash: Buffer;
  hash: Buffer;
  at: Date;
}

const start = Buffer.alloc(32);

// Keys sorted at every depth: jsonb does not keep their order, and the hash must survive the round trip.
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

const hashOf = (tenantId: string | null, row: Omit<AuditRow, "hash">): Buffer =>
  createHash("sha256")
    .update(row.prev_hash)
    .update(
      canonical([tenantId, row.no, row.actor_id, row.action, row.target, row.reason, row.data, row.at.toISOString()]),
    )
    .digest();

/** Appends one entry to the tenant's chain: each holds the hash of the one before, so a changed or missing row shows. */
export const appendAudit = async (input: AuditInput & { db: Db; now: Date }): Promise<void> => {
  await input.db.tx(async (q) => {
    await q.query({
      text: "SELECT pg_advisory_xact_lock(hashtextextended('audit:' || coalesce($1, ''), 0))",
      values: [input.tenantId],
    });
    const [last] = await q.query<{ no: string; hash: Buffer }>({
      text: "SELECT no, hash FROM audit_entry WHERE tenant_id IS NOT DISTINCT FROM $1::uuid ORDER BY no DESC LIMIT 1",
      values: [input.tenantId],
    });
    const row = {
      no: String(BigInt(last?.no ?? 0) + 1n),
      actor_id: input.actorId,
      action: input.action,
      target: input.target,
      reason: input.reason ?? null,
      data: input.data ?? {},
      prev_hash: last?.hash ?? start,
      at: input.now,
    };
    await q.query({
      text: `INSERT INTO audit_entry (id, tenant_id, no, actor_id, action, target, reason, data, prev_hash, hash, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      values: [
        uuid(),
        input.tenantId,
        row.no,
        row.actor_id,
        row.action,
        row.target,
        row.reason,
        JSON.stringify(row.data),
        row.prev_hash,
        hashOf(input.tenantId, row),
        row.at,
      ],
    });
  });
};

/** Walks a tenant's chain; gives the number of the first entry that does not fit, or null when the chain is whole. */
export const verifyAudit = async (input: { db: Db; tenantId: string | null }): Promise<number | null> => {
  const rows = await input.db.query<AuditRow>({
    text: `SELECT no, actor_id, action, target, reason, data, prev_hash, hash, at
             FROM audit_entry WHERE tenant_id IS NOT DISTINCT FROM $1::uuid ORDER BY no`,
    values: [input.tenantId],
  });
  let before: Buffer = start;
  for (const [index, row] of rows.entries()) {
    const fits =
      Number(row.no) === index + 1 && row.prev_hash.equals(before) && hashOf(input.tenantId, row).equals(row.hash);
    if (!fits) return index + 1;
    before = row.hash;
  }
  return null;
};
