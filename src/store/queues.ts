import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import { isUuid, uuid } from "#core/uuid";
import type { QueueView } from "#wire";
import { administered, mustAdminister } from "./admin-scope.ts";
import type { Db, Queryable } from "./db.ts";

const columns = `id, tenant_id AS "tenantId", key, name`;

/** Queues of the client companies the asker administers. */
export const listQueues = (input: { db: Db; scope: Scope }): Promise<QueueView[]> =>
  input.db.query<QueueView>({
    text: `SELECT ${columns} FROM queue WHERE tenant_id = ANY($1::uuid[]) ORDER BY tenant_id, name`,
    values: [administered(input.scope)],
  });

// Names are compared without case, which no unique index does: one change of a company's queues at a time instead.
const mustBeFree = async (q: Queryable, input: { id: string; tenantId: string; name: string }): Promise<void> => {
  await q.query({
    text: "SELECT pg_advisory_xact_lock(hashtextextended('queues:' || $1, 0))",
    values: [input.tenantId],
  });
  const taken = await q.query({
    text: "SELECT 1 FROM queue WHERE tenant_id = $1 AND lower(name) = lower($3) AND id <> $2",
    values: [input.tenantId, input.id, input.name],
  });
  if (taken.length > 0) throw new Refused("conflict", "Another queue of this client company has this name.");
};

/** The name in plain letters, digits and hyphens; "queue" when nothing is left of it. */
const keyOf = (name: string): string => {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const key = plain.replace(/[^a-z0-9]+/g, "-").slice(0, 36);
  return key.replace(/^-+|-+$/g, "") || "queue";
};

const freeKey = async (q: Queryable, input: { tenantId: string; name: string }): Promise<string> => {
  const wanted = keyOf(input.name);
  const rows = await q.query<{ key: string }>({
    text: "SELECT key FROM queue WHERE tenant_id = $1",
    values: [input.tenantId],
  });
  const taken = new Set(rows.map(({ key }) => key));
  let key = wanted;
  for (let n = 2; taken.has(key); n += 1) key = `${wanted}-${n}`;
  return key;
};

/** Throws `conflict` for a key or name another queue of the company has. */
export const createQueue = async (input: {
  db: Db;
  scope: Scope;
  tenantId: string;
  key?: string;
  name: string;
}): Promise<QueueView> => {
  const { tenantId, name } = input;
  mustAdminister(input.scope, tenantId);
  return input.db.tx(async (q) => {
    const id = uuid();
    await mustBeFree(q, { id, tenantId, name });
    const key = input.key ?? (await freeKey(q, { tenantId, name }));
    const [queue] = await q.query<QueueView>({
      text: `INSERT INTO queue (id, tenant_id, key, name) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant_id, key) DO NOTHING RETURNING ${columns}`,
      values: [id, tenantId, key, name],
    });
    if (queue === undefined) throw new Refused("conflict", "Another queue of this client company has this key.");
    return queue;
  });
};

/** A foreign queue looks like one that does not exist. */
export const renameQueue = async (input: { db: Db; scope: Scope; id: string; name: string }): Promise<QueueView> => {
  const { db, scope, id, name } = input;
  const [before] = isUuid(id)
    ? await db.query<QueueView>({
        text: `SELECT ${columns} FROM queue WHERE id = $1 AND tenant_id = ANY($2::uuid[])`,
        values: [id, scope.tenantIds],
      })
    : [];
  if (before === undefined) throw new Refused("not-found", "There is no such queue.");
  mustAdminister(scope, before.tenantId);
  return db.tx(async (q) => {
    await mustBeFree(q, { id, tenantId: before.tenantId, name });
    await q.query({ text: "UPDATE queue SET name = $2 WHERE id = $1", values: [id, name] });
    return { ...before, name };
  });
};
