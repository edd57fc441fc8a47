import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, InboundMessage, Outbound, Status } from "#contract";
import { makeWhatsappWeb } from "../../../connectors/whatsapp/web/index.ts";
import { defaultTimers, type Timers } from "../../../connectors/whatsapp/web/protocol.ts";
import { type Account, makeAccount, openAccount } from "../../contract/account.ts";
import { startWhatsApp, type WhatsApp } from "../../fakes/whatsapp-page/server.ts";

export const ours = "420700000001";
export const jana = "420777123456@c.us";
/** Events on two busy cores. */
const patienceMs = 25_000;

export const until = async <T>(
  says: string,
  probe: () => T | Promise<T>,
): Promise<Exclude<T, false | undefined | null>> => {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false && found !== null) return found as Exclude<T, false | undefined | null>;
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain: ${says}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

interface Seen {
  readonly pid: number;
  /** Process group: a browser is one with all of its helpers. */
  readonly group: number;
  readonly line: string;
}
const read = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");
const processes = async (): Promise<readonly Seen[]> => {
  const pids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  return Promise.all(
    pids.map(async (pid) => {
      const stat = await read(`/proc/${pid}/stat`);
      const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      // Dead and not yet collected by its parent.
      return { pid, group: Number(group), line: state === "Z" ? "" : await read(`/proc/${pid}/cmdline`) };
    }),
  );
};

/** The processes of every browser whose profile is in this folder. */
const browserProcesses = async (folder: string): Promise<readonly Seen[]> => {
  const all = await processes();
  const groups = new Set(all.filter(({ line }) => line.includes(folder)).map(({ group }) => group));
  return all.filter(({ group, line }) => groups.has(group) && line !== "");
};
export const browsersIn = async (folder: string): Promise<readonly number[]> =>
  (await browserProcesses(folder)).map(({ pid }) => pid);

/** Processes that `parent` started and whose command line has `word`. */
export const childrenOf = async (parent: number, word: string): Promise<readonly number[]> => {
  const text = await readFile(`/proc/${parent}/task/${parent}/children`, "utf8").catch(() => "");
  const pids = text.split(" ").filter(Boolean).map(Number);
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.filter((_, index) => lines[index]?.includes(word));
};

/** What outlives one process: the far side, the account's folder and the hub's memory of it. */
interface Lasting {
  readonly whatsapp: WhatsApp;
  readonly folder: string;
  readonly memory: Account;
}
export type Phone = Awaited<ReturnType<typeof openPhone>>;

/** One account on a phone of its own: the real connector, the real library and browser, the suite's hub. */
export const openPhone = async (
  options: {
    readonly timers?: Partial<Timers>;
    readonly linked?: boolean;
    readonly settings?: object;
    readonly browser?: Browser;
    /** Another process of the same account. */
    readonly after?: Lasting;
  } = {},
) => {
  const whatsapp = options.after?.whatsapp ?? (await startWhatsApp());
  const folder = options.after?.folder ?? (await mkdtemp(join(tmpdir(), "linka-phone-")));
  await whatsapp.prepare(folder, "a");
  if (options.linked !== false) whatsapp.link("a", ours);
  const made = options.after?.memory ?? makeAccount("a", async () => folder);
  const memory = options.browser === undefined ? made : { ...made, hub: { ...made.hub, browser: options.browser } };
  const connector = makeWhatsappWeb({
    timers: { ...defaultTimers, ...options.timers },
    patience: { firstMs: 50, mostMs: 200, random: () => 0.5 },
  });
  const account = openAccount(connector, memory, {
    number: `+${ours}`,
    secondsBetweenSends: 0,
    ...options.settings,
  });
  let seen = account.statuses.length;
  let asked = 0;

  /** The next status of this kind that was not waited for before. */
  const status = <S extends Status["state"]>(state: S): Promise<Extract<Status, { state: S }>> =>
    until(`the status ${state}`, () => {
      const at = account.statuses.findIndex((each, index) => index >= seen && each.state === state);
      if (at < 0) return undefined;
      seen = at + 1;
      return account.statuses[at] as Extract<Status, { state: S }>;
    });

  return {
    whatsapp,
    folder,
    memory,
    account,
    status,
    link: () => {
      const { link } = account.connection;
      if (link === undefined) throw new Error("this account has no link");
      return link;
    },
    /** Sends a signal to the processes that run pages. */
    signalPage: async (signal: NodeJS.Signals): Promise<void> => {
      const lines = await browserProcesses(folder);
      for (const { pid, line } of lines) if (line.includes("--type=renderer")) process.kill(pid, signal);
    },
    online: async () => {
      account.start();
      await status("online");
    },
    message: (text: string): Promise<InboundMessage> =>
      until(`the message "${text}"`, () => account.messages().find(({ event }) => event.text === text)?.event),
    /** A reply of ours in the customer's thread. */
    letter: (text: string, more: Partial<Outbound> = {}): Outbound => ({
      key: `key-${(asked += 1)}-${process.hrtime.bigint()}`,
      thread:
        account.connection.begin?.({ kind: "wa_phone", value: `+${jana.split("@")[0]}` }) ?? ("" as Outbound["thread"]),
      to: [],
      text,
      attachments: [],
      references: [],
      author: { name: "Anna" },
      writtenAt: new Date(),
      ...more,
    }),
    close: async () => {
      await account.stop();
      await whatsapp.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
};
