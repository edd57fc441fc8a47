import type {
  Change,
  ContactView,
  ConversationDetail,
  ConversationRow,
  DraftView,
  MessageView,
  RefusalCode,
  ThreadView,
} from "#wire";
import { mergeMessages, newestVersion } from "./messages.ts";
import { refusalOf, type Ask } from "./refused.ts";
import { createBells } from "./value.ts";

/** One conversation as the browser holds it. */
export interface Held {
  readonly id: string;
  readonly state: "loading" | "ready" | "refused";
  readonly refusal: RefusalCode | null;
  readonly row: ConversationRow | null;
  readonly contact: ContactView | null;
  readonly threads: readonly ThreadView[];
  readonly messages: readonly MessageView[];
  /** Whether older messages exist on the server. */
  readonly more: boolean;
  readonly drafts: readonly DraftView[];
  /** Every message change up to this version is held. The row may be newer: list news carries no messages. */
  readonly version: number;
  /** Unread messages when it was opened: where the "new" line goes. */
  readonly unreadAtOpen: number;
}

export interface Conversations {
  readonly get: (id: string) => Held | undefined;
  readonly subscribe: (id: string, listener: () => void) => () => void;
  /** Joins the conversation's room, shows what is cached at once and brings it up to date. */
  readonly open: (id: string) => Promise<void>;
  readonly leave: (id: string) => void;
  readonly older: (id: string) => Promise<void>;
  readonly apply: (change: Change) => void;
  /** What an answer to our own question brought. */
  readonly learn: (input: {
    id: string;
    row?: ConversationRow;
    messages?: readonly MessageView[];
    contact?: ContactView;
  }) => void;
  /** For `sync` after a reconnect. */
  have(): { id: string; version: number }[];
  /** The line is down: no room is ours any more. */
  readonly parted: () => void;
  /** After a reconnect: joins the rooms of what is open; `reset` forgets everything else. */
  readonly rejoin: (input: { reset: boolean }) => Promise<void>;
  readonly dropTenants: (tenantIds: readonly string[]) => void;
  /** The drafts of every answer to `open`, before they are shown. */
  readonly onDrafts: (listener: (input: { id: string; drafts: readonly DraftView[] }) => void) => void;
  readonly onViewers: (listener: (input: { id: string; viewers: ConversationDetail["viewers"] }) => void) => void;
}

const blank = (id: string): Held => ({
  id,
  state: "loading",
  refusal: null,
  row: null,
  contact: null,
  threads: [],
  messages: [],
  more: false,
  drafts: [],
  version: 0,
  unreadAtOpen: 0,
});

/**
 * Conversations by id, the least recently used forgotten above `capacity`. A change is applied only when it follows
 * what is held (`prev <= version`); after a gap exactly what is missing is asked for.
 */
export const createConversations = (input: {
  readonly ask: Ask;
  readonly capacity?: number;
  /** How long news without messages may stay unexplained before they are asked for, ms. */
  readonly settleMs?: number;
}): Conversations => {
  const { ask, capacity = 50, settleMs = 400 } = input;
  const held = new Map<string, Held>();
  const opened = new Set<string>();
  /** Opened ones whose room this line is in: their news is complete, also when it carries no message. */
  const joined = new Set<string>();
  const filling = new Map<string, Promise<void>>();
  const settling = new Map<string, ReturnType<typeof setTimeout>>();
  const loadingOlder = new Set<string>();
  /** News that came after joining a room and before its first page. */
  const early = new Map<string, Change[]>();
  const bells = createBells();
  const draftListeners: Parameters<Conversations["onDrafts"]>[0][] = [];
  const viewerListeners: Parameters<Conversations["onViewers"]>[0][] = [];

  const put = (id: string, change: Partial<Held>) => {
    const before = held.get(id) ?? blank(id);
    held.delete(id);
    held.set(id, { ...before, ...change });
    for (const old of held.keys()) {
      if (held.size <= capacity) break;
      if (!opened.has(old)) held.delete(old);
    }
    bells.ring(id);
  };

  const newerRow = (known: ConversationRow | null, row: ConversationRow): ConversationRow =>
    known !== null && known.version > row.version ? known : row;

  const merged = (entry: Held, row: ConversationRow, messages: readonly MessageView[]): Partial<Held> => ({
    row: newerRow(entry.row, row),
    messages: mergeMessages({ held: entry.messages, fresh: messages, more: entry.more }),
  });

  const fill = (id: string): Promise<void> => {
    const running = filling.get(id);
    if (running !== undefined) return running;
    const work = (async () => {
      for (;;) {
        const before = held.get(id);
        if (before === undefined || before.state !== "ready") return;
        const answer = await ask("conversation.since", { id, version: before.version });
        const entry = held.get(id);
        if (entry === undefined) return;
        const version = answer.more ? newestVersion(answer.messages, entry.version) : answer.row.version;
        put(id, { ...merged(entry, answer.row, answer.messages), version: Math.max(entry.version, version) });
        if (!answer.more || version === before.version) return;
      }
    })()
      .catch(() => undefined)
      .finally(() => filling.delete(id));
    filling.set(id, work);
    return work;
  };

  const settleLater = (id: string) => {
    if (settling.has(id) || !opened.has(id)) return;
    settling.set(
      id,
      setTimeout(() => {
        settling.delete(id);
        const entry = held.get(id);
        if (entry?.row !== undefined && entry.row !== null && entry.version < entry.row.version) void fill(id);
      }, settleMs),
    );
  };

  const refreshing = new Set<string>();
  /** Threads come only with the whole conversation: a new link or a window that moved is asked for. */
  const refreshThreads = (id: string): void => {
    if (refreshing.has(id) || !opened.has(id)) return;
    refreshing.add(id);
    ask("conversation.threads", { conversationId: id })
      .then(({ threads }) => {
        if (held.get(id)?.state === "ready") put(id, { threads });
        return undefined;
      })
      .catch(() => undefined)
      .finally(() => refreshing.delete(id));
  };
  const movesThreads = (entry: Held, messages: readonly MessageView[]): boolean =>
    messages.some((message) => {
      if (message.direction === "event") return message.detail["event"] === "linked";
      if (message.threadId === null) return false;
      const thread = entry.threads.find(({ id }) => id === message.threadId);
      return thread === undefined || (message.direction === "in" && thread.takes.window);
    });

  const welcome = (detail: ConversationDetail) => {
    const id = detail.row.id;
    const entry = held.get(id) ?? blank(id);
    const first = detail.messages[0]?.seq ?? 1;
    const joined = entry.messages.length > 0 && (entry.messages.at(-1)?.seq ?? 0) >= first - 1;
    // what is held may have changed below the fresh page; only `since` tells, so an old cache is let go
    const current = joined && entry.version >= detail.row.version;
    put(id, {
      state: "ready",
      refusal: null,
      row: newerRow(entry.row, detail.row),
      contact: detail.contact,
      threads: detail.threads,
      messages: current
        ? mergeMessages({ held: entry.messages, fresh: detail.messages, more: entry.more })
        : mergeMessages({
            held: entry.messages.filter((message) => message.version > detail.row.version),
            fresh: detail.messages,
            more: false,
          }),
      more: current ? entry.more : detail.more,
      drafts: detail.drafts,
      version: Math.max(current ? entry.version : 0, detail.row.version),
    });
    for (const listener of draftListeners) listener({ id, drafts: detail.drafts });
    for (const listener of viewerListeners) listener({ id, viewers: detail.viewers });
  };

  const join = async (id: string, fresh: boolean) => {
    try {
      const detail = await ask("conversation.open", { id });
      if (!opened.has(id)) return;
      welcome(detail);
      joined.add(id);
      for (const change of early.get(id) ?? []) apply(change);
      early.delete(id);
      if (fresh) put(id, { unreadAtOpen: detail.row.unread });
    } catch (thrown) {
      if (!opened.has(id)) return;
      const code = refusalOf(thrown);
      const keep = held.get(id)?.state === "ready" && code === "unavailable";
      if (!keep) put(id, { ...blank(id), state: "refused", refusal: code });
    }
  };

  const forget = (id: string) => {
    held.delete(id);
    bells.ring(id);
  };

  const apply = (change: Change) => {
    const id = change.row.id;
    const entry = held.get(id);
    if (entry === undefined || entry.state === "refused") return;
    if (entry.state === "loading") {
      early.set(id, [...(early.get(id) ?? []), change]);
      return;
    }
    if (change.messages.length === 0) {
      put(id, { row: newerRow(entry.row, change.row) });
      if (joined.has(id) && change.prev <= entry.version)
        put(id, { version: Math.max(entry.version, change.row.version) });
      else if (entry.version < change.row.version) settleLater(id);
      return;
    }
    put(id, merged(entry, change.row, change.messages));
    if (movesThreads(entry, change.messages)) refreshThreads(id);
    if (change.prev <= entry.version) put(id, { version: Math.max(entry.version, change.row.version) });
    else if (opened.has(id)) void fill(id);
  };

  return {
    get: (id) => held.get(id),
    subscribe: (id, listener) => bells.subscribe(id, listener),
    open: async (id) => {
      opened.add(id);
      const cached = held.get(id);
      put(id, cached === undefined || cached.state === "refused" ? blank(id) : {});
      await join(id, true);
    },
    leave: (id) => {
      opened.delete(id);
      joined.delete(id);
      early.delete(id);
      void ask("conversation.close", { id }).catch(() => undefined);
    },
    older: async (id) => {
      const entry = held.get(id);
      const seq = entry?.messages[0]?.seq;
      if (entry === undefined || !entry.more || seq === undefined || loadingOlder.has(id)) return;
      loadingOlder.add(id);
      try {
        const answer = await ask("conversation.before", { id, seq });
        const now = held.get(id);
        if (now !== undefined)
          put(id, {
            messages: mergeMessages({ held: now.messages, fresh: answer.messages, more: false }),
            more: answer.more,
          });
      } catch {
        // scrolling up again asks again
      } finally {
        loadingOlder.delete(id);
      }
    },
    apply,
    learn: ({ id, row, messages, contact }) => {
      const entry = held.get(id);
      if (entry === undefined || entry.state !== "ready") return;
      put(id, {
        ...(row === undefined ? {} : { row: newerRow(entry.row, row) }),
        ...(messages === undefined
          ? {}
          : { messages: mergeMessages({ held: entry.messages, fresh: messages, more: entry.more }) }),
        ...(contact === undefined ? {} : { contact }),
      });
    },
    have: () =>
      [...held.values()].filter((entry) => entry.state === "ready").map(({ id, version }) => ({ id, version })),
    parted: () => joined.clear(),
    rejoin: async ({ reset }) => {
      if (reset) for (const id of held.keys()) if (!opened.has(id)) forget(id);
      await Promise.all([...opened].map((id) => join(id, false)));
    },
    dropTenants: (tenantIds) => {
      for (const entry of held.values()) {
        if (entry.row === null || !tenantIds.includes(entry.row.tenantId)) continue;
        if (opened.has(entry.id)) put(entry.id, { ...blank(entry.id), state: "refused", refusal: "forbidden" });
        else forget(entry.id);
      }
    },
    onDrafts: (listener) => {
      draftListeners.push(listener);
    },
    onViewers: (listener) => {
      viewerListeners.push(listener);
    },
  };
};
