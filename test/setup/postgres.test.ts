import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { findBinaries } from "../../src/postgres/binaries.ts";
import { openCluster } from "../../src/postgres/cluster.ts";
import { type EmbeddedPostgres, startPostgres } from "../../src/postgres/index.ts";
import { freePort } from "../../src/postgres/port.ts";
import { chooseRunner } from "../../src/postgres/runner.ts";
import { launch } from "../../src/postgres/server.ts";
import { silent, temporaryFolder } from "../support/database.ts";

// Processes start and end here, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let dataDir: string;
let cleanUp: () => Promise<void>;

beforeEach(async () => {
  const temporary = await temporaryFolder();
  dataDir = temporary.path;
  cleanUp = () => temporary.remove();
});
afterEach(() => cleanUp());

const start = async (more: Partial<Parameters<typeof startPostgres>[0]> = {}): Promise<EmbeddedPostgres> => {
  const server = await startPostgres({ dataDir, log: silent, durable: false, ...more });
  onTestFinished(() => server.stop());
  return server;
};
const query = async (url: string, sql: string): Promise<readonly Record<string, unknown>[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const gone = (pid: number): Promise<unknown> => expect.poll(() => isAlive(pid), { timeout: 15_000 }).toBe(false);

/** Another hub: a process of its own that starts PostgreSQL on the folder and holds it until it is killed. */
const otherHub = async (): Promise<{ pid: number; postgres: number; url: string; kill(): Promise<void> }> => {
  const hub = spawn(process.execPath, [join(import.meta.dirname, "postgres.child.ts"), dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void hub.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: hub.stdout }), "line");
  const { url, pid } = JSON.parse(String(line));
  const exited = once(hub, "exit");
  return {
    pid: hub.pid ?? 0,
    postgres: pid,
    url,
    async kill() {
      hub.kill("SIGKILL");
      await exited;
    },
  };
};

describe("the embedded PostgreSQL", () => {
  test("keeps what was stored over a stop and a start, and its password stays the same", async () => {
    const first = await start();
    await query(first.url, "CREATE TABLE kept AS SELECT 'příliš žluťoučký kůň' AS text");
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start();
    expect(await query(second.url, "SELECT text, upper(text) AS upper FROM kept")).toEqual([
      { text: "příliš žluťoučký kůň", upper: "PŘÍLIŠ ŽLUŤOUČKÝ KŮŇ" },
    ]);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
  });

  test("listens on this machine only, asks for the password, and nobody else may read its files", async () => {
    const server = await start({ durable: true });
    const wrong = new URL(server.url);
    wrong.password = "guess";
    await expect(query(wrong.href, "SELECT 1")).rejects.toMatchObject({ code: "28P01" });
    const [settings] = await query(
      server.url,
      `SELECT current_setting('listen_addresses') AS listen, current_setting('fsync') AS fsync,
              current_setting('synchronous_commit') AS commit, current_setting('full_page_writes') AS pages`,
    );
    expect(settings).toEqual({ listen: "127.0.0.1", fsync: "on", commit: "on", pages: "on" });
    expect((await stat(join(dataDir, "postgres"))).mode & 0o077).toBe(0);
    expect((await stat(join(dataDir, "postgres", "password"))).mode & 0o077).toBe(0);
  });

  test("writes no customer's words into its log when a statement fails", async () => {
    const lines: string[] = [];
    const server = await start({ log: { ...silent, debug: (line) => void lines.push(line) } });
    await query(server.url, "CREATE TABLE secret (word TEXT UNIQUE); INSERT INTO secret VALUES ('rodné číslo')");
    await expect(query(server.url, "INSERT INTO secret VALUES ('rodné číslo')")).rejects.toMatchObject({
      code: "23505",
    });
    await server.stop();
    expect(lines.join("\n")).toContain("duplicate key");
    expect(lines.join("\n")).not.toContain("rodné");
  });

  test("refuses a second hub on the same folder and leaves the first one alone", async () => {
    const server = await start();
    await expect(startPostgres({ dataDir, log: silent })).rejects.toMatchObject({
      code: "in-use",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });
});

describe("after a crash", () => {
  test("of the hub, PostgreSQL ends with it and the next start has everything that was committed", async () => {
    const hub = await otherHub();
    await query(hub.url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
    await hub.kill();
    // Not waited for: the next start may meet the server while it is still shutting down.
    const server = await start();
    expect(await query(server.url, "SELECT count(*)::int AS n FROM kept")).toEqual([{ n: 1000 }]);
    await gone(hub.postgres);
  });

  test("of hub and server together, the stale pid file is no obstacle, even when its number belongs to a stranger now", async () => {
    const hub = await otherHub();
    await query(hub.url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
    process.kill(hub.postgres, "SIGKILL");
    await hub.kill();
    await gone(hub.postgres);
    const pidFile = join(dataDir, "postgres", "cluster", "postmaster.pid");
    const stranger = spawn("sleep", ["60"]);
    onTestFinished(() => void stranger.kill());
    const [, ...rest] = (await readFile(pidFile, "utf8")).split("\n");
    await writeFile(pidFile, [stranger.pid, ...rest].join("\n"));
    const server = await start();
    expect(await query(server.url, "SELECT count(*)::int AS n FROM kept")).toEqual([{ n: 1000 }]);
    expect(stranger.exitCode).toBeNull();
  });

  test("that left the server running, the orphan is ended and the start goes on", async () => {
    await (await start()).stop();
    const told: string[] = [];
    const runner = await chooseRunner({ binaries: await findBinaries(), home: join(dataDir, "postgres") });
    const cluster = await openCluster({ runner, durable: false });
    const orphan = await launch({ runner, cluster, port: await freePort(), durable: false, log: silent });
    onTestFinished(() => orphan.stop());
    await start({ log: { ...silent, warn: (line) => void told.push(line) } });
    expect(isAlive(orphan.pid)).toBe(false);
    expect(told).toEqual(["Ended a PostgreSQL that an earlier start had left running."]);
  });

  test("in the middle of the first start, the half-made cluster is thrown away", async () => {
    await mkdir(join(dataDir, "postgres", "making-1", "base"), { recursive: true });
    await writeFile(join(dataDir, "postgres", "making-1", "PG_VERSION"), "18\n");
    const server = await start();
    expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect((await readdir(join(dataDir, "postgres"))).filter((name) => name.startsWith("making"))).toEqual([]);
  });

  test("of the server alone, the hub is told", async () => {
    const server = await start();
    process.kill(server.pid, "SIGKILL");
    expect(await server.exited).toEqual({ code: null, signal: "SIGKILL" });
  });
});

describe.runIf(process.getuid?.() === 0)("started by root", () => {
  test("works where user namespaces are refused: a private copy belongs to an unprivileged account", async () => {
    await chmod(dataDir, 0o755);
    const told: string[] = [];
    const fallback = join(dataDir, "var");
    const options = { namespaces: false, fallback, log: { ...silent, info: (line: string) => void told.push(line) } };
    const first = await start(options);
    await query(first.url, "CREATE TABLE kept AS SELECT 1 AS one");
    await first.stop();
    const second = await start(options);
    expect(await query(second.url, "SELECT one FROM kept")).toEqual([{ one: 1 }]);
    expect((await stat(`/proc/${second.pid}`)).uid).toBeGreaterThan(0);
    expect(told[0]).toContain(fallback);
  });

  test("works in a folder that only root may enter", async () => {
    await mkdir(join(dataDir, "home"), { mode: 0o700 });
    const server = await start({ dataDir: join(dataDir, "home", "linka", "data") });
    expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });
});
