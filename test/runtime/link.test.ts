import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { ConnectorError, defineConnector, type LinkView, remoteId } from "#contract";
import { type Node, startNode } from "./parts/node.ts";
import { addAccount, addTenant, openWorld, until, type World } from "./parts/world.ts";

const secretCode = "2@a-code-that-lets-its-reader-in";
let view: LinkView;
let asked: string[] = [];

/** A channel whose phone is linked by a code. */
const linked = defineConnector({
  kind: "linked",
  title: "Linked",
  config: z.object({}),
  secrets: [],
  address: () => "",
  limits: { text: 100, attachments: false, replyWindowHours: false, subject: false },
  open: (_account, hub) => ({
    start: (signal) => {
      hub.status({ state: "online" });
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
    send: (message) => Promise.resolve({ id: remoteId(message.key) }),
    link: {
      look: () => view,
      reconnect: async () => void asked.push("reconnect"),
      logout: async () => void asked.push("logout"),
      pairingCode: () => Promise.reject(new ConnectorError("rejected", "It is linked already.")),
    },
  }),
});

let world: World;
let nodes: readonly Node[];

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  asked = [];
  view = {
    phase: "code",
    says: "Scan.",
    since: new Date("2026-01-05T08:00:00Z"),
    show: { qr: secretCode },
    memoryBytes: 123,
  };
  nodes = [
    await startNode(world, { connectors: [linked], nodeId: "one" }),
    await startNode(world, { connectors: [linked], nodeId: "two" }),
  ];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
});

describe("the link of an account to a phone, asked for at any node", () => {
  it("is answered by the node that runs the account, whole, wherever the administrator is", async () => {
    const tenant = await addTenant(world.db);
    const id = await addAccount(world, { tenant, kind: "linked", url: "" });
    await Promise.all(nodes.map(({ supervisor }) => supervisor.reload(id)));
    await until("one of them runs it", () =>
      nodes.some(({ supervisor }) => supervisor.health().some((one) => one.accountId === id && one.leading)),
    );
    const answers = await Promise.all(
      nodes.map(({ supervisor }) => until("an answer", async () => (await supervisor.link(id, "look")) ?? undefined)),
    );
    expect(answers).toEqual([view, view]);
    for (const { supervisor } of nodes) await supervisor.link(id, "reconnect");
    expect(asked).toEqual(["reconnect", "reconnect"]);
    for (const { supervisor } of nodes)
      await expect(supervisor.link(id, "code")).rejects.toMatchObject({
        code: "rejected",
        message: "It is linked already.",
      });
  });

  it("is answered by nobody when nobody runs the account", async () => {
    expect(await nodes[0]?.supervisor.link("01a20ae4-e85d-7000-a395-acccef3ef36b", "look")).toBeNull();
  });

  it("never travels readable: what other listeners of the database hear has no code in it", async () => {
    const tenant = await addTenant(world.db);
    const id = await addAccount(world, { tenant, kind: "linked", url: "" });
    await Promise.all(nodes.map(({ supervisor }) => supervisor.reload(id)));
    const client = await world.db.pool.connect();
    const heard: string[] = [];
    client.on("notification", ({ payload = "" }) => void heard.push(payload));
    try {
      await client.query("listen linka_answer");
      await Promise.all(
        nodes.map(({ supervisor }) => until("an answer", async () => (await supervisor.link(id, "look")) ?? undefined)),
      );
      await until("another listener hears it", async () => {
        await client.query("select 1");
        return heard.length > 0;
      });
      for (const payload of heard) {
        expect(payload).not.toContain(secretCode);
        expect(Buffer.from(payload.split(" ")[1] ?? "", "base64").toString("latin1")).not.toContain(secretCode);
      }
    } finally {
      await client.query("unlisten *");
      client.release();
    }
  });
});
