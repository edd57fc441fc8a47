import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Frame } from "#wire";
import {
  addConversation,
  addQueue,
  addTenant,
  addUser,
  type DeskClient,
  deskSocket,
  disconnected,
  type Hub,
  logIn,
  startHub,
} from "./hub.ts";
import { metric, poll } from "./waiting.ts";
import { systemScope, userScope } from "#core/scope";

let hub: Hub;
let bank: string;
let shop: string;
beforeAll(async () => {
  hub = await startHub({ tuning: { sweepMs: 3_600_000, slowBytes: 400_000 } });
  bank = await addTenant(hub, "bank");
  shop = await addTenant(hub, "shop");
});
afterAll(() => hub.stop());

const write = (tenantId: string, conversationId: string, text: string) =>
  hub.commands.sendMessage(
    userScope({
      actor: { type: "user", id: writer, name: "Writer" },
      grants: systemScope({ tenantId }).grants,
    }),
    { conversationId, clientKey: `key-${Math.random()}`, mode: "note", text, uploadIds: [] },
  );
let writer: string;
beforeAll(async () => {
  writer = (await addUser(hub, "Writer", [{ tenantId: bank }, { tenantId: shop }])).id;
});

const about = (id: string) => (frame: Frame) => frame.changes.some((change) => change.row.id === id);
const heardOf = (client: DeskClient, id: string): boolean =>
  client.news.some(({ event, payload }) => event === "frame" && about(id)(payload as Frame));
/** After this every frame sent before has arrived: the answer travels behind it. */
const settled = async (client: DeskClient): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 150));
  await client.ask("conversation.close", { id: "none" });
};
const desk = async (name: string, memberships: Parameters<typeof addUser>[2]) => {
  const user = await addUser(hub, name, memberships);
  const page = await logIn(hub, user);
  return { user, page, client: await deskSocket(hub, page) };
};

describe("who may connect", () => {
  test("nobody without a session, with a forged one, or from another site's page", async () => {
    const page = await logIn(hub, await addUser(hub, "Alena Jedna", [{ tenantId: bank }]));
    await expect(deskSocket(hub, { ...page, cookie: "" })).rejects.toThrow("unauthorized");
    await expect(deskSocket(hub, { ...page, cookie: page.cookie.replace(/.$/, "!") })).rejects.toThrow("unauthorized");
    await expect(deskSocket(hub, page, { origin: "https://evil.example" })).rejects.toThrow("unauthorized");
    const client = await deskSocket(hub, page);
    client.socket.close();
  });

  test("an expired session, a session or a membership that another node ended: the sockets follow by themselves", async () => {
    const own = await startHub({ tuning: { sweepMs: 100 } });
    try {
      const tenant = await addTenant(own, "bank");
      const user = await addUser(own, "Bedrich Dva", [{ tenantId: tenant }]);
      const page = await logIn(own, user);
      const client = await deskSocket(own, page);
      await own.prisma.membership.deleteMany({ where: { userId: user.id } });
      expect(await client.heard("rights")).toEqual({ tenantIds: [tenant] });
      const id = page.cookie.split("=")[1]?.split(".")[0];
      await own.db.query({
        text: "UPDATE session SET expires_at = created_at + interval '1 ms' WHERE id = $1",
        values: [id],
      });
      await client.heard("bye", (bye: { reason: string }) => bye.reason === "expired");
      await disconnected(client);
    } finally {
      await own.stop();
    }
  });

  test("logging out in one tab ends the sockets of that session at once, of others not", async () => {
    const user = await addUser(hub, "Cecilie Tri", [{ tenantId: bank }]);
    const [here, there] = [await logIn(hub, user), await logIn(hub, user)];
    const [first, second] = [await deskSocket(hub, here), await deskSocket(hub, there)];
    await here.call("POST", "/api/logout");
    await first.heard("bye", (bye: { reason: string }) => bye.reason === "logged-out");
    await disconnected(first);
    expect(second.socket.connected).toBe(true);
    second.socket.close();
  });

  test("a question that is malformed, unknown or oversized is refused and harms nobody", async () => {
    const { client } = await desk("Drahomir Ctyri", [{ tenantId: bank }]);
    const bad = (await client.socket.timeout(2_000).emitWithAck("conversation.open", { id: 5 })) as {
      ok: boolean;
      refusal: { code: string };
    };
    expect(bad).toMatchObject({ ok: false, refusal: { code: "bad-request" } });
    expect(await client.ask("conversation.open", { id: "' OR 1=1 --" })).toMatchObject({
      ok: false,
      refusal: { code: "not-found" },
    });
    const { client: huge } = await desk("Eliska Pet", [{ tenantId: bank }]);
    huge.socket.emit("message.send", { text: "x".repeat(1_200_000) });
    await disconnected(huge);
    expect(await client.ask("view.open", { kind: "all" })).toMatchObject({ ok: true });
    client.socket.close();
  });
});

describe("what reaches a screen", () => {
  test("rows of one's own queues as rows, whole messages only where the conversation is open, nothing of another company", async () => {
    const queue = await addQueue(hub, bank, "cards");
    const other = await addQueue(hub, bank, "loans");
    const conversation = await addConversation(hub, { tenantId: bank, queueId: queue });
    const inQueue = await desk("Frantisek Sest", [{ tenantId: bank, queueIds: [queue] }]);
    const elsewhere = await desk("Gustav Sedm", [{ tenantId: bank, queueIds: [other] }]);
    const foreign = await desk("Helena Osm", [{ tenantId: shop, role: "admin" }]);
    const opener = await desk("Ivana Devet", [{ tenantId: bank }]);
    expect(await opener.client.ask("conversation.open", { id: conversation.id })).toMatchObject({ ok: true });
    expect(await elsewhere.client.ask("conversation.open", { id: conversation.id })).toMatchObject({ ok: false });
    expect(await foreign.client.ask("conversation.open", { id: conversation.id })).toMatchObject({ ok: false });

    await write(bank, conversation.id, "told to those who may see");
    const row = (await inQueue.client.heard<Frame>("frame", about(conversation.id))).changes[0];
    expect(row).toMatchObject({ prev: 2, row: { version: 2 }, messages: [] });
    const whole = (await opener.client.heard<Frame>("frame", about(conversation.id))).changes[0];
    expect(whole).toMatchObject({ prev: 1, messages: [{ text: "told to those who may see", seq: 2 }] });
    await Promise.all([settled(elsewhere.client), settled(foreign.client)]);
    expect(heardOf(elsewhere.client, conversation.id)).toBe(false);
    expect(heardOf(foreign.client, conversation.id)).toBe(false);

    await opener.client.ask("conversation.close", { id: conversation.id });
    await write(bank, conversation.id, "a second time");
    const after = await opener.client.heard<Frame>("frame", (frame) =>
      frame.changes.some((change) => change.row.version === 3),
    );
    expect(after.changes[0]?.messages).toEqual([]);
    for (const { client } of [inQueue, elsewhere, foreign, opener]) client.socket.close();
  });

  test("a conversation that leaves the queue leaves the screen, and nothing said in it comes along", async () => {
    const [from, to] = [await addQueue(hub, bank, "from"), await addQueue(hub, bank, "to")];
    const conversation = await addConversation(hub, {
      tenantId: bank,
      queueId: from,
      body: "my secret matter",
      subject: "secret subject",
    });
    const agent = await desk("Jarmila Deset", [{ tenantId: bank, queueIds: [from] }]);
    await agent.client.ask("conversation.open", { id: conversation.id });
    const boss = systemScope({ tenantId: bank });
    await hub.commands.updateConversation(boss, { id: conversation.id, set: { queueId: to } });
    const moved = await agent.client.heard<Frame>("frame", about(conversation.id));
    expect(moved.changes[0]?.row).toMatchObject({ queueId: to, preview: "", subject: null });
    const before = agent.client.news.length;
    await write(bank, conversation.id, "not for the old queue");
    await settled(agent.client);
    expect(agent.client.news.slice(before).filter(({ event }) => event === "frame")).toEqual([]);
    agent.client.socket.close();
  });

  test("a revoked membership empties the rooms at once and says what to drop", async () => {
    const admin = await logIn(hub, await addUser(hub, "Klara Admin", [{ tenantId: shop, role: "admin" }]));
    const conversation = await addConversation(hub, { tenantId: shop });
    const agent = await desk("Libor Dvanact", [{ tenantId: bank }, { tenantId: shop }]);
    await agent.client.ask("conversation.open", { id: conversation.id });
    const { name, email } = agent.user;
    const answer = await admin.call("PUT", `/api/admin/users/${agent.user.id}`, { name, email, memberships: [] });
    expect(answer.status).toBe(200);
    expect(await agent.client.heard("rights")).toEqual({ tenantIds: [shop] });
    await write(shop, conversation.id, "for members only");
    await settled(agent.client);
    expect(heardOf(agent.client, conversation.id)).toBe(false);
    expect(await agent.client.ask("conversation.open", { id: conversation.id })).toMatchObject({ ok: false });
    agent.client.socket.close();
  });

  test("a disabled user's sockets end at once", async () => {
    const admin = await logIn(hub, await addUser(hub, "Marta Admin", [{ tenantId: shop, role: "admin" }]));
    const agent = await desk("Norbert Ctrnact", [{ tenantId: shop }]);
    const { name, email } = agent.user;
    const memberships = [{ tenantId: shop, role: "agent" }];
    await admin.call("PUT", `/api/admin/users/${agent.user.id}`, { name, email, disabled: true, memberships });
    await agent.client.heard("bye", (bye: { reason: string }) => bye.reason === "revoked");
    await disconnected(agent.client);
    expect((await agent.page.call("GET", "/api/boot")).status).toBe(401);
  });
});

describe("colleagues see each other", () => {
  test("looking and writing show, a note does not reach the customer's side, and leaving clears it", async () => {
    const typed: boolean[] = [];
    const conversation = await addConversation(hub, { tenantId: bank });
    const [account, thread] = [crypto.randomUUID(), crypto.randomUUID()];
    await hub.prisma.channelAccount.create({ data: { id: account, tenantId: bank, kind: "loopback", name: "x" } });
    await hub.prisma.thread.create({ data: { id: thread, tenantId: bank, accountId: account, externalKey: "k" } });
    await hub.prisma.conversationThread.create({
      data: { conversationId: conversation.id, threadId: thread, tenantId: bank },
    });
    const told = new Promise<void>((resolve) => {
      hub.channels.connection = () => ({
        start: async () => undefined,
        send: async () => {
          throw new Error("not here");
        },
        typing: async (_thread, active) => {
          typed.push(active);
          resolve();
        },
      });
    });
    const [first, second] = [
      await desk("Olga Patnact", [{ tenantId: bank }]),
      await desk("Petr Sestnact", [{ tenantId: bank }]),
    ];
    await first.client.ask("conversation.open", { id: conversation.id });
    await second.client.ask("conversation.open", { id: conversation.id });
    const seen = (activity: string | null) => (frame: Frame) =>
      frame.presence.some(
        ({ conversationId, viewers }) =>
          conversationId === conversation.id &&
          (viewers.find(({ userId }) => userId === first.user.id)?.activity ?? null) === activity,
      );
    await first.client.ask("presence", { conversationId: conversation.id, activity: "composing", mode: "note" });
    await second.client.heard("frame", seen("noting"));
    expect(typed).toEqual([]);
    await first.client.ask("presence", { conversationId: conversation.id, activity: "composing", mode: "reply" });
    await second.client.heard("frame", seen("composing"));
    await told;
    expect(typed).toEqual([true]);
    second.client.news.length = 0;
    first.client.socket.close();
    await second.client.heard("frame", seen(null));
    hub.channels.connection = () => undefined;
    second.client.socket.close();
  });

  test("a draft appears in the agent's other tab and with nobody else", async () => {
    const conversation = await addConversation(hub, { tenantId: bank });
    const user = await addUser(hub, "Radka Sedmnact", [{ tenantId: bank }]);
    const page = await logIn(hub, user);
    const [tab, otherTab] = [await deskSocket(hub, page), await deskSocket(hub, page)];
    const colleague = await desk("Simon Osmnact", [{ tenantId: bank }]);
    const saved = await tab.ask("draft.save", {
      conversationId: conversation.id,
      mode: "reply",
      body: "half a sen",
      rev: 0,
    });
    expect(saved).toMatchObject({ ok: true, value: { draft: { rev: 1 } } });
    expect(await otherTab.heard("draft")).toEqual({
      conversationId: conversation.id,
      draft: { mode: "reply", body: "half a sen", rev: 1 },
    });
    await settled(colleague.client);
    expect([...tab.news, ...colleague.client.news].filter(({ event }) => event === "draft")).toEqual([]);
    for (const client of [tab, otherTab, colleague.client]) client.socket.close();
  });

  test("counts follow when a conversation changes its view", async () => {
    const { client } = await desk("Tereza Devatenact", [{ tenantId: bank }]);
    const opened = await client.ask("view.open", { kind: "all" });
    if (!opened.ok) throw new Error("refused");
    const conversation = await addConversation(hub, { tenantId: bank });
    await client.ask("conversation.update", { id: conversation.id, set: { assigneeId: "me" } });
    const { mine, all } = opened.value.counts;
    expect(await client.heard("counts")).toMatchObject({ mine: mine + 1, all: all + 1 });
    client.socket.close();
  });
});

describe("load", () => {
  test("changes that come together travel together, the first at once", async () => {
    const conversation = await addConversation(hub, { tenantId: shop });
    const { client } = await desk("Ursula Dvacet", [{ tenantId: shop }]);
    await client.ask("conversation.open", { id: conversation.id });
    await Promise.all(Array.from({ length: 60 }, (_, i) => write(shop, conversation.id, `note ${i}`)));
    await client.heard<Frame>("frame", (frame) => frame.changes.some(({ row }) => row.version === 61));
    const frames = client.news.filter(
      ({ event, payload }) => event === "frame" && (payload as Frame).changes.length > 0,
    );
    const changes = frames.flatMap(({ payload }) => (payload as Frame).changes);
    expect(new Set(changes.flatMap(({ messages }) => messages.map(({ seq }) => seq))).size).toBe(60);
    expect(frames.length).toBeLessThan(40);
    // Steps may be told out of order, but none claims more than it carries.
    for (const { prev, row, messages } of changes)
      expect(messages.map((message) => message.version).sort((a, b) => a - b)).toEqual(
        Array.from({ length: row.version - prev }, (_, i) => prev + 1 + i),
      );
    client.socket.close();
  });

  test("a client that does not read is dropped and the hub keeps its memory", async () => {
    const conversation = await addConversation(hub, { tenantId: shop });
    const { client } = await desk("Viktor Dvacet Jedna", [{ tenantId: shop }]);
    await client.ask("conversation.open", { id: conversation.id });
    const transport: object = client.socket.io.engine.transport;
    const tcp = (transport as { ws: Record<"_socket", { pause(): void; resume(): void }> }).ws["_socket"];
    tcp.pause();
    const gone = disconnected(client);
    const text = "x".repeat(90_000);
    for (let i = 0; i < 150; i += 1) await write(shop, conversation.id, text);
    // Only the server can have ended it: this side reads nothing, not even the end.
    const left = await poll(async () => (await metric(hub, "linka_live_slow_total")) >= 1);
    expect(left).toBe(true);
    tcp.resume();
    await gone;
  });
});
