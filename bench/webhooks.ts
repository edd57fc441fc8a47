import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startGraph } from "../test/fakes/graph/server.ts";
import { bodyOf, signatureOf } from "../test/fakes/graph/webhooks.ts";
import { addWhatsApp, type FakeAccount } from "../test/fakes/graph/whatsapp.ts";
import { type BenchHub, benchHub, signed } from "./lib/hub.ts";
import { httpLimit } from "./lib/limits.ts";
import { closedLoop, type Request } from "./lib/load.ts";
import { cpuTreeMs, median, now, quantile, round } from "./lib/stats.ts";
import type { Workload } from "./lib/workload.ts";

const customers = 2000;
const senders = 64;
const many = 20;
const words =
  "Dobrý den, chtěl bych se zeptat na stav své objednávky. Zboží mělo dorazit minulý týden, ale zatím jsem nedostal žádnou zprávu ani SMS od dopravce. Děkuji. ";

let numbered = 0;

const loopbackOf = (hub: BenchHub, batch: number): Request => {
  const messages = Array.from({ length: batch }, () => {
    const n = numbered++;
    const customer = n % customers;
    return {
      id: `w-${hub.tag}-${n}`,
      thread: `customer-${customer}`,
      from: { id: `customer-${customer}`, name: `Zákazník ${customer}` },
      text: `#${n} ${words}`,
      at: new Date().toISOString(),
    };
  });
  const body = JSON.stringify({ messages });
  return { path: hub.hookPath, body, headers: signed({ secret: hub.hookSecret, body }) };
};

const whatsappOf = (hub: BenchHub, number: FakeAccount, batch: number): Request => {
  const said = Array.from({ length: batch }, () => {
    const n = numbered++;
    const customer = n % customers;
    return {
      n,
      phone: `4206${String(customer).padStart(8, "0")}`,
      bsuid: `CZ.1349${customer}`,
      name: `Zákazník ${customer}`,
    };
  });
  const value = {
    messaging_product: "whatsapp",
    metadata: number.metadata,
    contacts: said.map(({ phone, bsuid, name }) => ({ profile: { name }, wa_id: phone, user_id: bsuid })),
    messages: said.map(({ n, phone, bsuid }) => ({
      from: phone,
      from_user_id: bsuid,
      id: `wamid.${hub.tag}.${n}`,
      timestamp: number.seconds(),
      type: "text",
      text: { body: `#${n} ${words}` },
    })),
  };
  const body = bodyOf({
    object: "whatsapp_business_account",
    entry: [{ id: number.businessAccountId, changes: [{ field: "messages", value }] }],
  });
  return {
    path: hub.whatsappPath,
    body: body.toString(),
    headers: { "content-type": "application/json", "x-hub-signature-256": signatureOf(number.app.secret, body) },
  };
};

interface Kind {
  readonly name: "loopback1" | "whatsapp1" | "loopback20" | "whatsapp20";
  readonly batch: number;
  readonly secret: string;
  readonly next: () => Request;
}
interface Measured {
  readonly perSec: number;
  readonly p99Ms: number;
  /** Messages a second that the bare HTTP server with HMAC and JSON.parse answers for the same requests. */
  readonly limit: number;
  /** Of hub and PostgreSQL together: what stays comparable while the machine is busy with other things. */
  readonly cpuMs: number;
  readonly unseen: number;
}

const limitOf = async ({ secret, batch, next }: Kind, forMs: number): Promise<number> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "lib/limitServer.ts"), secret], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    return batch * (await httpLimit({ port: Number(line.toString("utf8")), senders, forMs, next }));
  } finally {
    child.kill("SIGKILL");
  }
};

const measure = async (hub: BenchHub, kind: Kind, forMs: number): Promise<Measured> => {
  const limit = await limitOf(kind, forMs / 2);
  const before = hub.desk.messagesSeen();
  const started = now();
  const cpu = (): number => cpuTreeMs(hub.pid) + cpuTreeMs(hub.pgPid());
  const cpuBefore = cpu();
  const load = await closedLoop({ port: hub.port, senders, forMs, next: kind.next });
  const wanted = before + load.accepted * kind.batch;
  const seen = await hub.desk.until(wanted, 20_000);
  return {
    limit,
    perSec: (seen - before) / ((now() - started) / 1000),
    p99Ms: quantile(load.latenciesMs, 0.99),
    cpuMs: (cpu() - cpuBefore) / Math.max(1, seen - before),
    unseen: wanted - seen,
  };
};

/**
 * B5: signed WhatsApp webhooks of one message and of twenty, beside the same over loopback: what Meta's envelope, the
 * search for a customer by number and by id, and the copies for audit cost on top of storing a message.
 */
export const webhooks: Workload = async ({ quick, say }) => {
  const graph = await startGraph();
  const number = addWhatsApp(graph).number();
  const hub = await benchHub({ queues: 1, agents: 1, whatsapp: number.settings });
  try {
    const loopback = (batch: number): Omit<Kind, "name"> => ({
      batch,
      secret: hub.hookSecret,
      next: () => loopbackOf(hub, batch),
    });
    const whatsapp = (batch: number): Omit<Kind, "name"> => ({
      batch,
      secret: number.app.secret,
      next: () => whatsappOf(hub, number, batch),
    });
    const kinds: readonly Kind[] = [
      { name: "loopback1", ...loopback(1) },
      { name: "whatsapp1", ...whatsapp(1) },
      { name: "loopback20", ...loopback(many) },
      { name: "whatsapp20", ...whatsapp(many) },
    ];
    const forMs = quick ? 1_500 : 4_000;
    // Every customer is known before anything is measured, on both channels.
    for (const kind of kinds.slice(2)) await measure(hub, kind, quick ? 1_000 : 3_000);
    const rounds = new Map<Kind["name"], Measured[]>(kinds.map(({ name }) => [name, []]));
    for (let turn = 0; turn < (quick ? 1 : 4); turn += 1) {
      for (const kind of kinds) {
        const measured = await measure(hub, kind, forMs);
        rounds.get(kind.name)?.push(measured);
        say(
          `${kind.name}: ${measured.perSec.toFixed(0)} msg/s of ${measured.limit.toFixed(0)} (${(measured.perSec / measured.limit).toFixed(3)}), p99 ${measured.p99Ms.toFixed(1)} ms, CPU ${measured.cpuMs.toFixed(3)} ms/msg, unseen ${measured.unseen}`,
        );
      }
    }
    const of = (name: Kind["name"], pick: (measured: Measured) => number): number =>
      median((rounds.get(name) ?? []).map(pick));
    const ratio = (name: Kind["name"]): number => of(name, ({ perSec, limit }) => perSec / limit);
    const unseen = [...rounds.values()].flat().reduce((sum, measured) => sum + measured.unseen, 0);
    const figures = {
      webhook1PerSec: round(
        of("whatsapp1", ({ perSec }) => perSec),
        0,
      ),
      webhook20PerSec: round(
        of("whatsapp20", ({ perSec }) => perSec),
        0,
      ),
      loopback1PerSec: round(
        of("loopback1", ({ perSec }) => perSec),
        0,
      ),
      loopback20PerSec: round(
        of("loopback20", ({ perSec }) => perSec),
        0,
      ),
      webhook1P99Ms: round(of("whatsapp1", ({ p99Ms }) => p99Ms)),
      webhook20P99Ms: round(of("whatsapp20", ({ p99Ms }) => p99Ms)),
      webhook1CpuMsPerMsg: round(
        of("whatsapp1", ({ cpuMs }) => cpuMs),
        3,
      ),
      webhook20CpuMsPerMsg: round(
        of("whatsapp20", ({ cpuMs }) => cpuMs),
        3,
      ),
      loopback1CpuMsPerMsg: round(
        of("loopback1", ({ cpuMs }) => cpuMs),
        3,
      ),
      loopback20CpuMsPerMsg: round(
        of("loopback20", ({ cpuMs }) => cpuMs),
        3,
      ),
      webhook1CpuToLoopback: round(of("whatsapp1", ({ cpuMs }) => cpuMs) / of("loopback1", ({ cpuMs }) => cpuMs)),
      webhook20CpuToLoopback: round(of("whatsapp20", ({ cpuMs }) => cpuMs) / of("loopback20", ({ cpuMs }) => cpuMs)),
      webhook1RatioToLimit: round(ratio("whatsapp1"), 3),
      webhook20RatioToLimit: round(ratio("whatsapp20"), 3),
      webhook1RatioToLoopback: round(ratio("whatsapp1") / ratio("loopback1"), 3),
      webhook20RatioToLoopback: round(ratio("whatsapp20") / ratio("loopback20"), 3),
      webhooksAckedButUnseen: unseen,
    };
    return {
      figures,
      targets: [
        { name: "webhooksAckedButUnseen", value: unseen, atMost: 0, kind: "truth" },
        { name: "webhook1RatioToLoopback", value: figures.webhook1RatioToLoopback, atLeast: 0.8, kind: "speed" },
        { name: "webhook20RatioToLoopback", value: figures.webhook20RatioToLoopback, atLeast: 0.8, kind: "speed" },
        { name: "webhook1CpuToLoopback", value: figures.webhook1CpuToLoopback, atMost: 1.25, kind: "speed" },
        { name: "webhook20CpuToLoopback", value: figures.webhook20CpuToLoopback, atMost: 1.25, kind: "speed" },
        { name: "webhook1P99Ms", value: figures.webhook1P99Ms, atMost: 250, kind: "speed" },
      ],
    };
  } finally {
    await hub.stop();
    await graph.stop();
  }
};
