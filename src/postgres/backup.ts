import { constants } from "node:fs";
import { copyFile, mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { findBinaries } from "./binaries.ts";
import { roleName } from "./cluster.ts";
import { PostgresError } from "./errors.ts";
import { takeOwnership } from "./owner.ts";
import { chooseRunner } from "./runner.ts";

/** Made anew by the server that starts on the copy (PostgreSQL manual, "Backing Up the Data Directory"). */
const contentLeftOut = new Set([
  "pg_wal",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
]);
const leftOut = /^(postmaster\.(pid|opts)|pgsql_tmp.*|pg_internal\.init.*|incoming|owner\.json|\.probe-.*)$/;

const isGone = (cause: unknown): boolean => cause instanceof Error && "code" in cause && cause.code === "ENOENT";

const syncPath = async (path: string): Promise<void> => {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Copies a folder whose files may vanish meanwhile; gives the number of bytes. Everything is on disk when it resolves. */
const copyTree = async (from: string, to: string): Promise<number> => {
  await mkdir(to, { recursive: true, mode: 0o700 });
  let bytes = 0;
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (leftOut.test(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      if (contentLeftOut.has(entry.name)) await mkdir(target, { mode: 0o700 });
      else bytes += await copyTree(source, target);
    } else if (entry.isFile()) {
      try {
        await copyFile(source, target, constants.COPYFILE_FICLONE);
        const handle = await open(target, "r");
        bytes += (await handle.stat()).size;
        await handle.sync();
        await handle.close();
      } catch (cause) {
        if (!isGone(cause)) throw cause;
      }
    }
  }
  await syncPath(to);
  return bytes;
};

/** The port of the server that runs on this cluster; undefined when there is none. */
const runningPort = async (cluster: string): Promise<number | undefined> => {
  const lines = (await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const port = Number(lines[3]);
  return lines.length > 3 && port > 0 ? port : undefined;
};

/** The log from before the copy began: with it and the label the copy becomes whole when it is started. */
const copyWhileRunning = async (o: { client: Client; cluster: string; target: string }): Promise<number> => {
  const { client, cluster, target } = o;
  // Keeps the log from its beginning until this session ends, however long the copy takes.
  await client.query("select pg_create_physical_replication_slot('linka_backup', true, true)");
  await client.query("select pg_backup_start('linka', true)");
  let bytes = await copyTree(cluster, target);
  const { rows } = await client.query<{ labelfile: string; spcmapfile: string }>(
    "select labelfile, spcmapfile from pg_backup_stop(false)",
  );
  await writeFile(join(target, "backup_label"), rows[0]?.labelfile ?? "", { mode: 0o600 });
  bytes += await copyTree(join(cluster, "pg_wal"), join(target, "pg_wal"));
  return bytes;
};

export interface Backup {
  /** Bytes copied. */
  readonly bytes: number;
  /** Whether a hub was running meanwhile. */
  readonly live: boolean;
}

/**
 * Copies a data folder with its embedded database, whether or not a hub runs on it: starting a hub with LINKA_DATA at
 * the copy restores it as it was when the copy ended. The database comes first and the files after it, so that no
 * message names a file that is missing. Throws PostgresError with a sentence for the operator.
 */
export const backUp = async (input: { readonly dataDir: string; readonly to: string }): Promise<Backup> => {
  const { dataDir, to } = input;
  const runner = await chooseRunner({ binaries: await findBinaries(), home: join(dataDir, "postgres") });
  if (runner.notice !== undefined)
    throw new PostgresError("cannot-run", `${runner.notice} Stop the hub and copy that folder and ${dataDir} by hand.`);
  const cluster = join(runner.home, "cluster");
  const password = (await readFile(join(runner.home, "password"), "utf8").catch(() => "")).trim();
  if (password === "") throw new PostgresError("failed", `There is no embedded database in ${dataDir}.`);
  if ((await readdir(to).catch(() => [])).length > 0)
    throw new PostgresError("failed", `${to} is not empty: name a new folder.`);
  const home = join(to, "postgres");
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(join(home, "password"), `${password}\n`, { mode: 0o600 });
  const port = await runningPort(cluster);
  const client = new Client({ host: "127.0.0.1", port, user: roleName, password, database: roleName });
  const live = port !== undefined && (await client.connect().then(() => true, isOff));
  let bytes = 0;
  if (live) {
    try {
      bytes = await copyWhileRunning({ client, cluster, target: join(home, "cluster") });
    } finally {
      await client.end();
    }
  } else {
    const release = await takeOwnership({ home: runner.home });
    try {
      bytes = await copyTree(cluster, join(home, "cluster"));
      bytes += await copyTree(join(cluster, "pg_wal"), join(home, "cluster/pg_wal"));
    } finally {
      await release();
    }
  }
  for (const entry of await readdir(dataDir, { withFileTypes: true })) {
    if (entry.name === "postgres" || leftOut.test(entry.name)) continue;
    if (entry.isDirectory()) bytes += await copyTree(join(dataDir, entry.name), join(to, entry.name));
    else if (entry.isFile()) await copyFile(join(dataDir, entry.name), join(to, entry.name));
  }
  await syncPath(to);
  return { bytes, live };
};

/** A server that is not there is a hub that was stopped; one that refuses us is a fault. */
const isOff = (cause: unknown): boolean => {
  if (cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED") return false;
  throw new PostgresError("failed", `The embedded database does not let the backup in: ${String(cause)}`, cause);
};
