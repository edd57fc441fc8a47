import { readFile, readdir, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { timelineOf } from "../../prisma/demo/timeline.ts";
import { vltavaTalks } from "../../prisma/demo/vltava.ts";
import { zahradkaTalks } from "../../prisma/demo/zahradka.ts";
import { temporaryFolder } from "../support/database.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { signIn, until } from "./agent.ts";

/** What the person who types `npm start` sees, with the demo and the embedded PostgreSQL. Refusals: test/setup/start.test.ts. */

let dataDir: string;
let cleanUp: () => Promise<void>;
beforeEach(async () => {
  const temporary = await temporaryFolder();
  dataDir = temporary.path;
  cleanUp = () => temporary.remove();
});
afterEach(() => cleanUp());

const start = async (): Promise<{ hub: HubProcess; readyMs: number }> => {
  const began = performance.now();
  const hub = await startHub({ dataDir });
  onTestFinished(() => hub.kill("SIGKILL"));
  return { hub, readyMs: performance.now() - began };
};

/** Processes that have their work in the data folder: the embedded PostgreSQL and what it started. */
const residents = async (): Promise<readonly number[]> => {
  const found = await Promise.all(
    (await readdir("/proc"))
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        const folder = await readlink(`/proc/${name}/cwd`).catch(() => "");
        return folder.startsWith(dataDir) ? [Number(name)] : [];
      }),
  );
  return found.flat();
};

/** E-mail and password of somebody of the demo, from the file the hub points to. */
const login = async (hub: HubProcess, email: string): Promise<{ email: string; password: string }> => {
  const file = await until(
    "the hub says where the logins are",
    async () => /Who may log in, with passwords: {2}(.+)$/m.exec(hub.output())?.[1],
  );
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const password = new RegExp(`^${email} +(\\S+)`, "m").exec(await readFile(file, "utf8"))?.[1] ?? "";
  expect(password.length).toBeGreaterThanOrEqual(12);
  expect(hub.output()).not.toContain(password);
  return { email, password };
};

const health = z.looseObject({});

test(
  "the first start says where to go and how to log in; the second is ready in less than 5 s; Ctrl-C leaves nothing behind",
  { timeout: 90_000 },
  async () => {
    const first = await start();
    expect(first.hub.output()).toMatch(/^Linka is ready on http:\/\/(localhost|127\.0\.0\.1):\d+$/m);
    const jana = await login(first.hub, "jana@linka.example");
    for (const page of ["/", "/demo"]) expect(first.hub.output()).toContain(`${first.hub.url}${page}`);
    for (const path of ["/healthz", "/readyz"]) {
      const answer = await fetch(first.hub.url + path);
      expect([path, answer.status]).toEqual([path, 200]);
      health.parse(await answer.json());
    }
    const agent = await signIn({ url: first.hub.url, ...jana });
    const { rows, counts } = await agent.ask("view.open", { kind: "all" });
    agent.leave();
    expect(rows.length).toBeGreaterThanOrEqual(12);
    expect(Object.values(counts).every((n) => n > 0)).toBe(true);
    expect(agent.boot.tenants.map(({ name }) => name).toSorted()).toEqual(["Banka Vltava", "Zahrádka.cz"]);
    expect((await residents()).length).toBeGreaterThan(0);
    await first.hub.kill("SIGINT");
    expect(await first.hub.exited).toEqual({ code: 0, signal: null });
    expect(await residents()).toEqual([]);

    const second = await start();
    process.stdout.write(
      `start: first with the demo ${Math.round(first.readyMs)} ms, second ${Math.round(second.readyMs)} ms\n`,
    );
    expect(second.readyMs).toBeLessThan(5_000);
    const again = await signIn({ url: second.hub.url, ...(await login(second.hub, "jana@linka.example")) });
    const after = await again.ask("view.open", { kind: "all" });
    again.leave();
    expect(after.rows.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(after.counts).toEqual(counts);
    await second.hub.kill("SIGINT");
    expect(await residents()).toEqual([]);
  },
);

test(
  "a first start that is killed while it fills the demo is finished by the next one",
  { timeout: 90_000 },
  async () => {
    const killed = startHub({
      dataDir,
      env: { LOG_LEVEL: "silent", FAULT_AT: "journal.after-commit@25" },
      preload: [join(import.meta.dirname, "../faults/crashAt.ts")],
    });
    await expect(killed).rejects.toThrow("ended before it was ready (SIGKILL)");
    const { hub } = await start();
    const agent = await signIn({ url: hub.url, ...(await login(hub, "anna@linka.example")) });
    const pages = await Promise.all(
      (["all", "snoozed", "closed"] as const).map((kind) => agent.ask("view.open", { kind })),
    );
    const ids = new Set(pages.flatMap(({ rows }) => rows.map(({ id }) => id)));
    const said: string[] = [];
    for (const id of ids) {
      const { row, messages } = await agent.ask("conversation.open", { id, limit: 100 });
      for (const { direction, text } of messages) if (direction !== "event") said.push(`${row.contact.id} ${text}`);
      await agent.ask("conversation.close", { id });
    }
    agent.leave();
    const lines = timelineOf([...vltavaTalks, ...zahradkaTalks], new Date()).filter(({ does }) => does !== "settle");
    expect(said).toHaveLength(lines.length);
    expect(new Set(said).size).toBe(said.length);
    await hub.kill("SIGINT");
    expect(await residents()).toEqual([]);
  },
);
