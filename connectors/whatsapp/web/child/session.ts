import { access } from "node:fs/promises";
import { join } from "node:path";
import wweb, { type Client } from "whatsapp-web.js";
import { type Fact, next } from "../machine.ts";
import type { Begin, CallName, Ending, FromChild, Gives, Phase, Takes } from "../protocol.ts";
import { customerOfWid } from "../thread.ts";
import { Refusal, within, wordsOf } from "./errors.ts";
import { openInbox } from "./inbox.ts";
import { folderLogin } from "./login.ts";
import { memoryOf } from "./memory.ts";
import { type Handlers, openOutbox, samePhone } from "./outbox.ts";
import { ask, isPrepared, nudge, ownLid, refreshCode } from "./page.ts";
import { wid } from "./read.ts";

export interface Session {
  call<N extends CallName>(name: N, input: Takes<N>, named: (stanza: string) => void): Promise<Gives<N>>;
  /** Ends the browser; resolves when it is gone. */
  stop(why: Ending, says: string): Promise<void>;
  fact(fact: Fact): void;
}

const catchUpTries = 3;
const closeMs = 4_000;
const nudgeMs = 1_000;
const savedPage = "page";

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A browser is one process group with all of its helpers; what hangs in it does not end by itself. */
const endGroup = (pid: number): void => {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All gone.
  }
};

const makeClient = async (begin: Begin, launched: () => void): Promise<Client> => {
  // A page saved by the operator stands in for the newest one, the known remedy when WhatsApp has changed it.
  const saved = await exists(join(begin.folder, `${savedPage}.html`));
  return new wweb.Client({
    authStrategy: folderLogin(begin.folder, launched),
    authTimeoutMs: begin.timers.start / 2,
    // Counted in time here: the library would close the browser in the middle of a scan.
    qrMaxRetries: 0,
    ...(saved && { webVersion: savedPage }),
    webVersionCache: saved ? { type: "local", path: begin.folder, strict: true } : { type: "none" },
    puppeteer: {
      executablePath: begin.executable,
      headless: true,
      // The browser ends with this process, however that ends.
      pipe: true,
      args: begin.flags,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    },
  });
};

/** One run of one account's browser, from its start to the first thing that cannot be mended from inside. */
export const startSession = async (begin: Begin, send: (message: FromChild) => void): Promise<Session> => {
  const { timers } = begin;
  let phase: Phase = "starting";
  let over: Promise<void> | undefined;
  let ownLidWid: string | undefined;
  let failedCatchUps = 0;
  let heardOfLogin = false;
  /** What is about to end it, while the library closes the browser on the way. */
  let parting: { readonly why: Ending; readonly says: string } | undefined;
  let catching: Promise<void> = Promise.resolve();
  const clocks = new Map<string, NodeJS.Timeout>();

  const tell = (message: FromChild): void => {
    if (over === undefined || message.type === "ended") send(message);
  };
  const clock = (name: string, ms: number, ring: () => void): void => {
    clearTimeout(clocks.get(name));
    clocks.set(name, setTimeout(ring, ms));
  };
  const silence = (name: string): void => clearTimeout(clocks.get(name));
  const quietly = (what: string, work: Promise<unknown>): void => {
    work.catch((thrown: unknown) => tell({ type: "log", level: "info", text: `${what}: ${wordsOf(thrown)}` }));
  };

  const close = async (): Promise<void> => {
    for (const timer of clocks.values()) clearTimeout(timer);
    const pid = client.pupBrowser?.process()?.pid;
    await within(closeMs, "closing the browser", client.destroy()).catch(() => undefined);
    if (pid !== undefined) endGroup(pid);
  };
  const stop = (why: Ending, says: string): Promise<void> => {
    if (over !== undefined) return over;
    over = close();
    tell({ type: "ended", why, says, ...parting });
    return over;
  };

  const fact = (what: Fact): void => {
    if (over !== undefined) return;
    const step = next(phase, what);
    if (step === undefined) return;
    if ("end" in step) return void stop(step.end, step.says);
    enter(step.phase, step.says);
  };
  const late = (says: string): void => fact({ type: "late", says });

  const whoIsLinked = (): string => wid.parse(client.info.wid);

  const enter = (to: Phase, says: string): void => {
    const from = phase;
    phase = to;
    for (const name of ["start", "ready", "nudge", "linking", "degraded"]) silence(name);
    if (to !== "code") silence("code");
    tell({ type: "phase", phase, says, ...(to === "ready" && { linked: whoIsLinked() }) });
    if (to === "code") clock("linking", timers.linking, () => late("Nobody scanned the code."));
    if (to === "linking") {
      clock("ready", timers.ready * 2, () => late("WhatsApp Web did not become ready."));
      nudgeAgain();
    }
    if (to === "degraded") clock("degraded", timers.degraded, () => late("WhatsApp Web stayed without connection."));
    if (to === "ready" && from === "degraded") missed();
  };
  /** Not while the library is at it: it would hang its listeners on the page twice. */
  const nudgeAgain = (): void =>
    clock("nudge", heardOfLogin ? timers.ready : Math.min(nudgeMs, timers.ready), () => {
      quietly("nudge", ask(client, timers.answer, nudge));
      nudgeAgain();
    });

  const missed = (): void => {
    const look = async (): Promise<void> => {
      if (over !== undefined) return;
      try {
        await inbox.catchUp();
        failedCatchUps = 0;
      } catch (thrown) {
        failedCatchUps += 1;
        if (failedCatchUps >= catchUpTries) late(`Missed messages could not be read: ${wordsOf(thrown)}`);
        else clock("catch-up", timers.heartbeat, missed);
      }
    };
    catching = catching.then(look);
  };

  const logOut = async (why: Ending, says: string): Promise<void> => {
    parting = { why, says };
    await within(timers.call, "logging out", client.logout()).catch(() => undefined);
    await stop(why, says);
  };

  const onReady = async (): Promise<void> => {
    const linked = whoIsLinked();
    if (!samePhone(begin.number, linked)) {
      const who = customerOfWid(linked)?.split(":")[1] ?? "another one";
      await logOut("other-phone", `The phone that was linked is +${who}, not ${begin.number}. It was logged out.`);
      return;
    }
    const lid = await ask(client, timers.answer, ownLid).catch(() => null);
    if (typeof lid === "string") ownLidWid = lid;
    fact({ type: "ready" });
    measure();
    missed();
  };

  const measure = (): void =>
    quietly(
      "memory",
      memoryOf(process.pid).then((bytes) => bytes !== undefined && tell({ type: "memory", bytes })),
    );

  const onCode = (): void => {
    fact({ type: "code" });
    clock("code", timers.code, () => {
      quietly("refreshing the code", ask(client, timers.answer, refreshCode));
      clock("code", timers.code, () => fact({ type: "broken", says: "WhatsApp Web shows no new code." }));
    });
  };

  const beat = (): void =>
    clock("heartbeat", timers.heartbeat, () => {
      const look = async (): Promise<void> => {
        const state = await within(timers.answer, "the page", client.getState());
        // The library's own refresh of an idle code fails in Node.
        if (phase === "code" && state === wweb.WAState.UNPAIRED_IDLE) await ask(client, timers.answer, refreshCode);
        if (phase === "code" && state === wweb.WAState.CONNECTED) fact({ type: "authenticated" });
        if (phase === "ready" || phase === "degraded") fact({ type: "socket", state });
        if (phase === "ready" && (await ask(client, timers.answer, isPrepared)) === false) reloaded();
        measure();
      };
      look().then(beat, (thrown: unknown) => {
        fact({ type: "broken", says: `WhatsApp Web does not answer: ${wordsOf(thrown)}` });
      });
    });

  const reloaded = (): void => {
    heardOfLogin = false;
    fact({ type: "reloaded" });
  };

  const launched = (): void => {
    const pid = client.pupBrowser?.process()?.pid;
    if (pid !== undefined) tell({ type: "browser", pid });
    client.pupBrowser?.on("disconnected", () => fact({ type: "broken", says: "The browser ended." }));
    client.pupPage?.on("framenavigated", (frame) => frame === client.pupPage?.mainFrame() && reloaded());
    client.pupPage?.on("error", (error) => fact({ type: "broken", says: `The tab crashed: ${wordsOf(error)}` }));
  };

  const client = await makeClient(begin, () => launched());
  const isMe = (wid: string): boolean =>
    samePhone(begin.number, wid) || (ownLidWid !== undefined && customerOfWid(wid) === customerOfWid(ownLidWid));
  const inbox = openInbox({ client, begin, tell, isMe });
  const outbox = openOutbox({ client, inbox, timers });

  client.on("qr", (qr: string) => {
    onCode();
    tell({ type: "qr", qr });
  });
  client.on("code", onCode);
  client.on("authenticated", () => {
    heardOfLogin = true;
    fact({ type: "authenticated" });
  });
  client.on("ready", () => quietly("ready", onReady()));
  client.on("change_state", (state) => fact({ type: "socket", state }));
  client.on("disconnected", (reason) => fact({ type: "disconnected", reason }));

  const run = async (): Promise<void> => {
    tell({ type: "phase", phase, says: "" });
    try {
      await within(timers.start, "the start of WhatsApp Web", client.initialize());
    } catch (thrown) {
      return fact({ type: "broken", says: `WhatsApp Web did not start: ${wordsOf(thrown)}` });
    }
    beat();
    // A login that was synced before the library listened says nothing at all.
    const state = await within(timers.answer, "the page", client.getState()).catch(() => null);
    if (phase === "starting" || state === wweb.WAState.CONNECTED) fact({ type: "authenticated" });
  };
  void run();

  return {
    call(name, input, named) {
      const handlers: Handlers = {
        ...outbox,
        pairingCode: async () => {
          if (phase !== "code") throw new Refusal("rejected", "A code can be had only while the phone is not linked.");
          const digits = begin.number.replace(/\D/g, "");
          return { code: await within(timers.call, "the pairing code", client.requestPairingCode(digits)) };
        },
        logout: async () => {
          void logOut("logged-out", "Logged out by an administrator.");
          return {};
        },
      };
      const free = name === "pairingCode" || name === "logout";
      if (!free && phase !== "ready") throw new Refusal("unreachable", "WhatsApp Web is not connected.");
      return handlers[name](input, named);
    },
    stop,
    fact,
  };
};
