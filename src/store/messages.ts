import type { ConversationRecord, MessageRecord } from "#core/records";
import type { Scope } from "#core/scope";
import { visibleRow } from "./visible.ts";
import type { Db } from "./db.ts";
import { type LoadedMessage, messageSql, toMessage } from "./load.ts";

interface Page {
  readonly messages: MessageRecord[];
  readonly more: boolean;
}

const cut = (rows: readonly LoadedMessage[], limit: number): Page => ({
  messages: rows
    .slice(0, limit)
    .map(toMessage)
    .sort((a, b) => a.seq - b.seq),
  more: rows.length > limit,
});

/** The newest messages of a conversation whose visibility the caller has checked, ascending by seq. */
export const newestMessages = async (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly id: string;
  readonly limit: number;
}): Promise<Page> => {
  const rows = await input.db.query<LoadedMessage>({
    name: "messages-newest",
    text: `${messageSql} where m.conversation_id = $1 and m.tenant_id = $2 order by m.seq desc limit $3`,
    values: [input.id, input.tenantId, input.limit + 1],
  });
  return cut(rows, input.limit);
};

/** Older messages than `seq`, ascending by seq. Refused not-found. */
export const messagesBefore = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly id: string;
  readonly seq: number;
  readonly limit?: number | undefined;
}): Promise<Page> => {
  const { db, scope, id, seq } = input;
  const limit = Math.min(Math.max(input.limit ?? 50, 1), 100);
  const row = await visibleRow({ db, scope, id });
  const rows = await db.query<LoadedMessage>({
    name: "messages-before",
    text: `${messageSql} where m.conversation_id = $1 and m.tenant_id = $2 and m.seq < $3 order by m.seq desc limit $4`,
    values: [id, row.tenantId, seq, limit + 1],
  });
  return cut(rows, limit);
};

/**
 * Exactly what changed above a version, ascending by seq. Messages changed by one transaction may share a version and are
 * never parted, so a page can be a little longer than `limit`; with `more`, go on from the highest version given.
 * Refused not-found.
 */
export const messagesSince = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly id: string;
  readonly version: number;
  readonly limit?: number | undefined;
}): Promise<Page & { readonly row: ConversationRecord }> => {
  const { db, scope, id, version } = input;
  const limit = Math.min(Math.max(input.limit ?? 200, 1), 200);
  const row = await visibleRow({ db, scope, id });
  const rows = await db.query<LoadedMessage>({
    name: "messages-since",
    text: `${messageSql} where m.conversation_id = $1 and m.tenant_id = $2 and m.version > $3
      order by m.version fetch first $4 rows with ties`,
    values: [id, row.tenantId, version, limit],
  });
  const highest = rows.at(-1)?.version ?? version;
  const more = rows.length >= limit && highest < row.version;
  return { row, messages: cut(rows, rows.length).messages, more };
};
