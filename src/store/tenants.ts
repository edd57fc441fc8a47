import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import { uuid } from "#core/uuid";
import { administered, mustAdminister } from "./admin-scope.ts";
import type { Db, Queryable } from "./db.ts";
import type { TenantRecord } from "./members.ts";

/** Client companies the asker administers. */
export const listTenants = (input: { db: Db; scope: Scope }): Promise<TenantRecord[]> =>
  input.db.query<TenantRecord>({
    text: "SELECT id, key, name, policy FROM tenant WHERE id = ANY($1::uuid[]) ORDER BY name",
    values: [administered(input.scope)],
  });

// Names are compared without case, which no unique index does: one change at a time instead.
const mustBeFree = async (q: Queryable, input: { id: string; name: string }): Promise<void> => {
  await q.query({ text: "SELECT pg_advisory_xact_lock(hashtextextended('tenants', 0))" });
  const taken = await q.query({
    text: "SELECT 1 FROM tenant WHERE lower(name) = lower($2) AND id <> $1",
    values: [input.id, input.name],
  });
  if (taken.length > 0) throw new Refused("conflict", "Another client company has this name.");
};

/**
 * Adds a client company with its first queue; whoever adds it becomes its administrator. Who may add one is decided by
 * the caller. Throws `conflict` for a key or name that is taken.
 */
export const createTenant = (input: {
  db: Db;
  userId: string;
  key: string;
  name: string;
  policy: Readonly<Record<string, unknown>>;
}): Promise<TenantRecord> =>
  input.db.tx(async (q) => {
    const { userId, key, name, policy } = input;
    const id = uuid();
    await mustBeFree(q, { id, name });
    const made = await q.query<TenantRecord>({
      text: `INSERT INTO tenant (id, key, name, policy) VALUES ($1, $2, $3, $4)
             ON CONFLICT (key) DO NOTHING RETURNING id, key, name, policy`,
      values: [id, key, name, JSON.stringify(policy)],
    });
    const [tenant] = made;
    if (tenant === undefined) throw new Refused("conflict", "Another client company has this key.");
    await q.query({
      text: "INSERT INTO membership (tenant_id, user_id, role) VALUES ($1, $2, 'admin')",
      values: [id, userId],
    });
    await q.query({
      text: "INSERT INTO queue (id, tenant_id, key, name) VALUES ($1, $2, 'general', 'Inbox')",
      values: [uuid(), id],
    });
    return tenant;
  });

/** Changes what is given; the rest of the policy stays. */
export const updateTenant = (input: {
  db: Db;
  scope: Scope;
  id: string;
  name?: string;
  policy: Readonly<Record<string, unknown>>;
}): Promise<TenantRecord> => {
  mustAdminister(input.scope, input.id);
  return input.db.tx(async (q) => {
    const { id, name, policy } = input;
    if (name !== undefined) await mustBeFree(q, { id, name });
    const [tenant] = await q.query<TenantRecord>({
      text: `UPDATE tenant SET name = coalesce($2, name), policy = policy || $3::jsonb
              WHERE id = $1 RETURNING id, key, name, policy`,
      values: [id, name ?? null, JSON.stringify(policy)],
    });
    if (tenant === undefined) throw new Refused("not-found", "There is no such client company.");
    return tenant;
  });
};
