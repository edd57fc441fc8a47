import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";

/** Tenants this scope administers. */
export const administered = (scope: Scope): readonly string[] =>
  scope.tenantIds.filter((id) => scope.grants.get(id)?.role === "admin");

/** Refuses unless the scope administers the tenant. A foreign tenant looks like one that does not exist. */
export const mustAdminister = (scope: Scope, tenantId: string): void => {
  const grant = scope.grants.get(tenantId);
  if (grant === undefined) throw new Refused("not-found", "There is no such client company.");
  if (grant.role !== "admin") throw new Refused("forbidden", "Only an administrator may do this.");
};
