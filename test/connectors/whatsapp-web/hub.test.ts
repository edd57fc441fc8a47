import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChannelAccountView, ChannelLink } from "#wire";
import { freePort } from "../../../src/postgres/port.ts";
import { onlyLoopback, startWhatsApp, type WhatsApp } from "../../fakes/whatsapp-page/server.ts";
import { type Agent, signIn } from "../../journeys/agent.ts";
import { freshDatabase, type FreshDatabase, temporaryFolder } from "../../support/database.ts";
import { type Fixture, seedFixture } from "../../support/fixture.ts";
import { type HubProcess, startHub } from "../../support/hub.ts";
import { browsersIn, until } from "./phone.ts";

/** Two phones on one real hub process, which is killed in the middle of what customers write. */
describe("a hub with two linked phones", () => {
  const numbers = ["420700000001", "420700000002"] as const;
  const folders: string[] = [];
  const ids: string[] = [];
  let whatsapp: WhatsApp;
  let database: FreshDatabase;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let fixture: Fixture;
  let hub: HubProcess;
  let admin: Agent;
  let rows: Client;
  let restart: () => Promise<void>;

  beforeAll(async () => {
    [whatsapp, database, folder] = await Promise.all([startWhatsApp(), freshDatabase(), temporaryFolder()]);
    const secret = randomBytes(32).toString("hex");
    fixture = await seedFixture({ databaseUrl: database.url, secret, queues: 1, agents: 2, admin: true });
    rows = new Client({ connectionString: database.url });
    await rows.connect();
    await rows.query(`UPDATE tenant SET policy = '{"undoSeconds":{"whatsapp":0}}'`);
    const env = {
      PORT: String(await freePort()),
      DATABASE_URL: database.url,
      LINKA_SECRET: secret,
      LINKA_DEMO: "0",
      CHROMIUM_FLAGS: onlyLoopback.join(" "),
    };
    restart = async () => {
      hub = await startHub({ dataDir: folder.path, env });
    };
    await restart();
    admin = await signIn({ url: hub.url, email: fixture.users[0]?.email ?? "", password: fixture.password });
  }, 60_000);

  afterAll(async () => {
    admin?.leave();
    await hub?.kill("SIGKILL");
    await rows?.end();
    await whatsapp?.stop();
    await database?.drop();
    await until("the browsers are gone", async () => (await browsersIn(folder.path)).length === 0);
    await folder?.remove();
  });

  const link = (id: string): Promise<ChannelLink> => admin.call("GET", `/api/admin/channels/${id}/link`);
  const ready = (id: string) =>
    until("the account is ready", async () => (await link(id).catch(() => undefined))?.phase === "ready");
  const stored = async (pattern: string) =>
    (
      await rows.query<{ body: string; account: string; channel: string }>(
        `SELECT m.body, t.account_id AS account, a.channel
         FROM message m JOIN thread t ON t.id = m.thread_id JOIN channel_account a ON a.id = t.account_id
         WHERE m.body LIKE $1 AND m.direction = 'in'`,
        [pattern],
      )
    ).rows;

  it("links two phones by their codes at once, and files what is written as WhatsApp", async () => {
    for (const [index, number] of numbers.entries()) {
      const body = {
        tenantId: fixture.tenantId,
        kind: "whatsapp-web",
        name: `Telefon ${index + 1}`,
        queueId: fixture.queueIds[0] ?? null,
        enabled: false,
        config: { number: `+${number}`, secondsBetweenSends: 0 },
      };
      const { id } = await admin.call<ChannelAccountView>("POST", "/api/admin/channels", body);
      const own = join(folder.path, "accounts", id);
      await mkdir(own, { recursive: true, mode: 0o700 });
      await whatsapp.prepare(own, number);
      ids.push(id);
      folders.push(own);
    }
    for (const id of ids) await admin.call("PATCH", `/api/admin/channels/${id}`, { enabled: true });
    for (const [index, number] of numbers.entries()) {
      await until("a code on the screen", async () => (await link(ids[index] ?? "").catch(() => undefined))?.qr);
      whatsapp.scan(number, number);
    }
    for (const id of ids) await ready(id);
    for (const number of numbers) whatsapp.receive(number, { chat: "420777123456@c.us", body: `na číslo ${number}` });
    const found = await until("both are stored", async () => {
      const list = await stored("na číslo %");
      return list.length === 2 && list;
    });
    expect(new Set(found.map(({ account }) => account))).toEqual(new Set(ids));
    expect(new Set(found.map(({ channel }) => channel))).toEqual(new Set(["whatsapp"]));
  });

  it("loses and doubles nothing when it is killed while customers write, and leaves no browser behind", async () => {
    const most = 150;
    const write = (from: number, to: number): void => {
      for (let n = from; n < to; n += 1)
        whatsapp.receive(numbers[n % 2] ?? "", {
          chat: `4207770${String(n % 30).padStart(5, "0")}@c.us`,
          body: `dávka ${n}`,
        });
    };
    write(0, 60);
    await until("the first are stored", async () => (await stored("dávka %")).length > 5);
    await hub.kill("SIGKILL");
    write(60, 100);
    await until("the browsers ended with the hub", async () => (await browsersIn(folder.path)).length === 0);
    await restart();
    write(100, most);
    const all = await until("everything is stored", async () => {
      const list = await stored("dávka %");
      return list.length >= most && list;
    });
    for (const id of ids) await ready(id);
    expect((await stored("dávka %")).map(({ body }) => body).sort()).toEqual(
      Array.from({ length: most }, (_, n) => `dávka ${n}`).sort(),
    );
    expect(all).toHaveLength(most);
  }, 60_000);

  it("shows the code to nobody but administrators of the company", async () => {
    const agent = await signIn({ url: hub.url, email: fixture.users[1]?.email ?? "", password: fixture.password });
    await expect(agent.call("GET", `/api/admin/channels/${ids[0]}/link`)).rejects.toThrow(/403|forbidden/);
    await expect(agent.call("POST", `/api/admin/channels/${ids[0]}/link`, { do: "code" })).rejects.toThrow(
      /403|forbidden/,
    );
    agent.leave();
    expect(hub.output(), "what the hub printed").not.toContain("2@ref");
  });

  it("logs a phone out when the administrator says so, and asks for a new code", async () => {
    const [id = ""] = ids;
    await admin.call("POST", `/api/admin/channels/${id}/link`, { do: "logout" });
    const { qr } = await until("a new code", async () => {
      const now = await link(id);
      return now.qr !== null && now;
    });
    expect(qr).toContain("2@ref");
    const answer = await admin.call<ChannelLink>("POST", `/api/admin/channels/${id}/link`, { do: "code" });
    expect(answer).toMatchObject({ phase: "code", code: "ABCD1234" });
  });

  it("ends its browsers when it is told to stop", async () => {
    await hub.kill("SIGINT");
    expect(await browsersIn(folder.path)).toEqual([]);
  });
});
