import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jana, openPhone, ours, type Phone, until } from "./phone.ts";

vi.setConfig({ testTimeout: 60_000 });

let phone: Phone;
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "it was sent",
    (thrown: unknown) => thrown,
  );

beforeAll(async () => {
  phone = await openPhone();
  await phone.online();
});
afterAll(() => phone.close());

describe("a busy account", () => {
  it("stores 500 messages that arrive at once, each once", async () => {
    const customer = (n: number): string => `4207770${String(n % 40).padStart(5, "0")}@c.us`;
    for (let n = 0; n < 500; n += 1) phone.whatsapp.receive("a", { chat: customer(n), body: `nával ${n}` });
    const arrived = () => phone.account.messages().filter(({ event }) => event.text.startsWith("nával "));
    await until("all are stored", () => arrived().length >= 500);
    expect(new Set(arrived().map(({ event }) => event.text)).size).toBe(500);
    expect(arrived()).toHaveLength(500);
    const asked = phone.whatsapp.ops.filter(({ op }) => op === "exists");
    expect(asked, "WhatsApp's server was asked about nobody").toEqual([]);
  });

  it("sends 100 messages one after the other, in their order", async () => {
    const texts = Array.from({ length: 100 }, (_, n) => `pořadí ${n}`);
    await Promise.all(texts.map((text) => phone.account.send(phone.letter(text))));
    expect(phone.whatsapp.sent.map(({ body }) => body)).toEqual(texts);
  });
});

describe("a day on the network", () => {
  it("is offline while WhatsApp has no connection, and misses nothing of that time", async () => {
    phone.whatsapp.tuning.away = true;
    phone.whatsapp.drop();
    expect(await phone.status("offline")).toHaveProperty("reason", expect.stringContaining("TIMEOUT"));
    expect(await failureOf(phone.account.send(phone.letter("nejde")))).toMatchObject({
      code: "unreachable",
      wholeAccount: true,
    });
    phone.whatsapp.receive("a", { chat: jana, body: "během výpadku" });
    phone.whatsapp.tuning.away = false;
    await phone.status("online");
    await phone.message("během výpadku");
  });

  it("goes on after the page reloads itself", async () => {
    const loaded = once(phone.whatsapp.events, "page");
    // The new page is synced before the library is back in it.
    phone.whatsapp.tuning.syncMs = 0;
    phone.whatsapp.tell("a", { ev: "reload" });
    await loaded;
    phone.whatsapp.receive("a", { chat: jana, body: "po obnovení" });
    await phone.message("po obnovení");
  });

  it("keeps the login over a restart: no code is asked for", async () => {
    const before = phone.account.statuses.length;
    await phone.account.stop();
    phone.account.start();
    await phone.status("online");
    expect(phone.account.statuses.slice(before).map(({ state }) => state)).not.toContain("needs-login");
  });

  it("asks for a new code when the phone has logged it out", async () => {
    phone.whatsapp.unlink("a");
    const next = await until("a new code", async () => {
      const status = await phone.status("needs-login");
      return status.show === undefined ? undefined : status;
    });
    expect(next.show).toMatchObject({ qr: expect.stringContaining("2@ref") });
  });

  it("can be linked by a code that is typed into the phone", async () => {
    expect(await phone.link().pairingCode()).toBe("ABCD1234");
    expect(phone.link().look().show).toEqual({ code: "ABCD1234" });
    phone.whatsapp.scan("a", ours);
    await phone.status("online");
  });
});
