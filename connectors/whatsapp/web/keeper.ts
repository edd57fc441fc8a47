import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ConnectorError, type Hub, type LinkView, type Status } from "#contract";
import { findBrowser, flagsFor, NoBrowser } from "./browser.ts";
import type { Intake } from "./intake.ts";
import type { Ledger } from "./ledger.ts";
import { endOrphans, noteProcesses } from "./orphans.ts";
import { type Run, startRun } from "./process.ts";
import { type Ending, endings, type FromChild, loginFolder, type Phase, type Timers } from "./protocol.ts";
import type { Settings } from "./settings.ts";

/** A run that was ready for so long was healthy: its end counts as a first failure. */
const healthyMs = 5 * 60_000;

export interface Patience {
  readonly firstMs: number;
  readonly mostMs: number;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
}

/** Waits double, and are by chance up to half as long, so that ten accounts do not start ten browsers at once. */
export const restartIn = ({ firstMs, mostMs, random }: Patience, failures: number): number =>
  Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 10)) * (0.5 + random() / 2);

export interface Keeper {
  /** Runs the account until the signal aborts. */
  keep(input: {
    readonly intake: Intake;
    readonly ledger: Ledger;
    readonly folder: string;
    readonly signal: AbortSignal;
  }): Promise<void>;
  /** The run that is ready; throws "unreachable" for the whole account. */
  ready(): Run;
  view(): LinkView;
  /** Asks for a pairing code; logs out; starts anew. */
  pairingCode(): Promise<string>;
  logout(): Promise<void>;
  reconnect(): Promise<void>;
}

const words: { readonly [P in Phase]: string } = {
  starting: "",
  code: "Scan the code with the phone.",
  linking: "",
  ready: "",
  degraded: "WhatsApp Web has no connection.",
};

/** Keeps one child process running for one account; the only place that knows why it started and ended. */
export const makeKeeper = (input: {
  readonly hub: Hub;
  readonly settings: Settings;
  readonly timers: Timers;
  readonly patience: Patience;
}): Keeper => {
  const { hub, settings, timers, patience } = input;
  let run: Run | undefined;
  let view: LinkView = { phase: "off", says: "", since: hub.now() };
  let readyAt: number | undefined;
  let asked = Promise.withResolvers<void>();
  let running = false;

  const look = (next: Partial<LinkView> & Pick<LinkView, "phase">): void => {
    const { memoryBytes, linked } = view;
    const since = next.phase === view.phase ? view.since : hub.now();
    view = {
      says: "",
      ...(memoryBytes !== undefined && { memoryBytes }),
      ...(linked !== undefined && { linked }),
      ...next,
      since,
    };
  };
  const status = (next: Status): void => {
    if (running) hub.status(next);
  };

  const onPhase = (phase: Phase, says: string, linked: string | undefined): void => {
    const text = says === "" ? words[phase] : says;
    look({
      phase,
      says: text,
      ...(phase === "code" && view.show !== undefined && { show: view.show }),
      ...(linked !== undefined && { linked }),
    });
    if (phase === "ready") readyAt = performance.now();
    if (phase === "ready") status({ state: "online" });
    else if (phase === "degraded") status({ state: "offline", reason: text });
    // That a code is needed is said with the code, which follows.
    else if (phase !== "code") status({ state: "connecting" });
  };
  const onQr = (qr: string): void => {
    // A pairing code that somebody is typing stays on the screen.
    if (view.show !== undefined && "code" in view.show) return;
    look({ phase: "code", says: words.code, show: { qr } });
    status({ state: "needs-login", reason: words.code, show: { qr } });
  };

  const heard =
    (pids: (pid: number) => void, intake: Intake) =>
    (news: Exclude<FromChild, { type: "answer" | "named" | "ended" }>): void => {
      switch (news.type) {
        case "phase":
          return onPhase(news.phase, news.says, news.linked);
        case "qr":
          return onQr(news.qr);
        case "browser":
          return pids(news.pid);
        case "memory":
          view = { ...view, memoryBytes: news.bytes };
          hub.alive();
          return;
        case "record":
          return intake.take(news.record);
        case "caughtUp":
          return intake.caughtUp(news.at);
        case "log":
          return news.level === "warn" ? hub.log.warn(news.text) : hub.log.info(news.text);
      }
    };

  const once = async (parts: Parameters<Keeper["keep"]>[0]): Promise<{ why: Ending; says: string }> => {
    const { folder, intake, ledger, signal } = parts;
    const left = await endOrphans(folder);
    if (left > 0) hub.log.warn("processes of an earlier run were ended", { processes: left });
    const since = await intake.since();
    const executable = await findBrowser(hub.browser);
    if (signal.aborted) return { why: "asked", says: "" };
    const pids: number[] = [];
    const note = (pid: number): void => {
      pids.push(pid);
      noteProcesses(folder, pids).catch(() => hub.log.warn("the browser's process could not be noted"));
    };
    const started = startRun({
      begin: {
        type: "begin",
        folder,
        executable,
        flags: flagsFor(hub.browser, process.getuid?.()),
        number: settings.number,
        groups: settings.groups,
        sent: ledger.stanzas(),
        timers,
        ...(since !== undefined && { since }),
      },
      heard: heard(note, intake),
      odd: (text) => hub.log.warn(text),
    });
    run = started;
    note(started.pid);
    const stop = (): void => void started.stop();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const ended = await started.ended;
    signal.removeEventListener("abort", stop);
    run = undefined;
    await endOrphans(folder);
    return ended;
  };

  /** Waits, unless an administrator asks for a start now. */
  const pause = async (signal: AbortSignal, ms?: number): Promise<void> => {
    asked = Promise.withResolvers();
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      if (ms !== undefined) timer = setTimeout(resolve, ms);
    });
    if (!signal.aborted) await Promise.race([asked.promise, over]);
    clearTimeout(timer);
  };

  const keep: Keeper["keep"] = async (parts) => {
    const { folder, signal } = parts;
    let failures = 0;
    running = true;
    while (!signal.aborted) {
      readyAt = undefined;
      view = { phase: "starting", says: "", since: hub.now() };
      const ended = await once(parts).catch((thrown: unknown) => {
        const says = thrown instanceof Error ? thrown.message : String(thrown);
        return { why: thrown instanceof NoBrowser ? ("no-browser" as const) : ("failed" as const), says };
      });
      if (signal.aborted) break;
      const { why, says } = ended;
      if (why === "logged-out" || why === "other-phone")
        await rm(join(folder, loginFolder), { recursive: true, force: true, maxRetries: 4 });
      const healthy = readyAt !== undefined && performance.now() - readyAt > healthyMs;
      failures = why === "asked" ? 0 : healthy ? 1 : failures + 1;
      const again = why === "no-browser" ? "later" : endings[why].again;
      if (again === "asked") {
        view = { phase: "waiting", says, since: hub.now() };
        status({ state: "needs-login", reason: says });
        await pause(signal);
        failures = 0;
      } else if (again !== "at-once" || failures > 3) {
        const retryInMs = restartIn(patience, failures);
        view = { phase: "off", says, since: hub.now() };
        status({ state: "offline", reason: says, retryInMs });
        await pause(signal, retryInMs);
      }
    }
    running = false;
    view = { phase: "off", says: "", since: hub.now() };
  };

  const live = (): Run => {
    if (run === undefined)
      throw new ConnectorError("unreachable", "WhatsApp Web is not running.", { wholeAccount: true });
    return run;
  };
  return {
    keep,
    ready: () => {
      if (view.phase !== "ready")
        throw new ConnectorError("unreachable", "WhatsApp Web is not connected.", { wholeAccount: true });
      return live();
    },
    view: () => view,
    pairingCode: async () => {
      const { code } = await live().call("pairingCode", {});
      look({ phase: "code", says: words.code, show: { code } });
      status({ state: "needs-login", reason: words.code, show: { code } });
      return code;
    },
    logout: async () => void (await live().call("logout", {})),
    reconnect: async () => {
      asked.resolve();
      await run?.stop();
    },
  };
};
