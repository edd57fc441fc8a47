import type { ConversationRecord, MessageRecord, StoredChange } from "#core/records";
import type { Scope } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { Db } from "./db.ts";
import { type LoadedMessage, messageSql, toMessage } from "./load.ts";
import { feedDays } from "./trim.ts";
import { loadRows } from "./visible.ts";

const day = 86_400_000;

/** Changes of one held conversation above this number are not sent along: the client asks for them page by page. */
const mostMessages = 200;
/** Events read in one step. */
const mostEvents = 5_000;

/**
 * A feed position: "<xid>.<id>.<seconds when given>". Everything a reader may not have seen lies above it: an autoincrement
 * alone becomes visible out of order, so a position never passes the oldest transaction still running. What is
 * committed above it is given all the same, and given again the next time: screens keep what is newer.
 * Between pages the position runs ahead and "<floor>" keeps where the next reading has to begin.
 */
interface Cursor {
  readonly xid: string;
  readonly id: string;
  readonly at: number;
  readonly floor: string | null;
}

const shape = /^(\d{1,18})\.(\d{1,18})\.(\d{1,12})(?:\.(\d{1,18}))?$/;
const parse = (text: string): Cursor | null => {
  const found = shape.exec(text);
  return found === null
    ? null
    : { xid: found[1] ?? "", id: found[2] ?? "", at: Number(found[3]) * 1000, floor: found[4] ?? null };
};
const print = (xid: string, id: string, now: Date): string => `${xid}.${id}.${Math.floor(now.getTime() / 1000)}`;

/** The position of a reader to whom everything below transaction `xid` is known. */
export const cursorAt = (input: { readonly xid: string; readonly now: Date }): string =>
  print(input.xid, "0", input.now);

/** The position from which nothing committed after this call is missed. Take it before reading rows. */
export const currentCursor = async (input: { readonly db: Db; readonly now: Date }): Promise<string> => {
  const [row] = await input.db.query<{ xmin: string }>({
    name: "feed-current",
    text: "select pg_snapshot_xmin(pg_current_snapshot())::text as xmin",
  });
  return print(row?.xmin ?? "0", "0", input.now);
};

export interface FeedPage {
  readonly changes: StoredChange[];
  readonly cursor: string;
  readonly more: boolean;
  /** The position is too old or not of this database: read the views anew. */
  readonly reset: boolean;
}

/** One step of each changed conversation: whole for those held, the row alone for others. */
const stepOf = (
  row: ConversationRecord,
  held: number | undefined,
  messages: readonly MessageRecord[],
): StoredChange => {
  if (held === undefined) return { prev: row.version, row, messages: [] };
  // Too much at once: a step that starts where the client is not makes it ask page by page.
  return messages.length > mostMessages ? { prev: row.version, row, messages: [] } : { prev: held, row, messages };
};

/**
 * What changed since a feed position: every changed conversation the scope sees, with the messages above the held version for
 * those in `have`. At most `limit` conversations; with `more`, ask again from the new cursor.
 */
export const syncFeed = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly cursor: string;
  readonly have: readonly { readonly id: string; readonly version: number }[];
  readonly limit?: number | undefined;
  readonly now: Date;
}): Promise<FeedPage> => {
  const { db, scope, now } = input;
  const limit = Math.min(Math.max(input.limit ?? 200, 1), 500);
  const from = parse(input.cursor);
  const anew = async (): Promise<FeedPage> => ({
    changes: [],
    cursor: await currentCursor({ db, now }),
    more: false,
    reset: true,
  });
  if (from === null || now.getTime() - from.at > feedDays * day) return anew();
  const [head, ...events] = await db.query<{ xid: string; id: string; conversation: string | null; xmin: string }>({
    name: "feed-since",
    text: `select '' as xid, '' as id, null::uuid as conversation, pg_snapshot_xmin(pg_current_snapshot())::text as xmin
      union all
      (select e.xid::text, e.id::text, e.conversation_id, '' from event e
        where e.tenant_id = any($1::uuid[]) and (e.xid, e.id) > ($2::bigint, $3::bigint)
        order by e.xid, e.id limit ${mostEvents})`,
    values: [scope.tenantIds, from.xid, from.id],
  });
  const xmin = head?.xmin ?? "0";
  const floor = from.floor ?? xmin;
  if (BigInt(from.floor ?? from.xid) > BigInt(xmin)) return anew();
  const changed = new Set<string>();
  let last: { xid: string; id: string } | null = null;
  let read = 0;
  for (const { xid, id, conversation } of events) {
    if (conversation !== null && !changed.has(conversation) && changed.size === limit) break;
    if (conversation !== null) changed.add(conversation);
    last = { xid, id };
    read += 1;
  }
  const more = read < events.length || events.length === mostEvents;
  // While paging, a position is as old as the first one: pages read slowly must not make it look younger than its events.
  const given = from.floor === null && !more ? now : new Date(from.at);
  const cursor = more && last !== null ? `${print(last.xid, last.id, given)}.${floor}` : print(floor, "0", given);

  const rows = await loadRows({ db, scope, ids: [...changed] });
  const held = new Map(input.have.filter(({ id }) => isUuid(id)).map(({ id, version }) => [id, version]));
  const asked = rows.filter(({ id }) => held.has(id));
  const messages = new Map<string, MessageRecord[]>();
  if (asked.length > 0) {
    const found = await db.query<LoadedMessage>({
      name: "feed-messages",
      text: `${messageSql} join unnest($1::uuid[], $2::int[]) as h(id, version) on h.id = m.conversation_id
        where m.version > h.version and m.tenant_id = any($3::uuid[])
          and m.id in (select n.id from message n where n.conversation_id = h.id and n.version > h.version
            order by n.version limit ${mostMessages + 1})
        order by m.conversation_id, m.seq`,
      values: [asked.map(({ id }) => id), asked.map(({ id }) => held.get(id) ?? 0), scope.tenantIds],
    });
    for (const message of found.map(toMessage)) {
      const list = messages.get(message.conversationId);
      if (list === undefined) messages.set(message.conversationId, [message]);
      else list.push(message);
    }
  }
  return {
    changes: rows.map((row) => stepOf(row, held.get(row.id), messages.get(row.id) ?? [])),
    cursor,
    more,
    reset: false,
  };
};
