import { Refused } from "#core/refused";
import { autoReply } from "#wire";
import { readAutoReply, writeAutoReply } from "#store/acknowledge";
import { mustAdminister } from "#store/admin-scope";
import { appendAudit } from "#store/audit";
import { getChannel } from "#store/channels";
import type { Who } from "../auth/who.ts";
import type { Context } from "../parts.ts";
import { idParam, route, type Route } from "../route.ts";

/** The account, when letters come through it and this person administers it. */
const mailboxOf = async (context: Context, who: Who, id: string) => {
  const row = await getChannel({ prisma: context.prisma, scope: who.scope, id });
  mustAdminister(who.scope, row.tenantId);
  if (context.connectors.find(({ kind }) => kind === row.kind)?.limits.subject !== true)
    throw new Refused("bad-request", "Only mailboxes acknowledge letters.");
  return row;
};

export const adminAutoReplyRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/admin/channels/:id/auto-reply",
    says: "What a mailbox answers by itself.",
    access: "admin",
    token: "admin",
    params: idParam,
    gives: autoReply,
    handle: async ({ context, who, params }) =>
      readAutoReply({ db: context.db, accountId: (await mailboxOf(context, who, params.id)).id }),
  }),
  route({
    method: "put",
    path: "/api/admin/channels/:id/auto-reply",
    says: "Sets what a mailbox answers by itself: at most once a sender a day, never to machines (RFC 3834).",
    access: "admin",
    token: "admin",
    params: idParam,
    body: autoReply,
    gives: autoReply,
    handle: async ({ context, who, params, body }) => {
      const row = await mailboxOf(context, who, params.id);
      if (body.on && body.text.trim() === "") throw new Refused("bad-request", "Write what is answered.");
      await writeAutoReply({ db: context.db, accountId: row.id, settings: body });
      await appendAudit({
        db: context.db,
        now: context.now(),
        tenantId: row.tenantId,
        actorId: who.id,
        action: "channel.auto-reply",
        target: row.id,
        data: { on: body.on },
      });
      return body;
    },
  }),
];
