import { type Grant, type Scope, userScope } from "#core/scope";
import type { Db } from "#store/db";
import { grantsOf } from "#store/members";

/** Scopes of users, remembered for a moment: a REST call costs no query of its own for rights. */
export interface Scopes {
  of(user: { readonly id: string; readonly name: string }): Promise<Scope>;
  /** Rights of the user changed on this node. */
  forget(userId: string): void;
}

const ttlMs = 3_000;

export const scopeFrom = (
  user: { readonly id: string; readonly name: string },
  grants: ReadonlyMap<string, Grant>,
): Scope => userScope({ actor: { type: "user", id: user.id, name: user.name }, grants });

export const makeScopes = (input: { readonly db: Db; readonly now: () => Date }): Scopes => {
  const known = new Map<string, { readonly until: number; readonly scope: Promise<Scope> }>();
  return {
    of: (user) => {
      const now = input.now().getTime();
      const hit = known.get(user.id);
      if (hit !== undefined && hit.until > now) return hit.scope;
      const scope = grantsOf({ db: input.db, userIds: [user.id] }).then((grants) =>
        scopeFrom(user, grants.get(user.id) ?? new Map<string, Grant>()),
      );
      known.set(user.id, { until: now + ttlMs, scope });
      // A failed read is not remembered.
      scope.catch(() => known.delete(user.id));
      if (known.size > 10_000) known.clear();
      return scope;
    },
    forget: (userId) => known.delete(userId),
  };
};
