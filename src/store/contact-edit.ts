import { Refused } from "#core/refused";
import { mayWork, type Scope } from "#core/scope";
import { searchable } from "#core/search";
import { cleanText } from "#core/text";
import { isUuid, uuid } from "#core/uuid";
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

/** Names a contact, notes its language or where it likes to be answered. Conversations show the new name with their next change. */
export const updateContact = async (input: {
  db: Db;
  scope: Scope;
  id: string;
  name?: string | undefined;
  language?: string | null | undefined;
  preferred?: { readonly channel: string; readonly source: "stated" | "agent" } | null | undefined;
}): Promise<void> => {
  await contactTenant(input);
  const name = input.name === undefined ? null : cleanText(input.name).trim();
  if (name === "") throw new Refused("bad-request", "A name cannot be empty.");
  await input.db.query({
    text: `UPDATE contact SET name = coalesce($3, name), search_text = coalesce($4, search_text),
              language = CASE WHEN $5 THEN $6 ELSE language END,
              attrs = CASE WHEN $7 THEN (attrs - 'preferred') || coalesce($8::jsonb, '{}') ELSE attrs END
            WHERE id = $1 AND tenant_id = ANY($2::uuid[])`,
    values: [
      input.id,
      input.scope.tenantIds,
      name,
      name === null ? null : searchable(name),
      input.language !== undefined,
      input.language ?? null,
      input.preferred !== undefined,
      input.preferred === undefined || input.preferred === null ? null : JSON.stringify({ preferred: input.preferred }),
    ],
  });
};

/** Enters the customer's word on marketing messages into the ledger: who heard it and when is its evidence. */
export const recordMarketing = async (input: {
  db: Db;
  scope: Scope;
  id: string;
  state: "granted" | "withdrawn";
  now: Date;
}): Promise<void> => {
  const tenantId = await contactTenant(input);
  await input.db.query({
    text: `INSERT INTO consent (id, tenant_id, contact_id, purpose, channel, state, evidence, valid_from, created_at)
           VALUES ($1, $2, $3, 'marketing_message', 'any', $4, $5, $6, $6)`,
    values: [
      uuid(),
      tenantId,
      input.id,
      input.state,
      JSON.stringify({ heardBy: input.scope.actor.id, how: "told to an agent" }),
      input.now,
    ],
  });
};
