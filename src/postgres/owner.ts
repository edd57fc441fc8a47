import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { PostgresError } from "./errors.ts";

const ownerFile = z.object({ pid: z.int(), started: z.string() });

/**
 * Makes this process the only one that runs PostgreSQL in `home`, until the returned function is called or the process
 * dies. Throws PostgresError "in-use" when another living process holds it.
 */
export async function takeOwnership(o: { home: string }): Promise<() => Promise<void>> {
  const file = join(o.home, "owner.json");
  const mine = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) });
  for (;;) {
    const taken = await writeFile(file, mine, { flag: "wx", mode: 0o600 }).then(
      () => true,
      (cause: unknown) => {
        if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
        throw cause;
      },
    );
    if (taken) return () => rm(file, { force: true });
    const text = await readFile(file, "utf8").catch(() => "");
    const owner = ownerFile.safeParse(parse(text));
    if (owner.success && (await startOf(owner.data.pid)) === owner.data.started) {
      throw new PostgresError(
        "in-use",
        `Another Linka (process ${owner.data.pid}) already runs on this data folder: stop it, or set LINKA_DATA to another folder.`,
      );
    }
    await rm(file, { force: true });
  }
}

/** Tells a process from a later one with the same number; empty when there is none. */
async function startOf(pid: number): Promise<string> {
  if (process.platform === "linux") {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // Field 22, counted after the command, which may itself hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  }
  try {
    process.kill(pid, 0);
    return "alive";
  } catch {
    return "";
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
