import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** Which processes an account runs on this machine: the next start ends those that outlived a crash. */
const file = (folder: string): string => join(folder, "processes.json");
const shape = z.array(z.object({ pid: z.number().int().positive(), began: z.string() }));

/** When a process began, in the kernel's own count: a number given anew to another process has another. Linux. */
const beganAt = async (pid: number): Promise<string | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
};

export const noteProcesses = async (folder: string, pids: readonly number[]): Promise<void> => {
  const known = await Promise.all(pids.map(async (pid) => ({ pid, began: await beganAt(pid) })));
  const alive = known.filter((entry): entry is { pid: number; began: string } => entry.began !== undefined);
  await writeFile(file(folder), JSON.stringify(alive), { mode: 0o600 });
};

const readNoted = async (folder: string): Promise<z.output<typeof shape>> => {
  try {
    return shape.parse(JSON.parse(await readFile(file(folder), "utf8")));
  } catch {
    // None, or half a file of a machine that lost its power: nothing of that time runs any more.
    return [];
  }
};

/** Ends what is left of an earlier run, browser with all of its helpers (they are one process group) included. */
export const endOrphans = async (folder: string): Promise<number> => {
  let ended = 0;
  for (const { pid, began } of await readNoted(folder)) {
    // The number of a group is not given anew while anybody is left in it.
    const now = await beganAt(pid);
    if (now !== undefined && now !== began) continue;
    for (const target of [-pid, pid]) {
      try {
        process.kill(target, "SIGKILL");
        ended += 1;
      } catch {
        // Gone, or no group of its own.
      }
    }
  }
  await rm(file(folder), { force: true });
  return ended;
};
