import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { startCallback } from "../contract/callback.ts";
import { type Fixture, seedFixture } from "../support/fixture.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { type OwnPostgres, ownPostgres, temporaryFolder } from "../support/postgres.ts";
import { type Balancer, startBalancer } from "./balancer.ts";

interface Node {
  readonly port: number;
  /** SIGKILL now, and a start after so many milliseconds; resolves when it is ready again. */
  crash(pauseMs: number): Promise<void>;
  /** A stop in order and a start: one step of a rolling restart. */
  restart(): Promise<void>;
  /** SIGSTOP for so long: it neither serves nor renews its leases, and wakes up believing it still has them. */
  freeze(ms: number): Promise<void>;
  output(): string;
}

export interface Nodes {
  readonly url: string;
  readonly dovecot: null;
  readonly fixture: Fixture;
  readonly postgres: OwnPostgres;
  readonly balancer: Balancer;
  readonly nodes: readonly Node[];
  readonly callback: Awaited<ReturnType<typeof startCallback>>;
  stop(): Promise<void>;
}

const freePort = async (): Promise<number> => {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** How soon a health check notices that a node does not answer. */
const noticedMs = 1_500;

/** Hubs on one durable PostgreSQL and one folder of files behind a balancer, with two queues and two agents. */
export const startNodes = async (count: number, env: Readonly<Record<string, string>> = {}): Promise<Nodes> => {
  const postgres = await ownPostgres({ durable: true });
  const folder = await temporaryFolder();
  const secret = randomBytes(32).toString("hex");
  const hookSecret = randomBytes(16).toString("hex");
  const callback = await startCallback([hookSecret]);
  const fixture = await seedFixture({
    databaseUrl: postgres.url,
    secret,
    queues: 2,
    agents: 2,
    admin: true,
    chat: true,
    hookSecret,
    callbackUrl: callback.url,
  });
  const ports: number[] = [];
  for (let n = 0; n < count; n++) ports.push(await freePort());
  const balancer = await startBalancer(ports);
  const hubs = new Map<number, HubProcess>();
  let over = false;
  const start = async (port: number): Promise<void> => {
    const hub = await startHub({
      dataDir: folder.path,
      env: {
        PORT: String(port),
        PUBLIC_URL: balancer.url,
        TRUST_PROXY: "1",
        DATABASE_URL: postgres.url,
        LINKA_SECRET: secret,
        LINKA_DEMO: "0",
        ...env,
      },
    });
    hubs.set(port, hub);
    if (over) await hub.kill("SIGKILL");
    else balancer.back(port);
  };
  for (const port of ports) await start(port);
  const signal = (port: number, name: NodeJS.Signals): void => {
    const pid = hubs.get(port)?.pid;
    if (pid !== undefined) process.kill(pid, name);
  };
  return {
    url: balancer.url,
    dovecot: null,
    fixture,
    postgres,
    balancer,
    callback,
    nodes: ports.map((port) => ({
      port,
      crash: async (pauseMs) => {
        await hubs.get(port)?.kill("SIGKILL");
        balancer.out(port);
        await pause(pauseMs);
        await start(port);
      },
      restart: async () => {
        balancer.out(port);
        await hubs.get(port)?.kill("SIGTERM");
        await start(port);
      },
      freeze: async (ms) => {
        signal(port, "SIGSTOP");
        await pause(Math.min(noticedMs, ms));
        balancer.out(port);
        await pause(Math.max(0, ms - noticedMs));
        signal(port, "SIGCONT");
        await pause(noticedMs);
        balancer.back(port);
      },
      output: () => hubs.get(port)?.output() ?? "",
    })),
    stop: async () => {
      over = true;
      balancer.stop();
      for (const hub of hubs.values()) await hub.kill("SIGKILL");
      await callback.stop();
      await postgres.drop();
      await folder.remove();
    },
  };
};
