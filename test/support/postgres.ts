import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "../../prisma/migrate.ts";
import { type EmbeddedPostgres, startPostgres } from "../../src/postgres/index.ts";
import { endOrphan } from "../../src/postgres/orphan.ts";

const prefix = "linka-test-";
export const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** A temporary folder that the next run removes should this one be killed. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}

export interface OwnPostgres {
  /** Stays the same over stop and start. */
  readonly url: string;
  pid(): number;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** SIGKILL to the server, as an out-of-memory killer does; resolves when it is gone. */
  kill(): Promise<void>;
  /** Stops it and removes its data. */
  drop(): Promise<void>;
}

/**
 * A PostgreSQL of its own, for tests and benches that stop it, kill it or measure it. Migrated unless told otherwise;
 * fsync is on only with `durable`. It ends with this process, however that ends.
 */
export async function ownPostgres(o: { migrated?: boolean; durable?: boolean } = {}): Promise<OwnPostgres> {
  const folder = await temporaryFolder();
  const open = (port?: number): Promise<EmbeddedPostgres> =>
    startPostgres({
      dataDir: folder.path,
      log: silent,
      durable: o.durable ?? false,
      ...(port === undefined ? {} : { port }),
    });
  let server = await open();
  const { url, port } = server;
  if (o.migrated !== false) await migrate({ databaseUrl: url });
  return {
    url,
    pid: () => server.pid,
    stop: () => server.stop(),
    async start() {
      server = await open(port);
    },
    async kill() {
      process.kill(server.pid, "SIGKILL");
      await server.exited;
      await server.stop();
    },
    async drop() {
      await server.stop();
      await folder.remove();
    },
  };
}

/** Removes what killed test runs left in the temporary folder, servers included. */
export async function sweep(): Promise<void> {
  const names = await readdir(tmpdir());
  for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
    if (isAlive(Number(name.slice(prefix.length).split("-")[0]))) continue;
    await endOrphan({ cluster: join(tmpdir(), name, "postgres", "cluster") });
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return Number.isInteger(pid) && pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
