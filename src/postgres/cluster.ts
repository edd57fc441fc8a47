import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { access, chmod, chown, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { PostgresError } from "./errors.ts";
import type { Runner } from "./runner.ts";

const run = promisify(execFile);

/** The database role and the database have the same name. */
export const roleName = "linka";

export interface Cluster {
  readonly folder: string;
  readonly password: string;
}

/** The cluster in the runner's home, made when there is none. A half-made one of an interrupted start is thrown away. */
export async function openCluster(o: { runner: Runner; durable: boolean }): Promise<Cluster> {
  const { home } = o.runner;
  const folder = join(home, "cluster");
  const password = await readPassword(o.runner);
  for (const name of await readdir(home)) {
    if (name.startsWith("making-")) await rm(join(home, name), { recursive: true, force: true });
  }
  if (!(await exists(join(folder, "PG_VERSION")))) await makeCluster({ ...o, folder });
  // Linux names a process's working folder by its real path.
  return { folder: await realpath(folder), password };
}

async function readPassword(runner: Runner): Promise<string> {
  const file = join(runner.home, "password");
  const known = await readFile(file, "utf8").catch(() => "");
  if (known.trim() !== "") return known.trim();
  if (await exists(join(runner.home, "cluster", "PG_VERSION"))) {
    throw new PostgresError(
      "failed",
      `The file ${file} with the database password is missing: restore it from a backup.`,
    );
  }
  const fresh = randomBytes(24).toString("base64url");
  await writeFile(file, `${fresh}\n`, { mode: 0o600 });
  await giveTo(runner, file);
  return fresh;
}

async function makeCluster(o: { runner: Runner; durable: boolean; folder: string }): Promise<void> {
  const half = join(o.runner.home, `making-${process.pid}`);
  await mkdir(half, { mode: 0o700 });
  await giveTo(o.runner, half);
  // The C.UTF-8 of the builtin provider sorts and compares the same on every machine and never changes under an index.
  const options = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"];
  const auth = ["--auth=scram-sha-256", `--pwfile=${join(o.runner.home, "password")}`, `--username=${roleName}`];
  const sync = o.durable ? [] : ["--no-sync"];
  const [file = "", ...args] = [...o.runner.prefix, o.runner.binaries.initdb, "-D", half, ...options, ...auth, ...sync];
  await run(file, args, spawnOptions(o.runner)).catch((cause: unknown) => {
    const said = cause instanceof Error && "stderr" in cause ? lastLine(String(cause.stderr)) : String(cause);
    throw new PostgresError("failed", `PostgreSQL could not make its data folder in ${o.runner.home}: ${said}`, cause);
  });
  await rename(half, o.folder);
}

/** Environment and user of every PostgreSQL program: its own words in English, nothing of ours. */
export function spawnOptions(runner: Runner): { env: NodeJS.ProcessEnv; cwd: string; uid?: number; gid?: number } {
  return { env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/local/bin:/usr/bin:/bin" }, cwd: "/", ...runner.user };
}

async function giveTo(runner: Runner, path: string): Promise<void> {
  if (runner.user === undefined) return;
  await chown(path, runner.user.uid, runner.user.gid);
  await chmod(path, (await exists(join(path, "."))) ? 0o700 : 0o600);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
