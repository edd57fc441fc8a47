import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ConnectorError } from "#contract";
import {
  type Begin,
  type CallName,
  calls,
  type Ending,
  fromChild,
  type FromChild,
  type Gives,
  type Takes,
  type ToChild,
} from "./protocol.ts";

/** The parent's end of one run of the child process. */
export interface Run {
  readonly pid: number;
  /** Throws ConnectorError: the child's own verdict, "uncertain" when it ended or was given up on meanwhile. */
  call<N extends CallName>(
    name: N,
    input: Takes<N>,
    options?: { readonly signal?: AbortSignal; readonly named?: (stanza: string) => void },
  ): Promise<Gives<N>>;
  /** Why it ended; never rejects. */
  readonly ended: Promise<{ readonly why: Ending; readonly says: string }>;
  /** Asks it to end, and ends it when it does not. */
  stop(): Promise<void>;
}

interface Waiting {
  readonly name: CallName;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ConnectorError) => void;
  readonly named: (stanza: string) => void;
}

type News = Exclude<FromChild, { type: "answer" | "named" | "ended" }>;

const entry = fileURLToPath(new URL("child/session.worker.ts", import.meta.url));
const stopMs = 6_000;
/** What a call may take at most, whatever the child's own clocks say. */
const callMs = 120_000;

/** Starts the process of one account. What it says is checked; what it prints goes nowhere (it could hold a code). */
export const startRun = (input: {
  readonly begin: Begin;
  readonly heard: (news: News) => void;
  readonly odd: (text: string) => void;
}): Run => {
  const child: ChildProcess = fork(entry, [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: ["--max-old-space-size=256"],
  });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let last: { why: Ending; says: string } | undefined;

  const send = (message: ToChild): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  const settle = (no: number): Waiting | undefined => {
    const one = waiting.get(no);
    waiting.delete(no);
    return one;
  };

  const onAnswer = (answer: Extract<FromChild, { type: "answer" }>): void => {
    const one = settle(answer.no);
    if (one === undefined) return;
    if (answer.ok) {
      const read = calls[one.name].gives.safeParse(answer.value);
      if (read.success) one.resolve(read.data);
      else one.reject(new ConnectorError("uncertain", "The browser's answer could not be read."));
      return;
    }
    const { code, says, retryAfterMs } = answer;
    one.reject(
      new ConnectorError(code, says, {
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(code === "unreachable" && { wholeAccount: true }),
      }),
    );
  };

  child.on("message", (message) => {
    const read = fromChild.safeParse(message);
    if (!read.success) return input.odd("the browser's process said something that could not be read");
    if (read.data.type === "answer") onAnswer(read.data);
    else if (read.data.type === "named") waiting.get(read.data.no)?.named(read.data.stanza);
    else if (read.data.type === "ended") last ??= { why: read.data.why, says: read.data.says };
    else input.heard(read.data);
  });
  child.on("error", () => undefined);

  const ended = once(child, "exit")
    .then(([code, signal]: unknown[]) => ({ code, signal }))
    .catch((thrown: unknown) => ({ code: thrown instanceof Error ? thrown.message : "error", signal: null }))
    .then(({ code, signal }) => {
      for (const no of waiting.keys())
        settle(no)?.reject(new ConnectorError("uncertain", "The browser ended before it answered."));
      return last ?? { why: "failed" as const, says: `The browser's process ended (${String(signal ?? code)}).` };
    });

  send(input.begin);
  return {
    pid: child.pid ?? 0,
    ended,
    call: (name, given, { signal, named = () => undefined } = {}) =>
      new Promise((resolve, reject) => {
        const no = (asked += 1);
        const giveUp = (): void => {
          settle(no)?.reject(new ConnectorError("uncertain", "No answer came in time."));
        };
        const limit = setTimeout(giveUp, callMs);
        const over = (): void => {
          clearTimeout(limit);
          signal?.removeEventListener("abort", giveUp);
        };
        signal?.addEventListener("abort", giveUp, { once: true });
        waiting.set(no, {
          name,
          named,
          // Read by the schema of the same name above.
          resolve: (value) => (over(), resolve(value as Gives<typeof name>)),
          reject: (error) => (over(), reject(error)),
        });
        if (child.connected) send({ type: "call", no, name, input: given });
        else
          settle(no)?.reject(new ConnectorError("unreachable", "WhatsApp Web is not running.", { wholeAccount: true }));
      }),
    stop: async () => {
      send({ type: "stop" });
      const force = setTimeout(() => child.kill("SIGKILL"), stopMs);
      await ended;
      clearTimeout(force);
    },
  };
};
