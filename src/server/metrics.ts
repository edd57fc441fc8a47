import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { type Backlog, backlog } from "#store/backlog";
import type { Arrival } from "../runtime/watched.ts";
import type { Context } from "./parts.ts";

export interface Metrics {
  readonly registry: Registry;
  request(input: { method: string; route: string; status: number; seconds: number }): void;
  frame(changes: number): void;
  slow(count: number): void;
  arrival(arrival: Arrival): void;
  watch(context: Pick<Context, "live" | "journal" | "db" | "supervisor" | "now">): void;
}

/** Numbers for Prometheus; labels are route patterns and statuses, never anything of a person. */
export const makeMetrics = (): Metrics => {
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
  const arrivals = new Histogram({
    name: "linka_inbound_seconds",
    help: "From a channel handing an event over to its commit; refused ones come again.",
    labelNames: ["channel", "type", "outcome"],
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
    arrival: ({ channel, type, outcome, seconds }) => arrivals.observe({ channel, type, outcome }, seconds),
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
      const quiet: Gauge = new Gauge({
        name: "linka_channel_quiet_seconds",
        help: "Time since a channel account that runs here last proved that it works; connected is not enough.",
        labelNames: ["account", "kind"],
        registers,
        collect() {
          quiet.reset();
          for (const { accountId, kind, leading, aliveAt } of supervisor.health())
            if (leading && aliveAt !== null)
              quiet.set({ account: accountId, kind }, (now().getTime() - aliveAt.getTime()) / 1000);
        },
      });
      let read: { readonly at: number; readonly rows: Promise<readonly Backlog[]> } | undefined;
      /** One reading for all of them; a database that is away is told by readyz. */
      const reading = (): Promise<readonly Backlog[]> => {
        const at = now().getTime();
        if (read === undefined || at - read.at > 1_000)
          read = { at, rows: backlog({ db, now: now() }).catch(() => []) };
        return read.rows;
      };
      const perChannel = (name: string, help: string, pick: (row: Backlog) => number): Gauge =>
        new Gauge({
          name,
          help,
          labelNames: ["channel"],
          registers,
          async collect() {
            this.reset();
            for (const row of await reading()) this.set({ channel: row.channel }, pick(row));
          },
        });
      perChannel("linka_outbound_due", "Deliveries due and not gone out, on all nodes.", ({ due }) => due);
      perChannel(
        "linka_outbound_oldest_seconds",
        "How long the oldest delivery due has not gone out.",
        ({ oldestSeconds }) => oldestSeconds,
      );
      perChannel("linka_outbound_uncertain", "Sends whose outcome nobody knows.", ({ uncertain }) => uncertain);
      perChannel("linka_dead_letters", "Events that wait for a person.", ({ parked }) => parked);
      gauge("linka_live_sockets", "Desk sockets connected.", () => live.sockets());
      gauge("linka_journal_waiting", "Events accepted and not yet committed.", () => journal.stats().waiting);
      gauge("linka_db_connections_waiting", "Statements waiting for a connection.", () => db.pool.waitingCount);
    },
  };
};
