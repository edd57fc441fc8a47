import { readFileSync, readdirSync } from "node:fs";

/** Milliseconds on a monotonic clock. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** The p-quantile (0..1) of a list; NaN when empty. */
export const quantile = (values: readonly number[], p: number): number => {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN;
};

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** Resident memory of a process in MB (Linux /proc). */
export const rssMb = (pid: number): number => {
  const match = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return match ? Number(match[1]) / 1024 : Number.NaN;
};

interface ProcessCpu {
  readonly parent: number;
  readonly ms: number;
}

const readCpu = (pid: number, withReaped: boolean): ProcessCpu | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = [11, 12, ...(withReaped ? [13, 14] : [])].reduce((sum, i) => sum + Number(fields[i]), 0);
    return { parent: Number(fields[1]), ms: ticks * 10 };
  } catch {
    // The process ended between the listing and the read.
    return undefined;
  }
};

/** CPU time in ms of a process and everything below it, ended children included. */
export const cpuTreeMs = (root: number): number => {
  const all = new Map<number, ProcessCpu>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    const cpu = Number.isInteger(pid) ? readCpu(pid, pid === root) : undefined;
    if (cpu) all.set(pid, cpu);
  }
  let sum = 0;
  const queue = [root];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    sum += all.get(pid)?.ms ?? 0;
    for (const [child, cpu] of all) if (cpu.parent === pid) queue.push(child);
  }
  return sum;
};
