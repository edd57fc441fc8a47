import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { type Cluster, spawnOptions } from "./cluster.ts";
import { PostgresError } from "./errors.ts";
import type { Runner } from "./runner.ts";

/** What the embedded server needs of a logger; pino fits. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Server {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
}

/** Starts the server and resolves when it accepts connections; recovery after a crash may take its time. */
export async function launch(o: {
  runner: Runner;
  cluster: Cluster;
  port: number;
  durable: boolean;
  log: Log;
}): Promise<Server> {
  const [file = "", ...args] = [...o.runner.prefix, o.runner.binaries.postgres, "-D", o.cluster.folder, ...settings(o)];
  // Its own session: Ctrl-C in the terminal reaches the hub alone, which then stops the server as the last part.
  const child = spawn(file, args, {
    ...spawnOptions(o.runner),
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = new Promise<Exit>((done) => {
    child.once("exit", (code, signal) => done({ code, signal }));
    child.once("error", () => done({ code: null, signal: null }));
  });
  await ready({ child, exited, log: o.log });
  const pid = child.pid ?? 0;
  return { pid, exited, stop: () => stop({ child, exited }) };
}

function settings(o: { port: number; durable: boolean }): readonly string[] {
  const values: Readonly<Record<string, string>> = {
    listen_addresses: "127.0.0.1",
    port: String(o.port),
    unix_socket_directories: "",
    max_connections: "120",
    shared_buffers: "128MB",
    max_wal_size: "2GB",
    checkpoint_timeout: "15min",
    timezone: "UTC",
    // Values of rows are customers' data: neither statements nor details of a failed one go to the log.
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
    log_checkpoints: "off",
    log_line_prefix: "",
    ...(o.durable ? {} : { fsync: "off", full_page_writes: "off", shared_buffers: "64MB" }),
  };
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

async function ready(o: { child: ChildProcess; exited: Promise<Exit>; log: Log }): Promise<void> {
  if (o.child.stderr === null) throw new Error("stderr is a pipe");
  const lines = createInterface({ input: o.child.stderr });
  const last: string[] = [];
  const accepting = new Promise<"ready">((done) => {
    lines.on("line", (line) => {
      o.log.debug(`postgres: ${line}`);
      if (last.push(line) > 5) last.shift();
      if (line.includes("database system is ready to accept connections")) done("ready");
    });
  });
  const first = await Promise.race([accepting, o.exited]);
  if (first === "ready") return;
  const said = last.findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? last.at(-1) ?? "it said nothing";
  throw new PostgresError(
    "failed",
    `The built-in PostgreSQL did not start: ${said.replace(/^.*?(FATAL|PANIC|ERROR): +/, "")}.`,
  );
}

/**
 * The hub closes its connections before it comes here, but their sockets may close a moment later: first the shutdown
 * that waits for clients, then the one that ends them, last the one that skips the checkpoint.
 */
async function stop(o: { child: ChildProcess; exited: Promise<Exit> }): Promise<void> {
  const steps = [
    { signal: "SIGTERM", patienceMs: 500 },
    { signal: "SIGINT", patienceMs: 30_000 },
    { signal: "SIGQUIT", patienceMs: 10_000 },
  ] as const;
  for (const { signal, patienceMs } of steps) {
    if (o.child.exitCode !== null || o.child.signalCode !== null) return;
    o.child.kill(signal);
    const patience = new AbortController();
    const late = delay(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([o.exited, late]);
    patience.abort();
  }
  o.child.kill("SIGKILL");
  await o.exited;
}
