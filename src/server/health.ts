import type { Express } from "express";
import type { Log } from "#core/log";
import type { Db } from "#store/db";
import type { Supervisor } from "../runtime/ports.ts";
import { awaiting } from "./awaiting.ts";
import type { Metrics } from "./metrics.ts";

interface Check {
  readonly ok: boolean;
  readonly says?: string;
}

const within = async (ms: number, work: () => Promise<Check>, log: Log): Promise<Check> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Check>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, says: "no answer in time" }), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (thrown) {
    log.warn({ err: thrown }, "not ready");
    return { ok: false, says: "unreachable" };
  } finally {
    clearTimeout(timer);
  }
};

const checks = (db: Db, supervisor: Supervisor, log: Log): Promise<readonly (readonly [string, Check])[]> =>
  Promise.all([
    within(
      2_000,
      async () => {
        await db.query({ text: "SELECT 1" });
        return { ok: true };
      },
      log,
    ).then((check) => ["database", check] as const),
    within(
      2_000,
      async () => {
        const [row] = await db.query<{ open: string; done: string }>({
          text: `SELECT count(*) FILTER (WHERE finished_at IS NULL AND rolled_back_at IS NULL) AS open,
                      count(*) FILTER (WHERE finished_at IS NOT NULL) AS done FROM _prisma_migrations`,
        });
        return row !== undefined && row.open === "0" && row.done !== "0"
          ? { ok: true }
          : { ok: false, says: "unfinished" };
      },
      log,
    ).then((check) => ["migrations", check] as const),
    within(
      2_000,
      async () => {
        const overdue = supervisor.overdue();
        if (overdue.length > 0)
          return {
            ok: false,
            says: `not renewed in time: ${overdue.length} accounts, ${overdue.slice(0, 5).join(", ")}`,
          };
        const accounts = supervisor.health();
        const [row] = await db.query<{ orphans: string }>({
          text: `SELECT count(*) AS orphans FROM lease WHERE until < now() - interval '60 seconds'`,
        });
        const says = `${accounts.filter(({ leading }) => leading).length} of ${accounts.length} accounts led here, ${row?.orphans ?? 0} leases without an owner`;
        return { ok: true, says };
      },
      log,
    ).then((check) => ["leases", check] as const),
  ]);

/** /healthz: the process answers. /readyz: it can do its work. /metrics: for a scraper on this machine. */
export const serveHealth = (
  app: Express,
  parts: { db: Db; supervisor: Supervisor; metrics: Metrics; log: Log; version: string },
): void => {
  app.get("/healthz", (_request, response) => {
    response.json({ ok: true, version: parts.version });
  });
  app.get(
    "/readyz",
    awaiting(async (_request, response) => {
      const results = await checks(parts.db, parts.supervisor, parts.log);
      const ok = results.every(([, check]) => check.ok);
      response.status(ok ? 200 : 503).json({ ok, ...Object.fromEntries(results) });
    }),
  );
  app.get(
    "/metrics",
    awaiting(async (request, response) => {
      const address = request.socket.remoteAddress ?? "";
      const here = /^(?:::ffff:)?127\.|^::1$/.test(address) && request.headers["x-forwarded-for"] === undefined;
      if (!here) {
        response.status(403).json({ refusal: { code: "forbidden", says: "Metrics are read on this machine only." } });
        return;
      }
      response.type(parts.metrics.registry.contentType).send(await parts.metrics.registry.metrics());
    }),
  );
};
