import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { Refused } from "#core/refused";
import { deadLetters } from "#wire";
import { appendAudit } from "#store/audit";
import { deadLetterSource, deadLetterTenant, dismissDeadLetter, listDeadLetters } from "#store/dead-letters";
import { audienceOf, masked } from "../present/classes.ts";
import { done, idParam, route, type Route } from "../route.ts";

export const adminDeadLetterRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/admin/dead-letters",
    says: "What came in and could not be filed, newest first.",
    access: "admin",
    token: "admin",
    query: z.object({ tenantId: z.string().optional() }),
    gives: deadLetters,
    handle: async ({ context, who, query }) => {
      const { items, total } = await listDeadLetters({
        db: context.db,
        scope: who.scope,
        ...(query.tenantId === undefined ? {} : { tenantId: query.tenantId }),
      });
      return {
        total,
        items: items.map((item) => {
          const view = { ...item, receivedAt: item.receivedAt.toISOString() };
          const grant = who.scope.grants.get(item.tenantId);
          return grant !== undefined && audienceOf(grant) === "normal" ? view : masked("deadLetter", view);
        }),
      };
    },
  }),
  route({
    method: "get",
    path: "/api/admin/dead-letters/:id/raw",
    says: "What the channel sent, byte for byte. Every download is written to the audit.",
    access: "admin",
    token: "admin",
    params: idParam,
    gives: "raw",
    handle: async ({ context, who, params, response }) => {
      const { db, files, now } = context;
      const source = await deadLetterSource({ db, scope: who.scope, id: params.id });
      if (source === null) throw new Refused("not-found", "It was not kept as it came.");
      const grant = who.scope.grants.get(source.tenantId);
      if (grant === undefined || audienceOf(grant) !== "normal")
        throw new Refused("forbidden", "The original holds personal data you may not see.");
      await appendAudit({
        db,
        now: now(),
        tenantId: source.tenantId,
        actorId: who.id,
        action: "dead-letter.raw",
        target: params.id,
      });
      response.setHeader("content-type", "application/octet-stream");
      response.setHeader("content-security-policy", "default-src 'none'; sandbox");
      response.setHeader("content-disposition", `attachment; filename="${params.id}.txt"`);
      if (source.rawBlob === null) response.end(source.raw);
      else await pipeline(files.read(source.rawBlob), response);
    },
  }),
  route({
    method: "post",
    path: "/api/admin/dead-letters/:id/replay",
    says: "Tries again to file it.",
    access: "admin",
    token: "admin",
    params: idParam,
    gives: done,
    handle: async ({ context, who, params }) => {
      const tenantId = await deadLetterTenant({ db: context.db, scope: who.scope, id: params.id });
      await context.journal.replay({ scope: who.scope, id: params.id });
      await appendAudit({
        db: context.db,
        now: context.now(),
        tenantId,
        actorId: who.id,
        action: "dead-letter.replayed",
        target: params.id,
      });
      return {};
    },
  }),
  route({
    method: "post",
    path: "/api/admin/dead-letters/:id/dismiss",
    says: "Takes it off the list with a reason; what arrived is kept.",
    access: "admin",
    token: "admin",
    params: idParam,
    body: z.object({ reason: z.string().trim().min(3).max(300) }),
    gives: done,
    handle: async ({ context, who, params, body }) => {
      const now = context.now();
      const tenantId = await deadLetterTenant({ db: context.db, scope: who.scope, id: params.id });
      await dismissDeadLetter({ db: context.db, scope: who.scope, id: params.id, reason: body.reason, now });
      await appendAudit({
        db: context.db,
        now,
        tenantId,
        actorId: who.id,
        action: "dead-letter.dismissed",
        target: params.id,
        reason: body.reason,
      });
      return {};
    },
  }),
];
