import type { ConversationRecord } from "#core/records";
import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { Db } from "./db.ts";
import { conversationSql } from "./load.ts";

/**
 * What a scope sees, as parameters for SQL: all its tenants, those of them without a queue limit, and the queues named
 * for the others. A queue belongs to one tenant, so one list serves all.
 */
export const visibility = (
  scope: Scope,
): readonly [tenants: readonly string[], open: readonly string[], queues: readonly string[]] => {
  const grants = [...scope.grants];
  return [
    scope.tenantIds,
    grants.filter(([, { queueIds }]) => queueIds.length === 0).map(([tenantId]) => tenantId),
    grants.flatMap(([, { queueIds }]) => queueIds),
  ];
};

/** The condition to go with `visibility` at parameters $n, $n+1 and $n+2, for conversation `c`. */
export const visibleSql = (n: number): string =>
  `c.tenant_id = any($${n}::uuid[])
    and (c.queue_id is null or c.tenant_id = any($${n + 1}::uuid[]) or c.queue_id = any($${n + 2}::uuid[]))`;

/** The rows of these conversations that the scope sees. */
export const loadRows = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly ids: readonly string[];
}): Promise<ConversationRecord[]> => {
  const ids = input.ids.filter(isUuid);
  if (ids.length === 0) return [];
  return input.db.query<ConversationRecord>({
    name: "load-rows",
    text: `${conversationSql} where c.id = any($4::uuid[]) and ${visibleSql(1)}`,
    values: [...visibility(input.scope), ids],
  });
};

/** The row, or Refused not-found: what the scope does not see does not exist. */
export const visibleRow = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly id: string;
}): Promise<ConversationRecord> => {
  const [row] = await loadRows({ ...input, ids: [input.id] });
  if (row === undefined) throw new Refused("not-found", "There is no such conversation.");
  return row;
};
