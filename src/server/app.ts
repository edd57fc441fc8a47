import express, { type Express } from "express";
import helmet from "helmet";
import { randomToken } from "../secrets.ts";
import { serveHealth } from "./health.ts";
import type { Trust } from "./ip.ts";
import type { Metrics } from "./metrics.ts";
import { openApi } from "./openapi.ts";
import { deskPolicy, servePages } from "./pages.ts";
import type { Context } from "./parts.ts";
import { allRoutes } from "./routes/index.ts";
import { faultHandler, mount } from "./serve.ts";

/** Everything but webhooks and sockets: API, files, health and pages. */
export const makeApp = (input: {
  readonly context: Context;
  readonly metrics: Metrics;
}): { app: Express; trust: Trust } => {
  const { context, metrics } = input;
  const { config, db, supervisor, log, version } = context;
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.set("query parser", "simple");
  app.set("trust proxy", config.trustProxy);
  const trust = app.get("trust proxy fn") as Trust;

  app.use((request, response, next) => {
    const id = randomToken(9);
    const started = performance.now();
    response.setHeader("x-request-id", id);
    response.on("finish", () => {
      const route = (request.route as { path?: unknown } | undefined)?.path;
      const seconds = (performance.now() - started) / 1_000;
      // The pattern, not the address: addresses hold tokens and search words.
      const pattern = typeof route === "string" ? route : "page";
      metrics.request({ method: request.method, route: pattern, status: response.statusCode, seconds });
      log.debug(
        {
          requestId: id,
          method: request.method,
          route: pattern,
          status: response.statusCode,
          ms: Math.round(seconds * 1_000),
        },
        "request",
      );
    });
    next();
  });
  app.use(
    helmet({
      contentSecurityPolicy: false,
      strictTransportSecurity: context.secure,
      crossOriginOpenerPolicy: { policy: "same-origin" },
      referrerPolicy: { policy: "no-referrer" },
    }),
    deskPolicy,
  );
  serveHealth(app, { db, supervisor, metrics, log, version });
  const routes = allRoutes({ now: context.now });
  const description = openApi({ routes, version });
  app.get("/api/openapi.json", (_request, response) => {
    response.json(description);
  });
  mount(app, { context, trust }, routes);
  servePages(app, { dist: context.dist, db });
  app.use(faultHandler(context));
  return { app, trust };
};
