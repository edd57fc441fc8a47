import { execFile } from "node:child_process";
import { readdir, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { PostgresError } from "./errors.ts";

const run = promisify(execFile);

/**
 * Ends what a killed hub left running on this cluster and removes its stale pid file. Every PostgreSQL process has its
 * cluster as working folder, which tells ours from a stranger that got the same number after a reboot.
 * Returns true when an orphan was ended.
 */
export async function endOrphan(o: { cluster: string; timeoutMs?: number }): Promise<boolean> {
  const pidFile = join(o.cluster, "postmaster.pid");
  const text = await readFile(pidFile, "utf8").catch(() => undefined);
  const leader = Number(text?.split("\n")[0] ?? 0);
  const first = await processesOn({ cluster: o.cluster, leader });
  let left = first;
  const deadline = Date.now() + (o.timeoutMs ?? 20_000);
  // The leader shuts down cleanly; without one its children notice and leave on their own, or are pushed at half time.
  signal(left.includes(leader) ? [leader] : [], "SIGINT");
  let pushed = false;
  while (left.length > 0) {
    if (Date.now() > deadline) {
      throw new PostgresError(
        "failed",
        `A PostgreSQL left by an earlier start (process ${left.join(", ")}) does not end: stop it, then start again.`,
      );
    }
    if (!pushed && Date.now() > deadline - (o.timeoutMs ?? 20_000) / 2) {
      signal(left, "SIGQUIT");
      pushed = true;
    }
    await delay(40);
    left = await processesOn({ cluster: o.cluster, leader });
  }
  await rm(pidFile, { force: true });
  return first.length > 0;
}

async function processesOn(o: { cluster: string; leader: number }): Promise<readonly number[]> {
  if (process.platform !== "linux") return (await isPostgresOn(o)) ? [o.leader] : [];
  const names = await readdir("/proc");
  const found = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        const folder = await readlink(`/proc/${name}/cwd`).catch(() => "");
        return folder === o.cluster ? Number(name) : 0;
      }),
  );
  return found.filter((pid) => pid > 0);
}

async function isPostgresOn(o: { cluster: string; leader: number }): Promise<boolean> {
  if (o.leader <= 0) return false;
  const shown = await run("ps", ["-o", "command=", "-p", String(o.leader)]).catch(() => ({ stdout: "" }));
  return shown.stdout.includes("postgres") && shown.stdout.includes(o.cluster);
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended meanwhile.
    }
  }
}
