import type { ConversationRecord, MessageRecord } from "#core/records";
import { Refused } from "#core/refused";
import { mayWork, type Scope, seesPersonal } from "#core/scope";
import { searchQuery } from "#core/search";
import { isUuid } from "#core/uuid";
import type { DraftView, ViewCounts, ViewSpec } from "#wire";
import type { Secrets } from "../secrets.ts";
import { type ContactRecord, getContact } from "./contacts.ts";
import type { Db } from "./db.ts";
import { conversationSql } from "./load.ts";
import { newestMessages } from "./messages.ts";
import { type Depth, matching } from "./search.ts";
import { visibility, visibleRow, visibleSql } from "./visible.ts";

interface Ask {
  readonly db: Db;
  readonly scope: Scope;
}

const statuses = {
  mine: ["open", "waiting"],
  unassigned: ["open", "waiting"],
  all: ["open", "waiting"],
  snoozed: ["snoozed"],
  closed: ["closed"],
} as const satisfies Record<ViewSpec["kind"], readonly string[]>;

/** Each tenant and status gives its newest rows by index; the newest of those are the page. */
const listSql = (conditions: readonly string[]): string => `
  with page as (
    select n.id from unnest($1::uuid[]) as t(id) cross join unnest($4::text[]) as s(status)
      cross join lateral (
        select c.id, c.last_at from conversation c
        where c.tenant_id = t.id and c.status = s.status and c.merged_into_id is null
          and (c.queue_id is null or c.tenant_id = any($2::uuid[]) or c.queue_id = any($3::uuid[]))
          ${conditions.map((condition) => `and ${condition}`).join("\n          ")}
        order by c.last_at desc, c.id desc limit $5) n
    order by n.last_at desc, n.id desc limit $5)
  ${conversationSql} join page on page.id = c.id order by c.last_at desc, c.id desc`;

const position = (after: string): readonly [Date, string] => {
  const [ms = "", id = ""] = after.split("_");
  const at = new Date(Number(ms));
  if (Number.isNaN(at.getTime()) || !isUuid(id))
    throw new Refused("bad-request", "This page position is not one of ours.");
  return [at, id];
};

/**
 * One page of a view, newest activity first, at most 200 rows. Where a profile masks personal data a query finds
 * conversations by number only. `next` is the position of the following page; null = end.
 * Throws Refused bad-request for a position that was not given out here.
 */
export const listView = async (
  input: Ask & {
    readonly view: ViewSpec;
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
  },
): Promise<{ readonly rows: ConversationRecord[]; readonly next: string | null }> => {
  const { db, scope, view } = input;
  const limit = Math.min(Math.max(input.limit ?? 200, 1), 200);
  const [tenants, open, queues] = visibility(scope);
  const asked = (view.query ?? "").trim();
  const exact = /^#(\d{1,9})$/.exec(asked)?.[1];
  const query = exact === undefined ? searchQuery(asked) : null;
  const none = { rows: [], next: null };
  if (asked !== "" && query === null && exact === undefined) return none;
  if ([view.queueId, view.assigneeId].some((id) => id !== undefined && !isUuid(id))) return none;
  if (view.kind === "mine" && scope.actor.id === null) return none;
  const values: unknown[] = [
    view.tenantId === undefined ? tenants : tenants.filter((tenantId) => tenantId === view.tenantId),
    open,
    queues,
    statuses[view.kind],
    limit + 1,
  ];
  const conditions: string[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  if (view.kind === "mine") conditions.push(`c.assignee_id = ${add(scope.actor.id)}`);
  if (view.kind === "unassigned") conditions.push("c.assignee_id is null");
  if (view.queueId !== undefined) conditions.push(`c.queue_id = ${add(view.queueId)}`);
  if (view.channel !== undefined) conditions.push(`c.last_kind = ${add(view.channel)}`);
  if (view.tag !== undefined) conditions.push(`${add(view.tag)} = any(c.tags)`);
  if (view.assigneeId !== undefined) conditions.push(`c.assignee_id = ${add(view.assigneeId)}`);
  if (view.urgent === true) conditions.push("c.priority > 0");
  if (view.unanswered === true) conditions.push("c.waiting_since is not null");
  if (input.after !== undefined) {
    const [at, id] = position(input.after);
    conditions.push(`(c.last_at, c.id) < (${add(at)}::timestamptz, ${add(id)}::uuid)`);
  }
  if (exact !== undefined) conditions.push(`c.number = ${add(Number(exact))}`);
  const found = (text: string): Promise<ConversationRecord[]> => db.query<ConversationRecord>({ text, values });
  const search = async (): Promise<ConversationRecord[]> => {
    const number = /^(\d{1,9})$/.exec(asked)?.[1];
    const places = {
      query: add(query),
      number: add(number === undefined ? null : Number(number)),
      words: add(tenants.filter((tenantId) => seesPersonal(scope, tenantId))),
      notes: add(tenants.filter((tenantId) => mayWork(scope, tenantId))),
    };
    const at = (depth: Depth) => found(listSql([...conditions, matching({ depth, ...places })]));
    const recent = await at("recent");
    return recent.length > limit ? recent : at("all");
  };
  const rows = query === null ? await found(listSql(conditions)) : await search();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    rows: page,
    next: rows.length > limit && last !== undefined ? `${last.lastAt.getTime()}_${last.id}` : null,
  };
};

/** How many conversations each view of the scope holds. */
export const viewCounts = async (input: Ask): Promise<ViewCounts> => {
  const [counts] = await input.db.query<ViewCounts>({
    name: "view-counts",
    text: `select count(*) filter (where c.status <> 'snoozed' and c.assignee_id = $4)::int as mine,
        count(*) filter (where c.status <> 'snoozed' and c.assignee_id is null)::int as unassigned,
        count(*) filter (where c.status <> 'snoozed')::int as all,
        count(*) filter (where c.status = 'snoozed')::int as snoozed
      from conversation c
      where ${visibleSql(1)} and c.status in ('open', 'waiting', 'snoozed') and c.merged_into_id is null`,
    values: [...visibility(input.scope), input.scope.actor.id],
  });
  return counts ?? { mine: 0, unassigned: 0, all: 0, snoozed: 0 };
};

export interface ThreadRecord {
  readonly id: string;
  readonly accountId: string;
  readonly accountName: string;
  /** Of the connector; `channel` is what it is shown as. */
  readonly kind: string;
  readonly channel: string;
  readonly subject: string | null;
  /** Masked. */
  readonly address: string;
  readonly addressKind: string;
  readonly windowUntil: Date | null;
  readonly customerReadSeq: number;
  readonly active: boolean;
}

export interface ConversationDetailRecord {
  readonly row: ConversationRecord;
  readonly contact: ContactRecord;
  readonly threads: readonly ThreadRecord[];
  readonly messages: readonly MessageRecord[];
  readonly more: boolean;
  readonly drafts: readonly DraftView[];
}

/** Threads that are or were linked to a conversation that the caller has found visible. */
export const conversationThreads = (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly id: string;
}): Promise<ThreadRecord[]> =>
  input.db.query<ThreadRecord>({
    name: "conversation-threads",
    text: `select distinct on (t.id) t.id, t.account_id as "accountId", a.name as "accountName", a.kind, a.channel, t.subject,
        coalesce(i.display, '') as address, coalesce(i.kind, '') as "addressKind", t.window_until as "windowUntil",
        t.customer_read_seq as "customerReadSeq", l.active_to is null as active
      from conversation_thread l join thread t on t.id = l.thread_id join channel_account a on a.id = t.account_id
        left join identity i on i.id = t.identity_id
      where l.conversation_id = $1 and l.tenant_id = $2 order by t.id, l.active_from desc`,
    values: [input.id, input.tenantId],
  });

/** Everything the conversation pane needs: the row first, so that nothing read after it is older. Refused not-found. */
export const openConversation = async (
  input: Ask & {
    readonly secrets: Pick<Secrets, "openText">;
    readonly id: string;
    readonly limit?: number | undefined;
  },
): Promise<ConversationDetailRecord> => {
  const { db, scope, secrets, id } = input;
  const row = await visibleRow({ db, scope, id });
  const [contact, threads, page, drafts] = await Promise.all([
    getContact({ db, scope, secrets, id: row.contactId }),
    conversationThreads({ db, tenantId: row.tenantId, id }),
    newestMessages({ db, tenantId: row.tenantId, id, limit: Math.min(Math.max(input.limit ?? 50, 1), 100) }),
    db.query<DraftView>({
      name: "conversation-drafts",
      text: "select mode, body, rev from draft where conversation_id = $1 and user_id = $2 and tenant_id = $3 order by mode",
      values: [id, scope.actor.id, row.tenantId],
    }),
  ]);
  return { row, contact, threads, messages: page.messages, more: page.more, drafts };
};
