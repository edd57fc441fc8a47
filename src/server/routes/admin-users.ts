import { z } from "zod";
import { Refused } from "#core/refused";
import { type UserBody, userBody, userView, type UserView } from "#wire";
import { appendAudit } from "#store/audit";
import { endSessionsOf } from "#store/sessions";
import { createUser, listUsers, updateUser } from "#store/users";
import { hashPassword } from "../../secrets.ts";
import type { Who } from "../auth/who.ts";
import type { Context } from "../parts.ts";
import { idParam, route, type Route } from "../route.ts";

const hashOf = (body: UserBody): Promise<string | null> =>
  body.password === undefined ? Promise.resolve(null) : hashPassword(body.password);

const note = async (
  context: Context,
  who: Who,
  action: string,
  user: UserView,
  body: UserBody,
  before: readonly string[] = [],
): Promise<void> => {
  // Once in the chain of each client company the change touches: its own audit must show it, also that somebody is gone.
  const tenants = new Set([...before, ...body.memberships.map((membership) => membership.tenantId)]);
  for (const tenantId of tenants.size === 0 ? [null] : tenants)
    await appendAudit({
      db: context.db,
      now: context.now(),
      tenantId,
      actorId: who.id,
      action,
      target: user.id,
      data: {
        disabled: user.disabled,
        password: body.password !== undefined,
        memberships: user.memberships
          .filter((membership) => membership.tenantId === tenantId)
          .map(({ role, profile, queueIds }) => ({ role, profile, queueIds })),
      },
    });
};

export const adminUserRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/admin/users",
    says: "Users of the client companies one administers.",
    access: "admin",
    token: "admin",
    gives: z.object({ users: z.array(userView) }),
    handle: async ({ context, who }) => ({
      users: await listUsers({ prisma: context.prisma, scope: who.scope, now: context.now() }),
    }),
  }),
  route({
    method: "post",
    path: "/api/admin/users",
    says: "Adds a user.",
    access: "admin",
    token: "admin",
    body: userBody,
    gives: userView,
    handle: async ({ context, who, body }) => {
      const user = await createUser({
        prisma: context.prisma,
        scope: who.scope,
        body,
        passwordHash: await hashOf(body),
        now: context.now(),
      });
      await note(context, who, "user.created", user, body);
      return user;
    },
  }),
  route({
    method: "put",
    path: "/api/admin/users/:id",
    says: "Changes a user; what was revoked stops working at once.",
    access: "admin",
    token: "admin",
    params: idParam,
    body: userBody,
    gives: userView,
    handle: async ({ context, who, params, body }) => {
      if (params.id === who.id && body.disabled === true)
        throw new Refused("bad-request", "You cannot disable yourself.");
      const { prisma, now } = context;
      const known = await listUsers({ prisma, scope: who.scope, now: now() });
      const before = known.find(({ id }) => id === params.id)?.memberships.map(({ tenantId }) => tenantId);
      const user = await updateUser({
        prisma: context.prisma,
        scope: who.scope,
        id: params.id,
        body,
        passwordHash: await hashOf(body),
        platformAdmin: who.platformAdmin,
        now: context.now(),
      });
      if (user.disabled || body.password !== undefined) {
        const keep = who.session !== null && params.id === who.id ? { except: who.session.id } : {};
        const ended = await endSessionsOf({ db: context.db, userId: user.id, ...keep });
        context.live.endSessions(ended, "revoked");
      }
      await context.live.refreshUser(user.id);
      await note(context, who, "user.changed", user, body, before);
      return user;
    },
  }),
];
