import type { IncomingMessage } from "node:http";
import { timingSafeEqual } from "node:crypto";
import { Refused } from "#core/refused";
import { type Grant, type Scope, userScope } from "#core/scope";
import { randomToken, type Secrets } from "../../secrets.ts";
import type { Db } from "#store/db";
import { findSession, type LiveSession, rotateSession, type SessionLife } from "#store/sessions";
import { findToken, type TokenScope } from "#store/tokens";
import { readSessionCookie, sessionCookie } from "./cookies.ts";
import type { Scopes } from "./scopes.ts";

/** Who asks. A user holds a session; a program holds an API token of one tenant. */
export interface Who {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  readonly session: LiveSession | null;
  readonly tokenScopes: readonly TokenScope[] | null;
  readonly platformAdmin: boolean;
}

export interface Auth {
  /** The session of a cookie header. `setCookie` is there when the token was changed and the browser must learn it. */
  session(
    cookieHeader: string | undefined,
    options?: { rotate: boolean },
  ): Promise<{ session: LiveSession; setCookie?: string } | null>;
  token(authorization: string): Promise<Who | null>;
  hash(token: string): Buffer;
}

const bearer = /^Bearer (lk_[A-Za-z0-9_-]{43})$/;

const roleOf = (scopes: readonly TokenScope[]): Grant["role"] => {
  if (scopes.includes("admin")) return "admin";
  return scopes.includes("write") ? "agent" : "client_viewer";
};

export const makeAuth = (input: {
  readonly db: Db;
  readonly secrets: Secrets;
  readonly life: SessionLife;
  readonly secure: boolean;
  readonly now: () => Date;
}): Auth => {
  const { db, life, secure, now } = input;
  const hash = (token: string): Buffer => input.secrets.keyedHash("session", token);
  return {
    hash,
    session: async (header, options = { rotate: false }) => {
      const cookie = readSessionCookie(header, secure);
      if (cookie === null) return null;
      const tokenHash = hash(cookie.token);
      const session = await findSession({ db, id: cookie.id, tokenHash, life, now: now() });
      if (session === null) return null;
      if (!options.rotate || !session.rotationDue) return { session };
      const token = randomToken();
      const changed = await rotateSession({ db, id: session.id, from: tokenHash, to: hash(token), now: now() });
      return changed
        ? { session, setCookie: sessionCookie({ id: session.id, token, expiresAt: session.expiresAt }, secure) }
        : { session };
    },
    token: async (authorization) => {
      const token = bearer.exec(authorization)?.[1];
      if (token === undefined) return null;
      const found = await findToken({ db, tokenHash: hash(token), now: now() });
      if (found === null) return null;
      const grant: Grant = { role: roleOf(found.scopes), profile: "normal", alias: null, queueIds: [] };
      return {
        id: found.id,
        name: found.name,
        scope: userScope({
          actor: { type: "token", id: found.id, name: found.name },
          grants: new Map([[found.tenantId, grant]]),
        }),
        session: null,
        tokenScopes: found.scopes,
        platformAdmin: false,
      };
    },
  };
};

/** Cookies come along by themselves, so a mutating call must also show that our own page made it. */
export const mustBeOwnPage = (request: IncomingMessage, session: LiveSession): void => {
  const given = Buffer.from(String(request.headers["x-csrf-token"] ?? ""));
  const wanted = Buffer.from(session.csrf);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw new Refused("forbidden", "The x-csrf-token header is missing or wrong: reload the page.");
};

/** Whether a browser says the request comes from a page of ours. Programs send no Origin. */
export const ownOrigin = (request: IncomingMessage, publicUrl: string | undefined): boolean => {
  const { origin } = request.headers;
  if (request.headers["sec-fetch-site"] === "cross-site") return false;
  if (origin === undefined) return true;
  const url = URL.parse(origin);
  return url !== null && (origin === publicUrl || url.host === request.headers.host);
};

export const userWho = async (session: LiveSession, scopes: Scopes): Promise<Who> => ({
  id: session.userId,
  name: session.name,
  scope: await scopes.of({ id: session.userId, name: session.name }),
  session,
  tokenScopes: null,
  platformAdmin: session.platformAdmin,
});
