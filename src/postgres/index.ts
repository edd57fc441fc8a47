import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { findBinaries } from "./binaries.ts";
import { openCluster } from "./cluster.ts";
import { ensureDatabase } from "./database.ts";
import { PostgresError } from "./errors.ts";
import { endOrphan } from "./orphan.ts";
import { takeOwnership } from "./owner.ts";
import { freePort } from "./port.ts";
import { chooseRunner } from "./runner.ts";
import { type Exit, launch, type Log, type Server } from "./server.ts";

export { PostgresError } from "./errors.ts";

export interface EmbeddedPostgres {
  /** Connection string of the hub's database; holds the password, so it must not be logged. */
  readonly url: string;
  readonly port: number;
  /** The server's process, for tests that kill it. */
  readonly pid: number;
  /** Resolves when the server has ended, asked or not. */
  readonly exited: Promise<Exit>;
  /** Fast shutdown: open transactions are rolled back, everything committed is on disk when it resolves. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL that npm brought on 127.0.0.1 with its cluster in `dataDir`/postgres, and makes the cluster and
 * the database on first use. Recovers by itself from a killed hub, a killed server or an interrupted first start.
 * Throws PostgresError with a sentence for the person who starts the hub.
 */
export async function startPostgres(o: {
  dataDir: string;
  log: Log;
  /** A free one by default. */
  port?: number;
  /** False only for tests: committed data may be lost when the machine (not the process) dies. */
  durable?: boolean;
  /** Tests force the last way for root with false; see chooseRunner. */
  namespaces?: boolean;
  fallback?: string;
}): Promise<EmbeddedPostgres> {
  const durable = o.durable ?? true;
  const binaries = await findBinaries();
  await mkdir(o.dataDir, { recursive: true, mode: 0o700 });
  const runner = await chooseRunner({
    binaries,
    home: join(resolve(o.dataDir), "postgres"),
    ...(o.namespaces === undefined ? {} : { namespaces: o.namespaces }),
    ...(o.fallback === undefined ? {} : { fallback: o.fallback }),
  });
  if (runner.notice !== undefined) o.log.info(runner.notice);
  const release = await takeOwnership({ home: runner.home });
  try {
    const cluster = await openCluster({ runner, durable });
    if (await endOrphan({ cluster: cluster.folder })) {
      o.log.warn("Ended a PostgreSQL that an earlier start had left running.");
    }
    const { port, server } = await launchOnPort({ runner, cluster, durable, log: o.log }, o.port);
    const url = await ensureDatabase({ port, password: cluster.password }).catch(async (cause: unknown) => {
      await server.stop();
      throw cause;
    });
    const stop = async (): Promise<void> => {
      await server.stop();
      await release();
    };
    return { url, port, pid: server.pid, exited: server.exited, stop };
  } catch (cause) {
    await release();
    throw cause;
  }
}

/** Another program may take the free port before the server does. */
async function launchOnPort(
  o: Omit<Parameters<typeof launch>[0], "port">,
  wanted: number | undefined,
): Promise<{ port: number; server: Server }> {
  for (let tries = 1; ; tries += 1) {
    const port = wanted ?? (await freePort());
    try {
      return { port, server: await launch({ ...o, port }) };
    } catch (cause) {
      const taken = cause instanceof PostgresError && cause.message.includes("TCP/IP sockets");
      if (!taken || wanted !== undefined || tries === 3) throw cause;
    }
  }
}
