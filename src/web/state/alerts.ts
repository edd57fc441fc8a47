import type { ConversationRow } from "#wire";
import { createValue, type Value } from "./value.ts";

/** A customer said something in a conversation that concerns this agent. */
export interface Alert {
  readonly conversationId: string;
  readonly tenantId: string;
  readonly name: string;
  /** The agent's own; else one that has nobody yet. */
  readonly mine: boolean;
  readonly at: string;
  readonly seen: boolean;
}

export interface Alerts {
  /** One a conversation, newest first. */
  readonly list: Value<readonly Alert[]>;
  readonly hear: (rows: readonly ConversationRow[]) => void;
  readonly see: (conversationId: string) => void;
  readonly seeAll: () => void;
  /** Called with every new alert, for the sound and the system's notification. */
  readonly onNew: (listener: (alert: Alert) => void) => () => void;
  readonly dropTenants: (tenantIds: readonly string[]) => void;
}

const mostKept = 50;
const mostRemembered = 2_000;

/**
 * What an agent would want to be told of: a customer's word in one's own conversation, or in one that nobody has. The
 * same word is told once, however often its row comes; what was answered or read elsewhere counts as seen.
 */
export const createAlerts = (input: {
  readonly meId: string;
  readonly now: () => number;
  /** Whether the agent looks at this conversation right now. */
  readonly looking: (conversationId: string) => boolean;
}): Alerts => {
  const { meId, looking } = input;
  const startedAt = new Date(input.now()).toISOString();
  const list = createValue<readonly Alert[]>([]);
  const heard = new Map<string, string>();
  const listeners = new Set<(alert: Alert) => void>();

  const change = (fits: (alert: Alert) => boolean, to: (alert: Alert) => Alert): void => {
    if (list.get().some(fits)) list.set(list.get().map((alert) => (fits(alert) ? to(alert) : alert)));
  };
  const see = (conversationId: string): void =>
    change(
      (alert) => alert.conversationId === conversationId && !alert.seen,
      (alert) => ({ ...alert, seen: true }),
    );

  const hear = (row: ConversationRow): void => {
    const mine = row.assigneeId === meId;
    const concerns = (mine || row.assigneeId === null) && (row.status === "open" || row.status === "waiting");
    const before = heard.get(row.id) ?? startedAt;
    if (row.lastAt > before) {
      heard.delete(row.id);
      heard.set(row.id, row.lastAt);
      const [oldest] = heard.keys();
      if (heard.size > mostRemembered && oldest !== undefined) heard.delete(oldest);
    }
    if (row.unread === 0 || !concerns) {
      see(row.id);
      return;
    }
    if (row.lastDirection !== "in" || row.lastAt <= before || looking(row.id)) return;
    const alert: Alert = {
      conversationId: row.id,
      tenantId: row.tenantId,
      name: row.contact.name,
      mine,
      at: row.lastAt,
      seen: false,
    };
    list.set([alert, ...list.get().filter((one) => one.conversationId !== row.id)].slice(0, mostKept));
    for (const listener of listeners) listener(alert);
  };

  return {
    list,
    hear: (rows) => {
      for (const row of rows) hear(row);
    },
    see,
    seeAll: () =>
      change(
        (alert) => !alert.seen,
        (alert) => ({ ...alert, seen: true }),
      ),
    onNew: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    dropTenants: (tenantIds) => list.set(list.get().filter((alert) => !tenantIds.includes(alert.tenantId))),
  };
};
