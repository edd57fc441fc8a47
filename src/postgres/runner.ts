import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, chown, cp, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Binaries, binariesIn } from "./binaries.ts";
import { PostgresError } from "./errors.ts";

const run = promisify(execFile);

/** How a PostgreSQL program is started here, and where its files lie. PostgreSQL refuses to run as root. */
export interface Runner {
  /** Words to put before every command. */
  readonly prefix: readonly string[];
  /** Set when the programs run as another user than the hub. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly binaries: Binaries;
  /** Holds the cluster and its password; made with mode 0700. */
  readonly home: string;
  /** A sentence for the log when the files are not where one would look for them. */
  readonly notice?: string;
}

/**
 * Chooses the way: an ordinary user just runs it; root runs it in a user namespace, where the files stay root's and a
 * home with mode 0700 is no obstacle; where namespaces are refused, a private copy of programs and data under `fallback`
 * belongs to an unprivileged account.
 */
export async function chooseRunner(o: {
  binaries: Binaries;
  home: string;
  /** Default /var/lib/linka. */
  fallback?: string;
  /** Tests take the last way with false. */
  namespaces?: boolean;
}): Promise<Runner> {
  const watched = await deathSignal();
  if (process.getuid?.() !== 0) {
    await mkdir(o.home, { recursive: true, mode: 0o700 });
    return { prefix: watched, binaries: o.binaries, home: o.home };
  }
  const account = await unprivilegedAccount();
  if (o.namespaces !== false) {
    const prefix = ["unshare", "--user", `--map-user=${account.uid}`, `--map-group=${account.gid}`, "--", ...watched];
    if (await works([...prefix, o.binaries.postgres, "--version"])) {
      await mkdir(o.home, { recursive: true, mode: 0o700 });
      return { prefix, binaries: o.binaries, home: o.home };
    }
  }
  return privateCopy({ ...o, account, watched });
}

async function privateCopy(o: {
  binaries: Binaries;
  home: string;
  fallback?: string;
  account: Account;
  watched: readonly string[];
}): Promise<Runner> {
  const base = o.fallback ?? "/var/lib/linka";
  const home = join(base, `data-${short(o.home)}`);
  const version = await stat(o.binaries.postgres);
  const copy = join(base, `postgres-${short(`${version.size} ${version.mtimeMs}`)}`);
  await mkdir(base, { recursive: true, mode: 0o755 });
  if (!(await exists(copy))) {
    const half = `${copy}.${process.pid}`;
    await cp(o.binaries.root, half, { recursive: true, verbatimSymlinks: true });
    await rename(half, copy).catch(async (cause: unknown) => {
      await rm(half, { recursive: true, force: true });
      if (!(await exists(copy))) throw cause;
    });
  }
  await mkdir(home, { recursive: true, mode: 0o700 });
  await chown(home, o.account.uid, o.account.gid);
  return {
    prefix: o.watched,
    user: o.account,
    binaries: binariesIn(copy),
    home,
    notice: `PostgreSQL does not run as root and this machine refuses user namespaces: its files are in ${home}, owned by ${o.account.name}.`,
  };
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** initdb looks its user up by number, so the account must exist. */
async function unprivilegedAccount(): Promise<Account> {
  const accounts = (await readFile("/etc/passwd", "utf8")).split("\n").flatMap((line): Account[] => {
    const [name = "", , uid = "", gid = ""] = line.split(":");
    return Number(uid) > 0 ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
  const account = ["postgres", "nobody", "daemon"]
    .map((name) => accounts.find((candidate) => candidate.name === name))
    .concat(accounts)
    .find((candidate) => candidate !== undefined);
  if (account === undefined) {
    throw new PostgresError(
      "cannot-run",
      "PostgreSQL does not run as root and /etc/passwd names no other user: start Linka as an ordinary user or set DATABASE_URL.",
    );
  }
  return account;
}

/** Linux can stop PostgreSQL when the hub is killed; elsewhere the next start finds the orphan. */
async function deathSignal(): Promise<readonly string[]> {
  const prefix = ["setpriv", "--pdeathsig", "INT"];
  return process.platform === "linux" && (await works([...prefix, "true"])) ? prefix : [];
}

async function works(command: readonly string[]): Promise<boolean> {
  const [file = "", ...args] = command;
  return run(file, args).then(
    () => true,
    () => false,
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function short(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
