import type { Db } from "./db.ts";

export interface HeldLease {
  readonly name: string;
  readonly fencing: bigint;
}

/** Leases that somebody else holds now. */
export const foreignOwners = async (input: {
  readonly db: Db;
  readonly names: readonly string[];
  readonly owner: string;
}): Promise<string[]> => {
  const rows = await input.db.query<{ owner: string }>({
    name: "lease-owners",
    text: "select distinct owner from lease where name = any($1::text[]) and owner <> $2 and until > now()",
    values: [input.names, input.owner],
  });
  return rows.map((row) => row.owner);
};

/**
 * Takes or renews leases by the clock of PostgreSQL and gives those held now. The fencing number grows whenever a
 * lease was not held without a gap by the same owner. `dead` names owners that are proved to have ended.
 */
export const holdLeases = async (input: {
  readonly db: Db;
  readonly names: readonly string[];
  readonly owner: string;
  readonly dead: readonly string[];
  readonly ttlMs: number;
}): Promise<HeldLease[]> => {
  if (input.names.length === 0) return [];
  const rows = await input.db.query<{ name: string; fencing: string }>({
    name: "hold-leases",
    text: `insert into lease as l (name, owner, fencing, until)
        select n, $2, 1, now() + $3 * interval '1 millisecond' from unnest($1::text[]) as n order by n
      on conflict (name) do update set owner = excluded.owner, until = excluded.until,
        fencing = case when l.owner = excluded.owner and l.until > now() then l.fencing else l.fencing + 1 end
      where l.owner = excluded.owner or l.until <= now() or l.owner = any($4::text[])
      returning name, fencing`,
    values: [input.names, input.owner, input.ttlMs, input.dead],
  });
  return rows.map((row) => ({ name: row.name, fencing: BigInt(row.fencing) }));
};

/** Gives leases back, so that another node need not wait for their end. */
export const releaseLeases = async (input: {
  readonly db: Db;
  readonly names: readonly string[];
  readonly owner: string;
}): Promise<void> => {
  if (input.names.length === 0) return;
  await input.db.query({
    name: "release-leases",
    text: "update lease set until = now() where name = any($1::text[]) and owner = $2 and until > now()",
    values: [input.names, input.owner],
  });
};
