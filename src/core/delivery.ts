import type { DeliveryState } from "#wire";

/**
 * How far a delivery has come. News from a channel may only raise it: a late "delivered" never undoes "read", and
 * "delivered" outweighs an earlier "failed" because the customer has the message. Only a retry lowers it.
 */
export const deliveryRank: Readonly<Record<DeliveryState, number>> = {
  held: 0,
  queued: 1,
  sending: 2,
  uncertain: 3,
  sent: 4,
  failed: 5,
  delivered: 6,
  read: 7,
  cancelled: 9,
};

/** Whether what a channel tells may change a delivery in this state. What has not gone out cannot have arrived. */
export const mayAdvance = (from: DeliveryState, to: DeliveryState): boolean =>
  from !== "held" && from !== "cancelled" && deliveryRank[to] > deliveryRank[from];

/** Undo is possible while nothing has left the hub. */
export const cancellable = (states: readonly DeliveryState[]): boolean =>
  states.length > 0 && states.every((state) => state === "held" || state === "failed");
