import { readFile, readlink } from "node:fs/promises";

/**
 * A name for this process that another process on the same machine can prove to have ended: boot of the machine, PID
 * namespace, process id and its start time. Null where the system does not tell (anything but Linux).
 */
const markOf = async (pid: number): Promise<string | null> => {
  try {
    const [boot, space, stat] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readlink("/proc/self/ns/pid"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    // The command name, field 2, may hold spaces and brackets; the start time is field 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : [boot.trim(), space, pid, fields[19]].join("/");
  } catch {
    return null;
  }
};

/** The lease owner's name of this node: unique for every start of the hub. */
export const ownerName = async (nodeId: string): Promise<string> => {
  const mark = await markOf(process.pid);
  return mark === null ? nodeId : `${nodeId} ${mark}`;
};

/** Those of the owners that are proved to have ended; one of another machine or container never is. */
export const endedOwners = async (owners: readonly string[]): Promise<readonly string[]> => {
  const mine = (await markOf(process.pid))?.split("/");
  if (mine === undefined) return [];
  const ended: string[] = [];
  for (const owner of owners) {
    const mark = owner.split(" ")[1];
    const [boot, space, pid] = mark?.split("/") ?? [];
    if (mark === undefined || pid === undefined || boot !== mine[0] || space !== mine[1]) continue;
    if ((await markOf(Number(pid))) !== mark) ended.push(owner);
  }
  return ended;
};
