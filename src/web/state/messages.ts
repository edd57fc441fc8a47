import type { DeliveryState, MessageView } from "#wire";

/**
 * Joins pages and news by message id: the higher version wins, order is by seq. With `more`, messages older than the
 * held page are left out (they would tear a hole; scrolling up brings them).
 */
export const mergeMessages = (input: {
  held: readonly MessageView[];
  fresh: readonly MessageView[];
  more: boolean;
}): readonly MessageView[] => {
  const { held, fresh, more } = input;
  const floor = more ? (held[0]?.seq ?? 0) : 0;
  const byId = new Map(held.map((message) => [message.id, message]));
  let changed = false;
  for (const message of fresh) {
    const known = byId.get(message.id);
    if (known === undefined ? message.seq < floor : known.version > message.version) continue;
    byId.set(message.id, message);
    changed = true;
  }
  return changed ? [...byId.values()].sort((a, b) => a.seq - b.seq) : held;
};

export const newestVersion = (messages: readonly MessageView[], floor: number): number =>
  messages.reduce((newest, message) => Math.max(newest, message.version), floor);

/** The one state a bubble shows for several recipients: the one that needs attention first. */
const gravity: readonly DeliveryState[] = [
  "failed",
  "uncertain",
  "held",
  "queued",
  "sending",
  "sent",
  "delivered",
  "read",
  "cancelled",
];

export const deliveryOf = (message: MessageView): DeliveryState | null =>
  message.deliveries.length === 0
    ? null
    : (gravity.find((state) => message.deliveries.some((delivery) => delivery.state === state)) ?? null);

/** Epoch ms until which sending can be undone; null when it is too late. */
export const undoUntil = (message: MessageView, now: number): number | null => {
  if (message.direction !== "out" || deliveryOf(message) !== "held") return null;
  const due = Math.min(...message.deliveries.map((delivery) => Date.parse(delivery.dueAt ?? "")));
  return due > now ? due : null;
};
