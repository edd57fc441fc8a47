import { readdir, readFile } from "node:fs/promises";

const parentOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);

/** This process and everything it started, directly or not. Linux; elsewhere empty. */
const familyOf = async (root: number): Promise<readonly number[]> => {
  const names = await readdir("/proc").catch(() => []);
  const children = new Map<number, number[]>();
  for (const pid of names.map(Number).filter(Number.isInteger)) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    if (stat !== "") children.set(parentOf(stat), [...(children.get(parentOf(stat)) ?? []), pid]);
  }
  const all = [root];
  for (const pid of all) all.push(...(children.get(pid) ?? []));
  return names.length === 0 ? [] : all;
};

/** Proportional set size of this process and its browser, in bytes: shared pages count once among those who share them. */
export const memoryOf = async (root: number): Promise<number | undefined> => {
  let kilobytes = 0;
  for (const pid of await familyOf(root)) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return kilobytes === 0 ? undefined : kilobytes * 1_024;
};
