import { z } from "zod";
import { Refused } from "#core/refused";
import { apiTokenBody, apiTokenCreated, apiTokenView } from "#wire";
import { appendAudit } from "#store/audit";
import { createToken, listTokens, revokeToken, type TokenRow } from "#store/tokens";
import { randomToken } from "../../secrets.ts";
import { done, idParam, route, type Route } from "../route.ts";

const view = (row: TokenRow) => ({
  id: row.id,
  tenantId: row.tenantId,
  name: row.name,
  endsIn: row.hint,
  scopes: row.scopes,
  createdAt: row.createdAt.toISOString(),
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
});

export const adminTokenRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/admin/tokens",
    says: "API tokens that work; of each only how it ends.",
    access: "admin",
    gives: z.object({ tokens: z.array(apiTokenView) }),
    handle: async ({ context, who }) => ({
      tokens: (await listTokens({ prisma: context.prisma, scope: who.scope })).map(view),
    }),
  }),
  route({
    method: "post",
    path: "/api/admin/tokens",
    says: "Makes an API token for one client company. It is shown this once.",
    access: "admin",
    body: apiTokenBody,
    gives: apiTokenCreated,
    handle: async ({ context, who, body }) => {
      if (who.session === null) throw new Refused("forbidden", "This is for people only.");
      const token = `lk_${randomToken()}`;
      const row = await createToken({
        prisma: context.prisma,
        scope: who.scope,
        tenantId: body.tenantId,
        name: body.name,
        scopes: body.scopes,
        tokenHash: context.auth.hash(token),
        hint: token.slice(-4),
        createdBy: who.id,
      });
      await appendAudit({
        db: context.db,
        now: context.now(),
        tenantId: row.tenantId,
        actorId: who.id,
        action: "token.created",
        target: row.id,
        data: { scopes: row.scopes },
      });
      return { ...view(row), token };
    },
  }),
  route({
    method: "delete",
    path: "/api/admin/tokens/:id",
    says: "Revokes an API token at once.",
    access: "admin",
    params: idParam,
    gives: done,
    handle: async ({ context, who, params }) => {
      const now = context.now();
      const row = await revokeToken({ prisma: context.prisma, scope: who.scope, id: params.id, now });
      await appendAudit({
        db: context.db,
        now,
        tenantId: row.tenantId,
        actorId: who.id,
        action: "token.revoked",
        target: row.id,
      });
      return {};
    },
  }),
];
