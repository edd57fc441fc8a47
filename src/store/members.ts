import { type Grant, mayWork, type Scope } from "#core/scope";
import type { Db } from "./db.ts";

interface GrantRow {
  user_id: string;
  tenant_id: string;
  role: Grant["role"];
  profile: Grant["profile"];
  alias: string | null;
  queue_ids: string[];
}

/** What each of these users may do for which tenant. Disabled users and users without a membership get an empty map. */
export const grantsOf = async (input: {
  db: Db;
  userIds: readonly string[];
}): Promise<ReadonlyMap<string, ReadonlyMap<string, Grant>>> => {
  const rows = await input.db.query<GrantRow>({
    name: "grants-of",
    text: `SELECT m.user_id, m.tenant_id, m.role, m.profile, m.alias, m.queue_ids
             FROM membership m JOIN app_user u ON u.id = m.user_id
            WHERE m.user_id = ANY($1::uuid[]) AND u.disabled_at IS NULL
            ORDER BY m.tenant_id`,
    values: [input.userIds],
  });
  const grants = new Map<string, Map<string, Grant>>(input.userIds.map((id) => [id, new Map<string, Grant>()]));
  for (const row of rows)
    grants
      .get(row.user_id)
      ?.set(row.tenant_id, { role: row.role, profile: row.profile, alias: row.alias, queueIds: row.queue_ids });
  return grants;
};

export interface TenantRecord {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly policy: Readonly<Record<string, unknown>>;
}

/**
 * The client companies, queues and colleagues a user works with. To a client company's viewer agents are known by the
 * names its customers see.
 */
export const surroundings = async (input: {
  db: Db;
  scope: Scope;
}): Promise<{
  tenants: readonly TenantRecord[];
  queues: readonly { id: string; tenantId: string; name: string }[];
  agents: readonly { id: string; name: string; tenantIds: readonly string[] }[];
}> => {
  const values = [input.scope.tenantIds];
  const [tenants, queues, agents] = await Promise.all([
    input.db.query<TenantRecord>({
      text: "SELECT id, key, name, policy FROM tenant WHERE id = ANY($1::uuid[]) ORDER BY name",
      values,
    }),
    input.db.query<{ id: string; tenantId: string; name: string }>({
      text: `SELECT id, tenant_id AS "tenantId", name FROM queue WHERE tenant_id = ANY($1::uuid[]) ORDER BY name`,
      values,
    }),
    input.db.query<{ id: string; name: string; tenantIds: string[] }>({
      text: `SELECT u.id, array_agg(m.tenant_id::text) AS "tenantIds",
                    CASE WHEN bool_and(m.tenant_id = ANY($2::uuid[])) THEN coalesce(min(m.alias), u.name) ELSE u.name END AS name
               FROM membership m JOIN app_user u ON u.id = m.user_id
              WHERE m.tenant_id = ANY($1::uuid[]) AND u.disabled_at IS NULL AND m.role <> 'client_viewer'
              GROUP BY u.id, u.name ORDER BY name`,
      values: [input.scope.tenantIds, input.scope.tenantIds.filter((id) => !mayWork(input.scope, id))],
    }),
  ]);
  return { tenants, queues, agents };
};
