import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChannelAccountView, ChannelLink } from "#wire";
import { freshDatabase, type FreshDatabase } from "../../support/database.ts";
import { startLinkedHub } from "./linked-hub.ts";
import { browsersIn, until } from "./phone.ts";

/** Two phones on one real hub process, which is killed in the middle of what customers write. */
describe("a hub with two linked phones", () => {
  const numbers = ["420700000001", "420700000002"] as const;
  const ids: string[] = [];
  let database: FreshDatabase;
  let world: Awaited<ReturnType<typeof startLinkedHub>>;

  beforeAll(async () => {
    database = await freshDatabase();
    world = await startLinkedHub({ databaseUrl: database.url });
  }, 60_000);

  afterAll(async () => {
    await world?.close();
    await database?.drop();
  });

  it("links two phones by their codes at once, and files what is written as WhatsApp", async () => {
    for (const number of numbers) ids.push(await world.add(number));
    for (const [index, number] of numbers.entries()) await world.scan(ids[index] ?? "", number);
    for (const id of ids) await world.ready(id);
    for (const number of numbers)
      world.whatsapp.receive(number, { chat: "420777123456@c.us", body: `na číslo ${number}` });
    const found = await until("both are stored", async () => {
      const list = await world.stored("na číslo %");
      return list.length === 2 && list;
    });
    expect(new Set(found.map(({ account }) => account))).toEqual(new Set(ids));
    expect(new Set(found.map(({ channel }) => channel))).toEqual(new Set(["whatsapp"]));
    const { channels } = await world.admin.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels");
    const phones = channels.filter(({ kind }) => kind === "whatsapp-web");
    expect(phones.map(({ linkable, lastError }) => [linkable, lastError])).toEqual([
      [true, ""],
      [true, ""],
    ]);
  }, 60_000);

  it("loses and doubles nothing when it is killed while customers write, and leaves no browser behind", async () => {
    const most = 150;
    const write = (from: number, to: number): void => {
      for (let n = from; n < to; n += 1) {
        const chat = `4207770${String(n % 30).padStart(5, "0")}@c.us`;
        world.whatsapp.receive(numbers[n % 2] ?? "", { chat, body: `dávka ${n}` });
      }
    };
    write(0, 60);
    await until("the first are stored", async () => (await world.stored("dávka %")).length > 5);
    await world.hub().kill("SIGKILL");
    write(60, 100);
    await until("the browsers ended with the hub", async () => (await browsersIn(world.folder)).length === 0);
    await world.restart();
    write(100, most);
    await until("everything is stored", async () => (await world.stored("dávka %")).length >= most);
    for (const id of ids) await world.ready(id);
    const bodies = (await world.stored("dávka %")).map(({ body }) => body);
    expect(bodies.toSorted()).toEqual(Array.from({ length: most }, (_, n) => `dávka ${n}`).toSorted());
  }, 90_000);

  it("shows the code to nobody but administrators of the company, and prints it nowhere", async () => {
    const agent = await world.as(1);
    const path = `/api/admin/channels/${ids[0]}/link`;
    await expect(agent.call("GET", path)).rejects.toThrow(/403/);
    await expect(agent.call("POST", path, { do: "code" })).rejects.toThrow(/403/);
    agent.leave();
    expect(world.hub().output()).not.toContain("2@ref");
  });

  it("logs a phone out when the administrator says so, and asks for a new code", async () => {
    const [id = ""] = ids;
    await world.admin.call("POST", `/api/admin/channels/${id}/link`, { do: "logout" });
    const { qr } = await until("a new code", async () => {
      const now = await world.link(id);
      return now.qr !== null && now;
    });
    expect(qr).toContain("2@ref");
    const answer = await world.admin.call<ChannelLink>("POST", `/api/admin/channels/${id}/link`, { do: "code" });
    expect(answer).toMatchObject({ phase: "code", code: "ABCD1234" });
  }, 60_000);

  it("ends its browsers when it is told to stop", async () => {
    expect(await browsersIn(world.folder)).not.toEqual([]);
    await world.hub().kill("SIGINT");
    // A hub waits for 3 s; what a slow machine still closes then ends with it.
    await until("no browser is left", async () => (await browsersIn(world.folder)).length === 0);
  }, 60_000);
});
