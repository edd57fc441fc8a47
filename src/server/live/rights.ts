import type { Log } from "#core/log";
import type { Grant, Scope } from "#core/scope";
import type { Db } from "#store/db";
import { grantsOf } from "#store/members";
import { type SessionLife, sessionsAlive, sweepSessions } from "#store/sessions";
import { type Scopes, scopeFrom } from "../auth/scopes.ts";
import type { LiveDoor } from "../parts.ts";
import type { DeskNamespace } from "./desk-io.ts";
import type { Membership } from "./desk.ts";

const fingerprint = (grant: Grant | undefined): string =>
  grant === undefined ? "" : JSON.stringify([grant.role, grant.profile, grant.alias, [...grant.queueIds].sort()]);

/** Tenants of which something must leave the screen: gone, or no longer seen in the same way. */
const narrowed = (before: Scope, after: Scope): string[] =>
  before.tenantIds.filter((id) => fingerprint(before.grants.get(id)) !== fingerprint(after.grants.get(id)));

const same = (before: Scope, after: Scope): boolean =>
  before.tenantIds.length === after.tenantIds.length && narrowed(before, after).length === 0;

/**
 * Keeps sockets in step with sessions and memberships: at once when told, and by itself every few seconds, for what
 * changed on another node or in the database.
 */
export const makeRights = (input: {
  readonly db: Db;
  readonly desk: DeskNamespace;
  readonly membership: Membership;
  readonly scopes: Scopes;
  readonly life: SessionLife;
  readonly log: Log;
  readonly now: () => Date;
}): LiveDoor & { sweep(): Promise<void> } => {
  const { db, desk, membership, life, now } = input;
  let sweptAt = 0;

  const applyGrants = (userId: string, grants: ReadonlyMap<string, Grant>): void => {
    for (const socket of membership.socketsOf(userId)) {
      const before = socket.data.scope;
      const after = scopeFrom({ id: userId, name: socket.data.session.name }, grants);
      if (same(before, after)) continue;
      membership.apply(socket, after);
      socket.emit("rights", { tenantIds: narrowed(before, after) });
    }
  };

  const endSessions: LiveDoor["endSessions"] = (ids, reason) => {
    const ended = new Set(ids);
    for (const socket of desk.sockets.values()) {
      if (!ended.has(socket.data.session.id)) continue;
      socket.emit("bye", { reason });
      socket.disconnect(true);
    }
  };

  const refreshGrants = async (userIds: readonly string[]): Promise<void> => {
    for (const [userId, grants] of await grantsOf({ db, userIds })) applyGrants(userId, grants);
  };

  return {
    endSessions,
    sockets: () => desk.sockets.size,
    refreshUser: async (userId) => {
      input.scopes.forget(userId);
      await refreshGrants([userId]);
    },
    sweep: async () => {
      const since = sweptAt;
      sweptAt = now().getTime();
      const sockets = [...desk.sockets.values()];
      if (sockets.length === 0) return;
      const ids = [...new Set(sockets.map((socket) => socket.data.session.id))];
      const busy = sockets.filter((socket) => socket.data.askedAt > since).map((socket) => socket.data.session.id);
      const alive = await sessionsAlive({ db, ids, busy, life, now: now() });
      endSessions(
        ids.filter((id) => !alive.has(id)),
        "expired",
      );
      await refreshGrants([...new Set(sockets.map((socket) => socket.data.session.userId))]);
      if (Math.random() < 0.01) await sweepSessions({ db, life, now: now() });
    },
  };
};
