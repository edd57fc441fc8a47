import { isUuid, uuid } from "#core/uuid";
import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import { administered, mustAdminister } from "./admin-scope.ts";
import type { Db } from "./db.ts";
import type { Prisma } from "./prisma.ts";

export type TokenScope = "read" | "write" | "admin";

export interface FoundToken {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly scopes: readonly TokenScope[];
}

/** The API token with this hash, or null when there is none or it was revoked. */
export const findToken = async (input: { db: Db; tokenHash: Buffer; now: Date }): Promise<FoundToken | null> => {
  const [row] = await input.db.query<{
    id: string;
    tenant_id: string;
    name: string;
    scopes: TokenScope[];
    last_used_at: Date | null;
  }>({
    name: "token-find",
    text: "SELECT id, tenant_id, name, scopes, last_used_at FROM api_token WHERE token_hash = $1 AND revoked_at IS NULL",
    values: [input.tokenHash],
  });
  if (row === undefined) return null;
  if (row.last_used_at === null || input.now.getTime() - row.last_used_at.getTime() > 60_000) {
    await input.db.query({
      name: "token-used",
      text: "UPDATE api_token SET last_used_at = $2 WHERE id = $1",
      values: [row.id, input.now],
    });
  }
  return { id: row.id, tenantId: row.tenant_id, name: row.name, scopes: row.scopes };
};

interface Asker {
  readonly prisma: Prisma;
  readonly scope: Scope;
}
export type TokenRow = Awaited<ReturnType<Prisma["apiToken"]["findFirstOrThrow"]>>;

export const listTokens = (input: Asker): Promise<TokenRow[]> =>
  input.prisma.apiToken.findMany({
    where: { tenantId: { in: [...administered(input.scope)] }, revokedAt: null },
    orderBy: { createdAt: "desc" },
  });

export const createToken = async (
  input: Asker & {
    tenantId: string;
    name: string;
    scopes: readonly TokenScope[];
    tokenHash: Buffer;
    hint: string;
    createdBy: string;
  },
): Promise<TokenRow> => {
  mustAdminister(input.scope, input.tenantId);
  return input.prisma.apiToken.create({
    data: {
      id: uuid(),
      tenantId: input.tenantId,
      name: input.name,
      scopes: [...new Set(input.scopes)],
      tokenHash: Uint8Array.from(input.tokenHash),
      hint: input.hint,
      createdBy: input.createdBy,
    },
  });
};

export const revokeToken = async (input: Asker & { id: string; now: Date }): Promise<TokenRow> => {
  const row = isUuid(input.id)
    ? await input.prisma.apiToken.findFirst({ where: { id: input.id, tenantId: { in: [...input.scope.tenantIds] } } })
    : null;
  if (row === null) throw new Refused("not-found", "There is no such token.");
  mustAdminister(input.scope, row.tenantId);
  return input.prisma.apiToken.update({ where: { id: row.id }, data: { revokedAt: row.revokedAt ?? input.now } });
};
