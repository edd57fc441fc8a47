import express, { type Express, type Request, type RequestHandler, type Response } from "express";
import { Refused } from "#core/refused";
import { administered } from "#store/admin-scope";
import type { Who } from "./auth/who.ts";
import { mustBeOwnPage, ownOrigin, userWho } from "./auth/who.ts";
import { clientIp, type Trust } from "./ip.ts";
import { type Limiter, makeLimiter } from "./limiter.ts";
import type { Context } from "./parts.ts";
import { audienceOf } from "./present/classes.ts";
import { problemOf, statusOf } from "./problems.ts";
import type { Route } from "./route.ts";
import { userScope } from "#core/scope";

const nobody: Who = {
  id: "",
  name: "",
  scope: userScope({ actor: { type: "user", id: null, name: "" }, grants: new Map() }),
  session: null,
  tokenScopes: null,
  platformAdmin: false,
};

interface Serving {
  readonly context: Context;
  readonly trust: Trust;
}

interface Limits {
  readonly anonymous: Limiter;
  readonly known: Limiter;
  readonly forged: Limiter;
}

const limitOrRefuse = (limiter: Limiter, key: string, response: Response): void => {
  if (limiter.take(key)) return;
  response.setHeader("retry-after", "10");
  throw new Refused("rate-limited", "Too many requests: wait a moment.");
};

const identify = async (
  serving: Serving,
  limits: Limits,
  request: Request,
  response: Response,
  ip: string,
): Promise<Who> => {
  const { authorization, cookie } = request.headers;
  if (authorization === undefined && cookie === undefined) {
    limitOrRefuse(limits.anonymous, ip, response);
    return nobody;
  }
  if (!limits.forged.open(ip)) limitOrRefuse(limits.forged, ip, response);
  if (authorization !== undefined) {
    const who = await serving.context.auth.token(authorization);
    // Guessing tokens is slow for the address that guesses; nobody behind another one notices.
    if (who === null) limitOrRefuse(limits.forged, ip, response);
    else limitOrRefuse(limits.known, who.id, response);
    return who ?? nobody;
  }
  const found = await serving.context.auth.session(cookie, { rotate: true });
  if (found === null) {
    limitOrRefuse(limits.anonymous, ip, response);
    return nobody;
  }
  limitOrRefuse(limits.known, found.session.id, response);
  if (found.setCookie !== undefined) response.setHeader("set-cookie", found.setCookie);
  return userWho(found.session, serving.context.scopes);
};

const order = { read: ["read", "write", "admin"], write: ["write", "admin"], admin: ["admin"] } as const;

const admit = (route: Route, who: Who, request: Request, publicUrl: string | undefined): void => {
  const mutates = route.method !== "get";
  if (mutates && who.tokenScopes === null && !ownOrigin(request, publicUrl))
    throw new Refused("forbidden", "This request comes from another site.");
  if (route.access === "anyone") return;
  if (who.id === "") throw new Refused("unauthorized", "Log in first.");
  if (who.session !== null && mutates) mustBeOwnPage(request, who.session);
  const { tokenScopes } = who;
  if (tokenScopes !== null) {
    const wanted = route.token;
    if (wanted === null || !order[wanted].some((scope) => tokenScopes.includes(scope)))
      throw new Refused("forbidden", "This token may not do that.");
  }
  // A platform administrator of an empty installation administers no company yet and must be able to add the first.
  if (route.access === "admin" && !who.platformAdmin && administered(who.scope).length === 0)
    throw new Refused("forbidden", "Only an administrator may do this.");
};

const json = express.json({ limit: "1mb", type: "application/json", strict: true });

const readJson = (request: Request, response: Response): Promise<void> =>
  new Promise((resolve, reject) => {
    json(request, response, (fault?: unknown) => (fault === undefined ? resolve() : reject(fault)));
  });

/** Every request goes the same way: rate limit, who, admission, schema, handler (which authorises), present. */
const serveRoute = (serving: Serving, limits: Limits, route: Route): RequestHandler => {
  const { context } = serving;
  return async (request, response) => {
    const ip = clientIp(request, serving.trust);
    response.setHeader("cache-control", "no-store");
    let who = nobody;
    try {
      who = await identify(serving, limits, request, response, ip);
      admit(route, who, request, context.config.publicUrl);
      if (typeof route.body !== "string") await readJson(request, response);
      const answer = await route.handle({
        context,
        who,
        params: route.params.parse(request.params),
        query: route.query.parse(request.query),
        body: typeof route.body === "string" ? undefined : route.body.parse(request.body),
        ip,
        request,
        response,
      });
      if (route.gives === "raw") return;
      const fits = route.gives.safeParse(answer);
      if (!fits.success) throw new Error("the answer does not fit its schema", { cause: fits.error });
      response.json(fits.data);
    } catch (thrown) {
      answerProblem(context, who, request, response, thrown, `${route.method.toUpperCase()} ${route.path}`);
    }
  };
};

const answerProblem = (
  context: Context,
  who: Who,
  request: Request,
  response: Response,
  thrown: unknown,
  route: string,
): void => {
  const grantAudience = (tenantId: string) => {
    const grant = who.scope.grants.get(tenantId);
    return grant === undefined ? "restricted" : audienceOf(grant);
  };
  const { refusal, unexpected } = problemOf(thrown, { audienceOf: grantAudience, links: context.links });
  if (unexpected)
    context.log.error({ err: thrown, requestId: response.getHeader("x-request-id"), route }, "request failed");
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (refusal.code === "unavailable") response.setHeader("retry-after", "5");
  // A body nobody will read must not keep the connection busy.
  if (!request.complete) response.setHeader("connection", "close");
  response.status(statusOf[refusal.code]).json({ refusal });
};

/** Mounts the routes. JSON bodies up to 1 MB; what is larger travels as an upload. */
export const mount = (app: Express, serving: Serving, routes: readonly Route[]): void => {
  const { tuning, now } = serving.context;
  const limits: Limits = {
    anonymous: makeLimiter({ perMinute: tuning.anonymousPerMinute, now }),
    known: makeLimiter({ perMinute: tuning.sessionPerMinute, now }),
    forged: makeLimiter({ perMinute: 30, now }),
  };
  for (const route of routes) app[route.method](route.path, serveRoute(serving, limits, route));
  app.use("/api", (_request, response) => {
    response.status(404).json({ refusal: { code: "not-found", says: "There is no such address." } });
  });
};

/** The last stop of Express: whatever was thrown outside a route. */
export const faultHandler =
  (context: Context): express.ErrorRequestHandler =>
  (thrown: unknown, request, response, _next) =>
    answerProblem(context, nobody, request, response, thrown, "outside a route");
