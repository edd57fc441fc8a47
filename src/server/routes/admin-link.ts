import { ConnectorError, type LinkView } from "#contract";
import { Refused } from "#core/refused";
import { channelLink, type ChannelLink, channelLinkBody } from "#wire";
import { appendAudit } from "#store/audit";
import { getChannel } from "#store/channels";
import type { Context } from "../parts.ts";
import { idParam, route, type Route } from "../route.ts";

const shown = (view: LinkView): ChannelLink => {
  const { phase, says, since, show, memoryBytes, linked } = view;
  return {
    phase,
    says,
    since: since.toISOString(),
    qr: show !== undefined && "qr" in show ? show.qr : null,
    code: show !== undefined && "code" in show ? show.code : null,
    memoryBytes: memoryBytes ?? null,
    linked: linked ?? null,
  };
};

const ask = async (
  context: Context,
  id: string,
  what: Parameters<Context["supervisor"]["link"]>[1],
): Promise<ChannelLink> => {
  const view = await context.supervisor.link(id, what).catch((thrown: unknown) => {
    throw new Refused("conflict", ConnectorError.from(thrown).message);
  });
  if (view === null) throw new Refused("unavailable", "No node runs this account at the moment.");
  return shown(view);
};

/** No API tokens: a code shown here logs its reader in as the company's phone. */
export const adminLinkRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/admin/channels/:id/link",
    says: "How an account stands that works through a linked phone, with the code to scan while there is one.",
    access: "admin",
    params: idParam,
    gives: channelLink,
    handle: async ({ context, who, params, response }) => {
      const { id } = await getChannel({ prisma: context.prisma, scope: who.scope, id: params.id });
      response.set("cache-control", "no-store");
      return ask(context, id, "look");
    },
  }),
  route({
    method: "post",
    path: "/api/admin/channels/:id/link",
    says: "Starts the link anew, logs the phone out, or asks for a code to type into it.",
    access: "admin",
    params: idParam,
    body: channelLinkBody,
    gives: channelLink,
    handle: async ({ context, who, params, body, response }) => {
      const { id, tenantId, kind } = await getChannel({ prisma: context.prisma, scope: who.scope, id: params.id });
      response.set("cache-control", "no-store");
      const answer = await ask(context, id, body.do);
      const entry = { tenantId, actorId: who.id, action: `channel.link-${body.do}`, target: id, data: { kind } };
      await appendAudit({ db: context.db, now: context.now(), ...entry });
      return answer;
    },
  }),
];
