import type { ConversationRow, RefusalCode, ViewCounts, ViewSpec } from "#wire";
import { refusalOf, type Ask } from "./refused.ts";
import { createBells, createValue, type Value } from "./value.ts";

interface Window {
  readonly spec: ViewSpec;
  readonly order: readonly string[];
  readonly state: "loading" | "ready" | "refused";
  readonly refusal: RefusalCode | null;
  /** Whether older rows exist on the server. */
  readonly more: boolean;
  /** Rows that wait for the order to be let go: new ones and those with news from the customer. */
  readonly waiting: number;
}

export interface Inbox {
  readonly window: Value<Window>;
  readonly counts: Value<ViewCounts>;
  readonly open: (spec: ViewSpec) => Promise<void>;
  /** Opens the same view again, keeping what is shown until the answer is here. */
  readonly reopen: () => Promise<void>;
  readonly loadMore: () => Promise<void>;
  /** Queues rows; they are shown together at the next `schedule` tick. Older versions are ignored. */
  readonly push: (rows: readonly ConversationRow[]) => void;
  readonly row: (id: string) => ConversationRow | undefined;
  readonly subscribeRow: (id: string, listener: () => void) => () => void;
  /** While frozen, rows change in place and nothing moves. */
  readonly freeze: (on: boolean) => void;
  readonly letGo: () => void;
  /** The feed position of the last `view.open`. */
  readonly cursor: () => string | null;
  readonly dropTenants: (tenantIds: readonly string[]) => void;
}

/** Whether a row belongs to a view; a search is decided by the server alone. */
const belongs = (input: { row: ConversationRow; spec: ViewSpec; meId: string }): boolean => {
  const { row, spec, meId } = input;
  if (spec.tenantId !== undefined && row.tenantId !== spec.tenantId) return false;
  if (spec.queueId !== undefined && row.queueId !== spec.queueId) return false;
  if (spec.channel !== undefined && row.lastKind !== spec.channel) return false;
  if (spec.tag !== undefined && !row.tags.includes(spec.tag)) return false;
  if (spec.assigneeId !== undefined && row.assigneeId !== spec.assigneeId) return false;
  if (spec.urgent === true && row.priority === 0) return false;
  if (spec.unanswered === true && row.waitingSince === null) return false;
  const active = row.status === "open" || row.status === "waiting";
  if (spec.kind === "snoozed" || spec.kind === "closed") return row.status === spec.kind;
  if (spec.kind === "mine") return active && row.assigneeId === meId;
  return active && (spec.kind === "all" || row.assigneeId === null);
};

const newest = (a: ConversationRow, b: ConversationRow): number =>
  a.lastAt === b.lastAt ? (a.id < b.id ? 1 : -1) : a.lastAt < b.lastAt ? 1 : -1;

/** The inbox list: one window of one view, rows kept by id, listeners by row. */
export const createInbox = (input: {
  readonly ask: Ask;
  readonly meId: string;
  readonly schedule: (flush: () => void) => void;
  readonly onCursor: (cursor: string) => void;
}): Inbox => {
  const { ask, meId, schedule, onCursor } = input;
  const window = createValue<Window>({
    spec: { kind: "mine" },
    order: [],
    state: "loading",
    refusal: null,
    more: false,
    waiting: 0,
  });
  const counts = createValue<ViewCounts>({ mine: 0, unassigned: 0, all: 0, snoozed: 0 });
  const bells = createBells();
  let rows = new Map<string, ConversationRow>();
  let members = new Set<string>();
  let waiting = new Set<string>();
  let queue: ConversationRow[] = [];
  /** Rows told while a view is being opened: its answer may have been read before them. */
  let early: Map<string, ConversationRow> | null = null;
  let next: string | null = null;
  let cursor: string | null = null;
  let frozen = false;
  let scheduled = false;
  let opening = 0;
  let loadingMore = false;

  const put = (change: Partial<Window>) => window.set({ ...window.get(), ...change });

  const settle = () => {
    const order = [...members]
      .flatMap((id) => rows.get(id) ?? [])
      .sort(newest)
      .map((row) => row.id);
    for (const id of rows.keys()) if (!members.has(id)) rows.delete(id);
    waiting = new Set();
    const same = order.length === window.get().order.length && order.every((id, i) => id === window.get().order[i]);
    put({ order: same ? window.get().order : order, waiting: 0, more: next !== null });
  };

  const take = (row: ConversationRow): boolean => {
    const known = rows.get(row.id);
    if (known !== undefined && known.version > row.version) return false;
    const spec = window.get().spec;
    const inside = belongs({ row, spec, meId });
    const oldest = rows.get(window.get().order.at(-1) ?? "");
    const welcome =
      known !== undefined ||
      (inside && spec.query === undefined && (next === null || oldest === undefined || newest(row, oldest) < 0));
    if (!welcome) return false;
    const wasMember = members.has(row.id);
    rows.set(row.id, row);
    if (inside) members.add(row.id);
    else members.delete(row.id);
    if (inside && (!wasMember || (known !== undefined && row.lastAt > known.lastAt && row.lastDirection === "in")))
      waiting.add(row.id);
    if (!inside) waiting.delete(row.id);
    bells.ring(row.id);
    return wasMember !== inside || known?.lastAt !== row.lastAt;
  };

  const flush = () => {
    scheduled = false;
    const batch = queue;
    queue = [];
    let moved = false;
    for (const row of batch) {
      if (early !== null) early.set(row.id, row);
      moved = take(row) || moved;
    }
    if (!moved) return;
    if (frozen) put({ waiting: waiting.size });
    else settle();
  };

  const load = async (spec: ViewSpec, keep: boolean) => {
    opening += 1;
    const mine = opening;
    early = new Map();
    if (!keep) {
      rows = new Map();
      members = new Set();
      next = null;
      window.set({ spec, order: [], state: "loading", refusal: null, more: false, waiting: 0 });
    }
    try {
      const page = await ask("view.open", spec);
      if (mine !== opening) return;
      const told = early;
      early = null;
      rows = new Map(page.rows.map((row) => [row.id, row]));
      members = new Set(rows.keys());
      next = page.next;
      cursor = page.cursor;
      onCursor(page.cursor);
      counts.set(page.counts);
      window.set({ ...window.get(), spec, state: "ready", refusal: null });
      settle();
      for (const row of told.values()) take(row);
      settle();
      for (const id of members) bells.ring(id);
    } catch (thrown) {
      if (mine !== opening) return;
      early = null;
      if (!keep) put({ state: "refused", refusal: refusalOf(thrown) });
      throw thrown;
    }
  };

  return {
    window,
    counts,
    open: (spec) => load(spec, false).catch(() => undefined),
    reopen: () => load(window.get().spec, window.get().state === "ready"),
    loadMore: async () => {
      if (next === null || loadingMore || early !== null) return;
      loadingMore = true;
      const mine = opening;
      try {
        const page = await ask("view.open", { ...window.get().spec, after: next });
        if (mine !== opening) return;
        for (const row of page.rows) {
          const known = rows.get(row.id);
          if (known !== undefined && known.version > row.version) continue;
          rows.set(row.id, row);
          members.add(row.id);
        }
        next = page.next;
        if (frozen) {
          const shown = new Set(window.get().order);
          const fresh = page.rows.filter((row) => !shown.has(row.id)).map((row) => row.id);
          put({ order: [...window.get().order, ...fresh], more: next !== null });
        } else settle();
      } catch {
        // the next scroll asks again
      } finally {
        loadingMore = false;
      }
    },
    push: (changed) => {
      queue.push(...changed);
      if (scheduled || queue.length === 0) return;
      scheduled = true;
      schedule(flush);
    },
    row: (id) => rows.get(id),
    subscribeRow: (id, listener) => bells.subscribe(id, listener),
    freeze: (on) => {
      if (frozen === on) return;
      frozen = on;
      if (!on) settle();
    },
    letGo: settle,
    cursor: () => cursor,
    dropTenants: (tenantIds) => {
      for (const row of rows.values()) if (tenantIds.includes(row.tenantId)) members.delete(row.id);
      settle();
    },
  };
};
