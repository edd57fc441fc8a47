import { Refused } from "#core/refused";
import { boot, loginBody, me, meUpdate, passwordChange } from "#wire";
import { appendAudit } from "#store/audit";
import {
  loginAccount,
  loginFailed,
  loginSucceeded,
  passwordHashOf,
  setPasswordHash,
  settingsOf,
  updateMe,
} from "#store/logins";
import { surroundings } from "#store/members";
import { createSession, endSession, endSessionsOf } from "#store/sessions";
import { hashPassword, randomToken, verifyPassword } from "../../secrets.ts";
import { sessionCookie } from "../auth/cookies.ts";
import type { Who } from "../auth/who.ts";
import { type Limiter, makeLimiter } from "../limiter.ts";
import type { Context } from "../parts.ts";
import { channelsOf } from "../present/channels.ts";
import { presentTenant } from "../present/tenant.ts";
import { type Call, done, route, type Route } from "../route.ts";

// One sentence for every failure: nobody learns whether the account exists, is locked or is disabled.
const wrong = "The e-mail address or the password is wrong, or the account is locked for a while.";

const meOf = (who: Who) => {
  if (who.session === null) throw new Refused("forbidden", "This is for people only.");
  const { userId: id, name, email, locale, platformAdmin } = who.session;
  return { id, name, email, locale, platformAdmin };
};

const login = async (
  call: Call<unknown, unknown, { email: string; password: string }>,
  limits: { readonly pair: Limiter; readonly address: Limiter },
) => {
  const { context, body, ip, request, response } = call;
  const { db, now, auth } = context;
  const email = body.email.toLowerCase();
  if (!limits.pair.take(`${ip} ${email}`) || !limits.address.take(ip)) {
    response.setHeader("retry-after", "30");
    throw new Refused("rate-limited", "Too many attempts: wait a minute.");
  }
  const account = await loginAccount({ db, email });
  const right = await verifyPassword(body.password, account?.passwordHash ?? null);
  const locked = account?.lockedUntil !== null && account?.lockedUntil !== undefined && account.lockedUntil > now();
  if (account === null || locked || account.disabled || !right) {
    if (account !== null && !right && !locked) {
      const failed = await loginFailed({ db, userId: account.id, now: now() });
      if (failed.locked)
        await appendAudit({
          db,
          now: now(),
          tenantId: null,
          actorId: account.id,
          action: "login.locked",
          target: account.id,
        });
    }
    throw new Refused("unauthorized", wrong);
  }
  await loginSucceeded({ db, userId: account.id });
  const token = randomToken();
  const created = await createSession({
    db,
    userId: account.id,
    tokenHash: auth.hash(token),
    csrf: randomToken(18),
    userAgent: request.headers["user-agent"] ?? "",
    life: context.tuning.session,
    now: now(),
  });
  await appendAudit({ db, now: now(), tenantId: null, actorId: account.id, action: "login", target: created.id });
  response.setHeader(
    "set-cookie",
    sessionCookie({ id: created.id, token, expiresAt: created.expiresAt }, context.secure),
  );
  return {};
};

const bootOf = async ({ context, who }: { context: Context; who: Who }) => {
  const { db, config, version } = context;
  const { tenants, queues, agents } = await surroundings({ db, scope: who.scope });
  const sees = (queue: { id: string; tenantId: string }): boolean => {
    const queueIds = who.scope.grants.get(queue.tenantId)?.queueIds ?? [];
    return queueIds.length === 0 || queueIds.includes(queue.id);
  };
  return {
    me: meOf(who),
    csrf: who.session?.csrf ?? "",
    memberships: [...who.scope.grants].map(([tenantId, { role, profile, alias }]) => ({
      tenantId,
      role,
      profile,
      alias,
    })),
    tenants: tenants.map(presentTenant),
    queues: queues.filter(sees),
    // A user serves several client companies: each asker hears of the shared ones only.
    agents: agents.map((agent) => ({ id: agent.id, name: agent.name, tenantIds: [...agent.tenantIds] })),
    channels: channelsOf(context),
    uploadMaxBytes: config.uploadMaxBytes,
    settings: await settingsOf({ db, userId: meOf(who).id }),
    version,
  };
};

export const sessionRoutes = (now: () => Date): readonly Route[] => {
  // Above the ten attempts that lock an account, so that the lock is what stops a guesser.
  const pair = makeLimiter({ perMinute: 15, now });
  // An office of 1,500 behind one address logs in within a quarter of an hour.
  const address = makeLimiter({ perMinute: 200, now });
  return [
    route({
      method: "post",
      path: "/api/login",
      says: "Opens a session and sets its cookie.",
      access: "anyone",
      body: loginBody,
      gives: done,
      handle: (call) => login(call, { pair, address }),
    }),
    route({
      method: "post",
      path: "/api/logout",
      says: "Ends the session.",
      access: "user",
      gives: done,
      handle: async ({ context, who, response }) => {
        if (who.session !== null) {
          await endSession({ db: context.db, id: who.session.id });
          context.live.endSessions([who.session.id], "logged-out");
        }
        response.setHeader("set-cookie", sessionCookie(null, context.secure));
        return {};
      },
    }),
    route({
      method: "get",
      path: "/api/boot",
      says: "Everything the desk needs for its first paint.",
      access: "user",
      gives: boot,
      handle: bootOf,
    }),
    route({
      method: "patch",
      path: "/api/me",
      says: "Changes one's own language and desk settings.",
      access: "user",
      body: meUpdate,
      gives: me,
      handle: async ({ context, who, body }) => {
        const self = meOf(who);
        if (JSON.stringify(body.settings ?? {}).length > 20_000)
          throw new Refused("too-large", "The settings are too large.");
        await updateMe({
          db: context.db,
          userId: self.id,
          ...(body.locale === undefined ? {} : { locale: body.locale }),
          ...(body.settings === undefined ? {} : { settings: body.settings }),
        });
        return { ...self, locale: body.locale ?? self.locale };
      },
    }),
    route({
      method: "post",
      path: "/api/me/password",
      says: "Changes one's own password and ends all other sessions.",
      access: "user",
      body: passwordChange,
      gives: done,
      handle: async ({ context, who, body }) => {
        const self = meOf(who);
        const { db, now } = context;
        if (!pair.take(`password ${self.id}`)) throw new Refused("rate-limited", "Too many attempts: wait a minute.");
        const right = await verifyPassword(body.current, await passwordHashOf({ db, userId: self.id }));
        if (!right) throw new Refused("forbidden", "The current password is wrong.");
        await setPasswordHash({ db, userId: self.id, hash: await hashPassword(body.next) });
        const ended = await endSessionsOf({
          db,
          userId: self.id,
          ...(who.session === null ? {} : { except: who.session.id }),
        });
        context.live.endSessions(ended, "revoked");
        await appendAudit({
          db,
          now: now(),
          tenantId: null,
          actorId: self.id,
          action: "password.changed",
          target: self.id,
        });
        return {};
      },
    }),
  ];
};
