import type { Scope } from "#core/scope";
import { type Audience, audienceOf } from "../present/classes.ts";

/**
 * Rooms of the live feed. Each holds sockets of one audience only, so that a frame is presented once for all of them.
 * A queue room gets rows; queue `all` is for who sees every queue of the tenant, so nobody is in two of a tenant's rooms
 * that hear of the same conversation. A conversation room gets whole messages.
 */
export const queueRoom = (tenantId: string, queueId: string | null, audience: Audience): string =>
  `q:${tenantId}:${queueId ?? "none"}:${audience}`;
export const conversationRoom = (conversationId: string, audience: Audience): string =>
  `c:${conversationId}:${audience}`;
export const userRoom = (userId: string): string => `u:${userId}`;
export const peerRoom = (accountId: string, thread: string): string => `p:${accountId}:${thread}`;

export const audiences = ["normal", "restricted", "viewer"] as const satisfies readonly Audience[];

/** The queue rooms this scope may be in. */
export const roomsOf = (scope: Scope): ReadonlySet<string> => {
  const rooms = new Set<string>();
  for (const [tenantId, grant] of scope.grants) {
    const audience = audienceOf(grant);
    if (grant.queueIds.length === 0) rooms.add(queueRoom(tenantId, "all", audience));
    else for (const queueId of [null, ...grant.queueIds]) rooms.add(queueRoom(tenantId, queueId, audience));
  }
  return rooms;
};
