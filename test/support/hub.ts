import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** What `npm start` runs, so that tests and benches measure the same process. */
const startCommand = (): readonly string[] => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: { start: string } };
  return scripts.start.split(" ").slice(1);
};

export interface HubProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves with how the process ended; never rejects. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Everything printed so far. */
  output(): string;
  /** Ends the process and waits for it. SIGKILL is the crash, SIGINT the clean stop. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** The hub ended before it was ready; the message holds everything it printed. */
export class HubEnded extends Error {
  override readonly name = "HubEnded";
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  constructor(input: {
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly printed: string;
  }) {
    super(`ended before it was ready (${input.code ?? input.signal}):\n${input.printed}`);
    this.code = input.code;
    this.signal = input.signal;
  }
}

/** Children of this test process; none outlives it, also when the test dies by a signal it can see. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * Starts the hub as a user does (`src/main.ts` in its own process) and resolves at its ready line.
 * `preload` modules run first: the fault tests subscribe to the marked points there.
 * Rejects with HubEnded when it ends before it is ready.
 */
export const startHub = async (input: {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly preload?: readonly string[];
  readonly readyWithinMs?: number;
}): Promise<HubProcess> => {
  const child = spawn(
    process.execPath,
    [...(input.preload ?? []).flatMap((file) => ["--import", file]), ...startCommand()],
    {
      cwd: root,
      env: { ...process.env, PORT: "0", LINKA_DATA: input.dataDir, LOG_LEVEL: "warn", ...input.env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  running.add(child);
  let printed = "";
  const exited = once(child, "exit").then(([code, signal]) => {
    running.delete(child);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready in time:\n${printed}`)), input.readyWithinMs ?? 60_000);
    const read = (chunk: Buffer): void => {
      printed += chunk.toString("utf8");
      const found = /ready.*?(http:\/\/[^\s]+)/i.exec(printed)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found.replace(/\/$/, ""));
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      reject(new HubEnded({ code, signal, printed }));
    });
  }).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid ?? 0,
    exited,
    output: () => printed,
    kill: async (signal) => {
      child.kill(signal);
      await exited;
    },
  };
};
