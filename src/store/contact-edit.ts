import { Refused } from "#core/refused";
import { mayWork, type Scope } from "#core/scope";
import { searchable } from "#core/search";
import { cleanText } from "#core/text";
import { isUuid } from "#core/uuid";
import type { Db } from "./db.ts";

/** The tenant of a contact this scope may change; refuses otherwise. */
export const contactTenant = async (input: { db: Db; scope: Scope; id: string }): Promise<string> => {
  const [row] = isUuid(input.id)
    ? await input.db.query<{ tenant_id: string }>({
        text: "SELECT tenant_id FROM contact WHERE id = $1 AND tenant_id = ANY($2::uuid[])",
        values: [input.id, input.scope.tenantIds],
      })
    : [];
  if (row === undefined) throw new Refused("not-found", "There is no such contact.");
  if (!mayWork(input.scope, row.tenant_id)) throw new Refused("forbidden", "You may look, not write.");
  return row.tenant_id;
};

/** Names a contact or notes its language. Conversations show the new name with their next change. */
export const updateContact = async (input: {
  db: Db;
  scope: Scope;
  id: string;
  name?: string | undefined;
  language?: string | null | undefined;
}): Promise<void> => {
  await contactTenant(input);
  const name = input.name === undefined ? null : cleanText(input.name).trim();
  if (name === "") throw new Refused("bad-request", "A name cannot be empty.");
  await input.db.query({
    text: `UPDATE contact SET name = coalesce($3, name), search_text = coalesce($4, search_text),
              language = CASE WHEN $5 THEN $6 ELSE language END
            WHERE id = $1 AND tenant_id = ANY($2::uuid[])`,
    values: [
      input.id,
      input.scope.tenantIds,
      name,
      name === null ? null : searchable(name),
      input.language !== undefined,
      input.language ?? null,
    ],
  });
};
