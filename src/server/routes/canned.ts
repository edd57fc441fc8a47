import { z } from "zod";
import { cannedReply, cannedReplyBody } from "#wire";
import { appendAudit } from "#store/audit";
import { createCanned, deleteCanned, listCanned, updateCanned } from "#store/canned";
import type { Who } from "../auth/who.ts";
import type { Context } from "../parts.ts";
import { done, idParam, route, type Route } from "../route.ts";

const noted = async <T extends { id: string; tenantId: string }>(
  context: Context,
  who: Who,
  action: string,
  change: Promise<T>,
): Promise<T> => {
  const reply = await change;
  await appendAudit({
    db: context.db,
    now: context.now(),
    tenantId: reply.tenantId,
    actorId: who.id,
    action: `canned-reply.${action}`,
    target: reply.id,
  });
  return reply;
};

export const cannedRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/canned-replies",
    says: "Canned replies of every client company one serves.",
    access: "user",
    token: "read",
    gives: z.object({ replies: z.array(cannedReply) }),
    handle: async ({ context, who }) => ({ replies: await listCanned({ prisma: context.prisma, scope: who.scope }) }),
  }),
  route({
    method: "post",
    path: "/api/canned-replies",
    says: "Adds a canned reply.",
    access: "user",
    token: "admin",
    body: cannedReplyBody,
    gives: cannedReply,
    handle: ({ context, who, body }) =>
      noted(context, who, "created", createCanned({ prisma: context.prisma, scope: who.scope, body })),
  }),
  route({
    method: "put",
    path: "/api/canned-replies/:id",
    says: "Changes a canned reply.",
    access: "user",
    token: "admin",
    params: idParam,
    body: cannedReplyBody,
    gives: cannedReply,
    handle: ({ context, who, params, body }) =>
      noted(
        context,
        who,
        "changed",
        updateCanned({ prisma: context.prisma, scope: who.scope, id: params.id, body, now: context.now() }),
      ),
  }),
  route({
    method: "delete",
    path: "/api/canned-replies/:id",
    says: "Removes a canned reply.",
    access: "user",
    token: "admin",
    params: idParam,
    gives: done,
    handle: async ({ context, who, params }) => {
      await noted(context, who, "removed", deleteCanned({ prisma: context.prisma, scope: who.scope, id: params.id }));
      return {};
    },
  }),
];
