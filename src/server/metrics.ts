import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Context } from "./parts.ts";

export interface Metrics {
  readonly registry: Registry;
  request(input: { method: string; route: string; status: number; seconds: number }): void;
  frame(changes: number): void;
  slow(count: number): void;
}

/** Numbers for Prometheus; labels are route patterns and statuses, never anything of a person. */
export const makeMetrics = (): Metrics & {
  watch(context: Pick<Context, "live" | "journal" | "db" | "supervisor" | "now">): void;
} => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: "linka_" });
  const requests = new Histogram({
    name: "linka_http_request_seconds",
    help: "Time to answer a request of the API.",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2],
    registers,
  });
  const frames = new Counter({ name: "linka_live_frames_total", help: "Frames sent to rooms.", registers });
  const changes = new Counter({ name: "linka_live_changes_total", help: "Changes in those frames.", registers });
  const slow = new Counter({
    name: "linka_live_slow_total",
    help: "Clients dropped because they fell behind.",
    registers,
  });
  return {
    registry,
    request: ({ method, route, status, seconds }) => requests.observe({ method, route, status }, seconds),
    frame: (count) => {
      frames.inc();
      changes.inc(count);
    },
    slow: (count) => slow.inc(count),
    watch: ({ live, journal, db, supervisor, now }) => {
      const gauge = (name: string, help: string, read: () => number): Gauge =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read());
          },
        });
      new Gauge({
        name: "linka_channel_quiet_seconds",
        help: "Time since a channel account that runs here last proved that it works; connected is not enough.",
        labelNames: ["account", "kind"],
        registers,
        collect() {
          this.reset();
          for (const { accountId, kind, leading, aliveAt } of supervisor.health())
            if (leading && aliveAt !== null)
              this.set({ account: accountId, kind }, (now().getTime() - aliveAt.getTime()) / 1000);
        },
      });
      gauge("linka_live_sockets", "Desk sockets connected.", () => live.sockets());
      gauge("linka_journal_waiting", "Events accepted and not yet committed.", () => journal.stats().waiting);
      gauge("linka_db_connections_waiting", "Statements waiting for a connection.", () => db.pool.waitingCount);
    },
  };
};
