import type { Profile, Role } from "#wire";

/** Who asks the store, and for which tenants. Made only by `userScope` and `systemScope`: no store call without one. */
export interface Scope {
  readonly actor: { readonly type: "user" | "token" | "system"; readonly id: string | null; readonly name: string };
  readonly tenantIds: readonly string[];
  readonly grants: ReadonlyMap<string, Grant>;
  readonly [made]: true;
}

export interface Grant {
  readonly role: Role;
  readonly profile: Profile;
  /** The name customers of this tenant see. */
  readonly alias: string | null;
  /** Empty = every queue of the tenant. */
  readonly queueIds: readonly string[];
}

declare const made: unique symbol;

/** The scope of a logged-in user or API token: exactly the tenants of its memberships. */
export const userScope = (input: {
  readonly actor: Scope["actor"];
  readonly grants: ReadonlyMap<string, Grant>;
}): Scope => ({ actor: input.actor, grants: input.grants, tenantIds: [...input.grants.keys()] }) as unknown as Scope;

/** The hub's own work on one tenant: ingest, outbox, timers. */
export const systemScope = (input: { readonly tenantId: string }): Scope =>
  ({
    actor: { type: "system", id: null, name: "system" },
    tenantIds: [input.tenantId],
    grants: new Map([[input.tenantId, { role: "admin", profile: "normal", alias: null, queueIds: [] }]]),
  }) as unknown as Scope;

/** Whether the scope may see conversations of this queue (null = no queue yet: everybody of the tenant). */
export const seesQueue = (scope: Scope, tenantId: string, queueId: string | null): boolean => {
  const grant = scope.grants.get(tenantId);
  return grant !== undefined && (queueId === null || grant.queueIds.length === 0 || grant.queueIds.includes(queueId));
};

/** Whether the scope may change conversations of this tenant: client viewers only look. */
export const mayWork = (scope: Scope, tenantId: string): boolean => {
  const grant = scope.grants.get(tenantId);
  return grant !== undefined && grant.role !== "client_viewer";
};

/** Whether the scope receives personal data of this tenant unmasked. Fails closed: only the normal profile does. */
export const seesPersonal = (scope: Scope, tenantId: string): boolean =>
  scope.grants.get(tenantId)?.profile === "normal";
