import type { ConversationRecord, MessageRecord } from "#core/records";
import type { Db } from "./db.ts";
import { type LoadedMessage, loadConversations, messageSql, toMessage } from "./load.ts";

/** Messages of one step above which its row alone is given: desks ask for the rest page by page. */
export const mostInStep = 200;
/** Events in one page, and a little more: those of one transaction are never parted. */
const mostEvents = 1_000;
/** Rows of nodes long gone are of no use to anybody. */
const forgottenAfter = "1 day";

/**
 * Whether other nodes live or did within `graceMs`, and the oldest transaction running at that same moment: what is below
 * it is final. Hub-wide.
 */
export const otherNodes = async (input: {
  readonly db: Db;
  readonly name: string;
  readonly graceMs: number;
}): Promise<{ readonly xmin: string; readonly others: boolean }> => {
  const [row] = await input.db.query<{ xmin: string; others: boolean }>({
    name: "other-nodes",
    text: `select pg_snapshot_xmin(pg_current_snapshot())::text as xmin, exists (
        select from lease where name like 'node:%' and name <> $1 and until > now() - $2 * interval '1 millisecond'
      ) as others`,
    values: [input.name, input.graceMs],
  });
  return row ?? { xmin: "0", others: true };
};

/** Removes what nodes that ended long ago left behind. Hub-wide. */
export const forgetNodes = async (input: { readonly db: Db }): Promise<void> => {
  await input.db.query({
    text: `delete from lease where name like 'node:%' and until < now() - interval '${forgottenAfter}'`,
  });
};

export interface TailEvent {
  readonly xid: string;
  readonly tenantId: string;
  readonly conversationId: string;
  readonly queueId: string | null;
  readonly version: number;
}

/**
 * The next events of all tenants after transaction `xid`, in the order of transactions; with `more`, go on after the last
 * one's. Everything below `xmin` is final. Hub-wide: one node's news for all of its desks, who see what their rooms see.
 */
export const eventsAfter = async (input: {
  readonly db: Db;
  readonly xid: string;
}): Promise<{ readonly xmin: string; readonly events: TailEvent[]; readonly more: boolean }> => {
  const [head, ...events] = await input.db.query<TailEvent & { xmin: string }>({
    name: "tail-events",
    // By tenant, because the index begins with it: every message pays for each index, this reader only now and then.
    text: `select pg_snapshot_xmin(pg_current_snapshot())::text as xmin, '' as xid, null::uuid as "tenantId",
        null::uuid as "conversationId", null::uuid as "queueId", 0 as version
      union all
      (select '', e.xid::text, e.tenant_id, e.conversation_id, e.queue_id, e.version
        from tenant t cross join lateral (
          select * from event where tenant_id = t.id and event.xid > $1::bigint
          order by event.xid fetch first ${mostEvents} rows with ties) e
        where e.conversation_id is not null
        order by e.xid fetch first ${mostEvents} rows with ties)`,
    values: [input.xid],
  });
  return { xmin: head?.xmin ?? "0", events, more: events.length >= mostEvents };
};

/**
 * Conversations as they are now with the messages above the given versions, at most one more than `mostInStep` each.
 * Those not of the named tenants are not found.
 */
export const stepsAbove = async (input: {
  readonly db: Db;
  readonly tenantIds: readonly string[];
  readonly above: ReadonlyMap<string, number>;
}): Promise<{ readonly row: ConversationRecord; readonly messages: MessageRecord[] }[]> => {
  const { db, tenantIds, above } = input;
  const ids = [...above.keys()];
  if (ids.length === 0) return [];
  // Rows first: a message that changes in between is newer than its step says, which is told again with the next.
  const rows = await loadConversations({ q: db, tenantIds, ids });
  const messages = await db.query<LoadedMessage>({
    name: "tail-messages",
    text: `${messageSql} join unnest($1::uuid[], $2::int[]) as h(id, version) on h.id = m.conversation_id
      where m.version > h.version and m.tenant_id = any($3::uuid[])
        and m.id in (select n.id from message n where n.conversation_id = h.id and n.version > h.version
          order by n.version limit ${mostInStep + 1})
      order by m.conversation_id, m.seq`,
    values: [ids, [...above.values()], tenantIds],
  });
  const byConversation = Map.groupBy(messages.map(toMessage), (message) => message.conversationId);
  return rows.map((row) => ({ row, messages: byConversation.get(row.id) ?? [] }));
};
