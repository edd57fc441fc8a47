import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";
import { ConnectorError } from "#contract";
import { expect } from "vitest";
import { makeAccount, openAccount } from "../account.ts";
import type { Rule } from "../bench.ts";

/** Kinds of asynchronous resources that only appear when something touches disk, network or another process. */
const io =
  /^(TCP|TLS|PIPE|UDP|HTTP|FS|GETADDRINFO|GETNAMEINFO|QUERY|DNS|PROCESS|WORKER|TTY|SIGNAL|FILEHANDLE|STATWATCHER)/;

const watched = new AsyncLocalStorage<string[]>();
/** Names of the I/O that `act` begins, in its own turn of the loop or the next few. */
const ioOf = async (act: () => void): Promise<readonly string[]> => {
  const seen: string[] = [];
  const hook = createHook({
    init(_id, type) {
      if (io.test(type)) watched.getStore()?.push(type);
    },
  }).enable();
  try {
    watched.run(seen, act);
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  } finally {
    hook.disable();
  }
  return seen;
};

const looksSecret = /secret|password|token|api_?key|private_?key/i;
const looksLikePlace = /(?:host|server|endpoint|url)$/i;

export const lifeRules: readonly Rule[] = [
  {
    says: "refuses bad settings before anything is opened",
    check: async ({ connector, bench, open }) => {
      expect(() => open(), "good settings are taken").not.toThrow();
      expect(bench.bad.length, "the bench brings settings to refuse").toBeGreaterThan(0);
      for (const bad of bench.bad) {
        expect(() => openAccount(connector, makeAccount("a"), bad), `settings ${JSON.stringify(bad)}`).toThrow();
      }
    },
  },
  {
    says: "names every secret among its settings, so that it is encrypted and never shown",
    check: async ({ connector, remote }) => {
      const settings = Object.entries(remote.settings.a ?? {});
      const keys = settings.map(([key]) => key);
      for (const secret of connector.secrets) expect(keys, "the bench fills every secret in").toContain(secret);
      const unnamed = settings.filter(
        ([key, value]) => looksSecret.test(key) && typeof value === "string" && !connector.secrets.includes(key),
      );
      expect(
        unnamed.map(([key]) => key),
        "settings that look like secrets and are not named",
      ).toEqual([]);
    },
  },
  {
    says: "names the settings that decide where its secrets are sent, so that stored ones are not lent to another server",
    check: async ({ connector, remote }) => {
      const places = Object.keys(remote.settings.a ?? {}).filter((key) => looksLikePlace.test(key));
      const unnamed = places.filter((key) => !(connector.secretsGoTo ?? []).includes(key));
      expect(
        connector.secrets.length === 0 ? [] : unnamed,
        "settings that look like a place and are not named",
      ).toEqual([]);
    },
  },
  {
    says: "opens without touching network, disk or hub",
    check: async ({ connector, remote }) => {
      const account = makeAccount("a");
      const began = await ioOf(() => void openAccount(connector, account, remote.settings.a));
      expect(began, "I/O during open()").toEqual([]);
      expect(account.asked, "calls on the hub during open()").toEqual([]);
    },
  },
  {
    says: "comes online when started and stays until told to stop",
    check: async ({ started }) => {
      const account = await started();
      let ended = false;
      void account.running?.then(() => (ended = true));
      for (let turn = 0; turn < 5; turn += 1) await setImmediate();
      expect(ended).toBe(false);
    },
  },
  {
    says: "stops when told, also while the remote is away",
    check: async ({ started, open, remote, eventually }) => {
      const ends = async (says: string, running: Promise<void> | undefined): Promise<void> => {
        let ended = false;
        void running?.then(() => (ended = true));
        await eventually(says, () => ended);
      };
      const account = await started();
      await ends("it stops while online", account.stop());
      if (!remote.drop) return;
      await remote.drop();
      const lost = open("b");
      lost.start();
      await eventually("it says that it tries", () => lost.statuses.length > 0);
      await ends("it stops while the remote is away", lost.stop());
    },
  },
  {
    says: "says that it is offline when the remote goes away, and comes back by itself",
    when: ({ connection }) => connection.peer === undefined,
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      await remote.drop?.();
      const offline = await eventually("it says it is offline", () =>
        account.statuses.find((status) => status.state === "offline"),
      );
      expect(offline.reason, "the reason in words").not.toBe("");
      const before = account.statuses.length;
      await remote.restore?.();
      await eventually("it comes back", () => account.statuses.slice(before).some(({ state }) => state === "online"));
    },
  },
  {
    says: "proves its settings honestly when the admin presses Test",
    when: ({ connection }) => connection.probe !== undefined,
    check: async ({ open, remote }) => {
      const { connection } = open();
      const signal = new AbortController().signal;
      expect((await connection.probe?.(signal))?.says, "a sentence for the admin").toMatch(/\w/);
      if (!remote.drop) return;
      await remote.drop();
      const failure = await connection.probe?.(signal).catch((thrown: unknown) => thrown);
      expect(failure, "what it says while the remote is away").toBeInstanceOf(ConnectorError);
    },
  },
];
