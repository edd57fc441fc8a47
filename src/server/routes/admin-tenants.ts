import { z } from "zod";
import { Refused } from "#core/refused";
import {
  queueBody,
  queuePatch,
  queueView,
  type QueueView,
  tenantBody,
  tenantPatch,
  type TenantPatch,
  tenantView,
} from "#wire";
import { appendAudit } from "#store/audit";
import { createQueue, listQueues, renameQueue } from "#store/queues";
import { createTenant, listTenants, updateTenant } from "#store/tenants";
import type { Who } from "../auth/who.ts";
import type { Context } from "../parts.ts";
import { presentTenantSettings } from "../present/tenant.ts";
import { idParam, route, type Route } from "../route.ts";

/** The given settings as the policy names them. */
const policyOf = ({ color, ...rest }: Omit<TenantPatch, "name">): Readonly<Record<string, unknown>> => ({
  ...rest,
  ...(color === undefined ? {} : { brandColor: color }),
});

const note = (
  context: Context,
  who: Who,
  action: string,
  target: { id: string; tenantId: string },
  data: Record<string, unknown> = {},
) =>
  appendAudit({
    db: context.db,
    now: context.now(),
    tenantId: target.tenantId,
    actorId: who.id,
    action,
    target: target.id,
    data,
  });

const noteQueue = (context: Context, who: Who, action: string, queue: QueueView) =>
  note(context, who, `queue.${action}`, queue, { key: queue.key });

export const adminTenantRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/admin/tenants",
    says: "Client companies one administers.",
    access: "admin",
    token: "admin",
    gives: z.object({ tenants: z.array(tenantView) }),
    handle: async ({ context, who }) => ({
      tenants: (await listTenants({ db: context.db, scope: who.scope })).map(presentTenantSettings),
    }),
  }),
  route({
    method: "post",
    path: "/api/admin/tenants",
    says: "Adds a client company with a first queue. For platform administrators, who then administer it.",
    access: "admin",
    body: tenantBody,
    gives: tenantView,
    handle: async ({ context, who, body }) => {
      if (!who.platformAdmin) throw new Refused("forbidden", "Only a platform administrator may add a client company.");
      const { key, name, ...settings } = body;
      const policy = policyOf(settings);
      const tenant = await createTenant({ db: context.db, userId: who.id, key, name, policy });
      await context.live.refreshUser(who.id);
      await note(context, who, "tenant.created", { id: tenant.id, tenantId: tenant.id }, { key });
      return presentTenantSettings(tenant);
    },
  }),
  route({
    method: "patch",
    path: "/api/admin/tenants/:id",
    says: "Changes a client company; what is left out stays.",
    access: "admin",
    token: "admin",
    params: idParam,
    body: tenantPatch,
    gives: tenantView,
    handle: async ({ context, who, params, body: { name, ...settings } }) => {
      const tenant = await updateTenant({
        db: context.db,
        scope: who.scope,
        id: params.id,
        ...(name === undefined ? {} : { name }),
        policy: policyOf(settings),
      });
      const fields = [...(name === undefined ? [] : ["name"]), ...Object.keys(settings)];
      await note(context, who, "tenant.changed", { id: tenant.id, tenantId: tenant.id }, { fields });
      return presentTenantSettings(tenant);
    },
  }),
  route({
    method: "get",
    path: "/api/admin/queues",
    says: "Queues of the client companies one administers.",
    access: "admin",
    token: "admin",
    gives: z.object({ queues: z.array(queueView) }),
    handle: async ({ context, who }) => ({ queues: await listQueues({ db: context.db, scope: who.scope }) }),
  }),
  route({
    method: "post",
    path: "/api/admin/queues",
    says: "Adds a queue; a key left out is made of its name.",
    access: "admin",
    token: "admin",
    body: queueBody,
    gives: queueView,
    handle: async ({ context, who, body: { key, ...rest } }) => {
      const queue = await createQueue({
        db: context.db,
        scope: who.scope,
        ...rest,
        ...(key === undefined ? {} : { key }),
      });
      await noteQueue(context, who, "created", queue);
      return queue;
    },
  }),
  route({
    method: "patch",
    path: "/api/admin/queues/:id",
    says: "Renames a queue.",
    access: "admin",
    token: "admin",
    params: idParam,
    body: queuePatch,
    gives: queueView,
    handle: async ({ context, who, params, body }) => {
      const queue = await renameQueue({ db: context.db, scope: who.scope, id: params.id, name: body.name });
      await noteQueue(context, who, "renamed", queue);
      return queue;
    },
  }),
];
