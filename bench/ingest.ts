import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type BenchHub, benchHub, signed } from "./lib/hub.ts";
import { httpLimit, insertLimit } from "./lib/limits.ts";
import { closedLoop, openLoop, type Request } from "./lib/load.ts";
import { cpuTreeMs, median, now, quantile, rssMb, round } from "./lib/stats.ts";
import type { Workload } from "./lib/workload.ts";

const contacts = 2000;
const words =
  "Dobrý den, chtěl bych se zeptat na stav své objednávky. Zboží mělo dorazit minulý týden, ale zatím jsem nedostal žádnou zprávu ani SMS od dopravce. Můžete mi prosím sdělit, kdy přesně zásilka dorazí? Děkuji. ";

let numbered = 0;
const nextFor = (hub: BenchHub) => (): Request => {
  const n = numbered++;
  const customer = n % contacts;
  const body = JSON.stringify({
    messages: [
      {
        id: `b-${hub.tag}-${n}`,
        thread: `customer-${customer}`,
        from: { id: `customer-${customer}`, name: `Zákazník ${customer}` },
        text: `#${n} ${words}`,
        at: new Date().toISOString(),
        note: words,
      },
    ],
  });
  return { path: hub.hookPath, body, headers: signed({ secret: hub.hookSecret, body }) };
};

interface Round {
  readonly perSec: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly hubCpu: number;
  readonly pgCpu: number;
  readonly refused: number;
  readonly unseen: number;
}

/** One closed-loop round: counts what the subscribed desk received, not what was acknowledged. */
const round1 = async (hub: BenchHub, senders: number, forMs: number): Promise<Round> => {
  const seenBefore = hub.desk.messagesSeen();
  const started = now();
  const hubCpu = cpuTreeMs(hub.pid);
  const pgCpu = cpuTreeMs(hub.pgPid());
  const load = await closedLoop({ port: hub.port, senders, forMs, next: nextFor(hub) });
  const seen = await hub.desk.until(seenBefore + load.accepted, 20_000);
  const seconds = (now() - started) / 1000;
  const count = Math.max(1, load.accepted);
  return {
    perSec: (seen - seenBefore) / seconds,
    p50: quantile(load.latenciesMs, 0.5),
    p95: quantile(load.latenciesMs, 0.95),
    p99: quantile(load.latenciesMs, 0.99),
    hubCpu: (cpuTreeMs(hub.pid) - hubCpu) / count,
    pgCpu: (cpuTreeMs(hub.pgPid()) - pgCpu) / count,
    refused: load.refused,
    unseen: seenBefore + load.accepted - seen,
  };
};

const measureHttpLimit = async (hub: BenchHub, forMs: number): Promise<number> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "lib/limitServer.ts"), hub.hookSecret], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    return await httpLimit({ port: Number(line.toString("utf8")), senders: 64, forMs, next: nextFor(hub) });
  } finally {
    child.kill("SIGKILL");
  }
};

/** B1: signed HTTP POST (loopback channel) -> durable -> received by a subscribed desk, full model, fsync on. */
export const ingest: Workload = async ({ quick, say }) => {
  const hub = await benchHub({ queues: 1, agents: 1 });
  try {
    const forMs = quick ? 1500 : 5000;
    await round1(hub, 16, quick ? 1500 : 4000);
    const byLoad = new Map<number, Round[]>([
      [1, []],
      [16, []],
      [64, []],
    ]);
    const httpLimits: number[] = [];
    const insertLimits: number[] = [];
    for (let i = 0; i < (quick ? 1 : 3); i++) {
      httpLimits.push(await measureHttpLimit(hub, forMs / 2));
      insertLimits.push(await insertLimit({ databaseUrl: hub.databaseUrl, forMs: forMs / 2, batch: 64, body: words }));
      for (const [senders, rounds] of byLoad) {
        const result = await round1(hub, senders, forMs);
        rounds.push(result);
        say(
          `${senders} senders: ${result.perSec.toFixed(0)} msg/s, p50 ${result.p50.toFixed(1)} p95 ${result.p95.toFixed(1)} p99 ${result.p99.toFixed(1)} ms, CPU hub ${result.hubCpu.toFixed(3)} + PostgreSQL ${result.pgCpu.toFixed(3)} ms/msg, refused ${result.refused}, unseen ${result.unseen}`,
        );
      }
    }
    const seenBefore = hub.desk.messagesSeen();
    const open = await openLoop({ port: hub.port, perSec: 100, forMs: quick ? 3000 : 10_000, next: nextFor(hub) });
    const seen = await hub.desk.until(seenBefore + open.accepted, 20_000);
    const of = (senders: number, pick: (r: Round) => number): number =>
      round(median((byLoad.get(senders) ?? []).map(pick)));
    const httpPerSec = median(httpLimits);
    const insertPerSec = median(insertLimits);
    const perSec64 = of(64, (r) => r.perSec);
    const all = [...byLoad.values()].flat();
    const unseen = all.reduce((sum, r) => sum + r.unseen, seenBefore + open.accepted - seen);
    const figures = {
      perSec1: of(1, (r) => r.perSec),
      perSec16: of(16, (r) => r.perSec),
      perSec64,
      p50Ms64: of(64, (r) => r.p50),
      p95Ms64: of(64, (r) => r.p95),
      p99Ms64: of(64, (r) => r.p99),
      p99Ms1: of(1, (r) => r.p99),
      openLoop100P50Ms: round(quantile(open.latenciesMs, 0.5)),
      openLoop100P99Ms: round(quantile(open.latenciesMs, 0.99)),
      hubCpuMsPerMsg64: round(median((byLoad.get(64) ?? []).map((r) => r.hubCpu)), 3),
      pgCpuMsPerMsg64: round(median((byLoad.get(64) ?? []).map((r) => r.pgCpu)), 3),
      httpLimitPerSec: round(httpPerSec, 0),
      insertLimitPerSec: round(insertPerSec, 0),
      ratioToHttpLimit: round(perSec64 / httpPerSec, 3),
      ratioToInsertLimit: round(perSec64 / insertPerSec, 3),
      rssMb: round(rssMb(hub.pid), 0),
      ackedButUnseen: unseen,
    };
    return {
      figures,
      targets: [
        { name: "ackedButUnseen", value: unseen, atMost: 0, kind: "truth" },
        { name: "perSec64", value: perSec64, atLeast: 3000, kind: "speed" },
        { name: "ratioToHttpLimit", value: figures.ratioToHttpLimit, atLeast: 0.2, kind: "speed" },
        { name: "ratioToInsertLimit", value: figures.ratioToInsertLimit, atLeast: 0.5, kind: "speed" },
        { name: "p99Ms64", value: figures.p99Ms64, atMost: 60, kind: "speed" },
        { name: "openLoop100P99Ms", value: figures.openLoop100P99Ms, atMost: 15, kind: "speed" },
        { name: "rssMb", value: figures.rssMb, atMost: 200, kind: "speed" },
      ],
    };
  } finally {
    await hub.stop();
  }
};
