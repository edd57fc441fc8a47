import type { Template } from "#contract";
import type { Queryable } from "./db.ts";

export interface CachedTemplates {
  readonly list: readonly Template[];
  readonly syncedAt: Date | null;
}

/** The approved messages of one account as they were listed last. */
export const cachedTemplates = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly accountId: string;
}): Promise<CachedTemplates> => {
  const [row] = await input.q.query<CachedTemplates>({
    name: "cached-templates",
    text: `select list, synced_at as "syncedAt" from account_templates where account_id = $1 and tenant_id = $2`,
    values: [input.accountId, input.tenantId],
  });
  return row ?? { list: [], syncedAt: null };
};

export const keepTemplates = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly accountId: string;
  readonly list: readonly Template[];
  readonly now: Date;
}): Promise<void> => {
  await input.q.query({
    name: "keep-templates",
    text: `insert into account_templates (account_id, tenant_id, list, synced_at) values ($1, $2, $3, $4)
      on conflict (account_id) do update set list = excluded.list, synced_at = excluded.synced_at`,
    values: [input.accountId, input.tenantId, JSON.stringify(input.list), input.now],
  });
};
