import { readFile } from "node:fs/promises";
import path from "node:path";
import express, { type Express, type Response } from "express";
import { contentSecurityPolicy } from "helmet";
import { z } from "zod";
import { isUuid } from "#core/uuid";
import type { Db } from "#store/db";
import { awaiting } from "./awaiting.ts";

const day = 86_400;

const policy = (frameAncestors: readonly string[], pictures: readonly string[] = []) =>
  contentSecurityPolicy({
    useDefaults: false,
    directives: {
      "default-src": ["'self'"],
      "img-src": ["'self'", "data:", "blob:", ...pictures],
      "media-src": ["'self'", "blob:"],
      "object-src": ["'none'"],
      "base-uri": ["'none'"],
      "form-action": ["'self'"],
      "frame-ancestors": [...frameAncestors],
    },
  });

const list = z.array(z.string()).catch([]);
const origin = /^https?:\/\/[^\s;,']+$/;

/** Sites that may embed a widget. An account without a list may be tried anywhere. */
const embedders = async (db: Db, account: unknown): Promise<readonly string[]> => {
  if (typeof account !== "string" || !isUuid(account)) return ["'self'"];
  const [row] = await db.query<{ allowed: unknown }>({
    name: "widget-embedders",
    text: `SELECT config->'allowedOrigins' AS allowed FROM channel_account WHERE id = $1 AND enabled`,
    values: [account],
  });
  if (row === undefined) return ["'self'"];
  const allowed = list.parse(row.allowed ?? []);
  // Whatever is not an origin allows nothing, and never the other sites of the list to be anybody.
  return allowed.length === 0 ? ["*"] : ["'self'", ...allowed.filter((site) => origin.test(site))];
};

/** Sites the pictures of a company's agents lie on: the widget loads pictures from nowhere else. */
const pictureSites = async (db: Db, account: unknown): Promise<readonly string[]> => {
  if (typeof account !== "string" || !isUuid(account)) return [];
  const rows = await db.query<{ url: string }>({
    name: "widget-pictures",
    text: `SELECT DISTINCT m.avatar_url AS url FROM channel_account a JOIN membership m ON m.tenant_id = a.tenant_id
           WHERE a.id = $1 AND a.enabled AND m.avatar_url IS NOT NULL`,
    values: [account],
  });
  const sites = rows.map(({ url }) => (URL.canParse(url) ? new URL(url).origin : ""));
  return [...new Set(sites.filter((site) => origin.test(site)))].toSorted();
};

/** Whose chat the demo shop shows: the demo e-shop's, else the oldest that any site may embed. None: an empty id. */
const demoAccount = async (db: Db): Promise<string> => {
  const [row] = await db.query<{ id: string }>({
    name: "demo-widget",
    text: `SELECT a.id FROM channel_account a JOIN tenant t ON t.id = a.tenant_id
           WHERE a.kind = 'chat' AND a.enabled AND coalesce(a.config->'allowedOrigins', '[]') = '[]'
           ORDER BY t.key <> 'zahradka', a.created_at, a.id LIMIT 1`,
    values: [],
  });
  return row?.id ?? "";
};

const hashed = /-[A-Za-z0-9_-]{8,}\.\w+$/;

const cached = (response: Response, file: string): void => {
  response.setHeader(
    "cache-control",
    hashed.test(file)
      ? `public, max-age=${365 * day}, immutable`
      : file.endsWith(".html")
        ? "no-cache"
        : "public, max-age=300",
  );
};

/** The desk at /, the visitor's widget at /widget and the demo shop at /demo, as vite built them. */
export const servePages = (app: Express, parts: { dist: string; db: Db }): void => {
  const desk = path.join(parts.dist, "desk");
  const visitor = path.join(parts.dist, "visitor");
  const common = { index: false, redirect: false, setHeaders: cached } as const;

  app.use(
    "/widget",
    awaiting(async (request, response, next) => {
      // Any site may load these files; who may show the frame is told to the browser account by account.
      response.setHeader("cross-origin-resource-policy", "cross-origin");
      response.setHeader("access-control-allow-origin", "*");
      response.removeHeader("x-frame-options");
      if (!request.path.endsWith(".html")) return next();
      const account = request.query["account"];
      const [sites, pictures] = await Promise.all([embedders(parts.db, account), pictureSites(parts.db, account)]);
      return policy(sites, pictures)(request, response, next);
    }),
  );
  app.use("/widget", express.static(visitor, common), (_request, response) => {
    response.status(404).end();
  });
  app.get(
    "/demo",
    awaiting(async (_request, response, next) => {
      const page = await readFile(path.join(visitor, "demo.html"), "utf8").catch(() => undefined);
      if (page === undefined) return next();
      response.setHeader("cache-control", "no-cache");
      response.type("html").send(page.replaceAll("__ACCOUNT__", await demoAccount(parts.db)));
    }),
  );
  app.use(express.static(desk, common));
  // Addresses inside the desk are its own: any of them starts it.
  app.get(/^\/(?!api\/|files\/|hooks\/|socket\.io\/|assets\/)[^.]*$/, (_request, response) => {
    response.sendFile("index.html", { root: desk, cacheControl: false, headers: { "cache-control": "no-cache" } });
  });
};

/** The policy of everything that is not the widget's frame. */
export const deskPolicy = policy(["'none'"]);
