import { setImmediate } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type Connector, defineConnector, type Peer, remoteId } from "#contract";
import { uuid } from "#core/uuid";
import { type Node, startNode } from "./parts/node.ts";
import { type Remote, startRemote } from "./parts/remote.ts";
import { scripted } from "./parts/scripted.ts";
import { addAccount, addAgent, addCase, addTenant, openWorld, type Tenant, until, type World } from "./parts/world.ts";

let asked: string[] = [];
/** A channel without a remote: it is called by webhook and by peers. */
const door: Connector = defineConnector({
  kind: "door",
  title: "Door",
  config: z.object({ word: z.string() }),
  secrets: [],
  address: () => "",
  limits: { text: 100, attachments: false, replyWindowHours: false, subject: false },
  open: (account, hub) => ({
    start: (signal) => {
      hub.status({ state: "online" });
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
    send: (message) => Promise.resolve({ id: remoteId(message.key) }),
    webhook: async (request) => {
      if (request.path === "/breaks") throw new Error("cannot store");
      await hub.memory.set("last", request.path);
      return { status: 200, body: `${account.config.word} ${await hub.memory.get("last")}` };
    },
    peer: (peer) =>
      peer.onAsk(async (event) => {
        asked.push(event);
        return account.config.word;
      }),
    probe: () => Promise.resolve({ says: `The word is ${account.config.word}.` }),
  }),
});
const connectors = [scripted({ kind: "talk" }), door];

let world: World;
let remote: Remote;
let tenant: Tenant;
let node: Node;
let other: Node | null = null;

beforeAll(async () => {
  world = await openWorld();
});
beforeEach(async () => {
  remote = await startRemote();
  tenant = await addTenant(world.db);
  node = await startNode(world, { connectors, lease: { ttlMs: 8_000, renewMs: 400 } });
});
afterEach(async () => {
  await other?.stop();
  other = null;
  await node.stop();
  await world.db.query({ text: "update channel_account set enabled = false" });
  await remote.stop();
});
afterAll(() => world.close());

const row = async (id: string) => {
  const [found] = await world.db.query<{ state: string; state_text: string; last_error: string }>({
    text: "select state, state_text, last_error from channel_account where id = $1",
    values: [id],
  });
  return found;
};
const stateIs = (id: string, state: string): Promise<boolean> =>
  until(`the account is ${state}`, async () => (await row(id))?.state === state);
const hook = (path: string) => ({
  method: "POST" as const,
  path,
  query: new URLSearchParams(),
  headers: new Headers(),
  body: new Uint8Array(),
});

describe("the supervisor", () => {
  it("runs an account as soon as it is there, restarts it with new settings, and stops it when it is switched off", async () => {
    const id = await addAccount(world, { tenant, kind: "talk", url: remote.url });
    await node.supervisor.reload(id);
    await stateIs(id, "online");
    const second = await startRemote();
    await world.db.query({
      text: "update channel_account set config = $2 where id = $1",
      values: [id, { url: second.url }],
    });
    await node.supervisor.reload(id);
    await until("it is connected to the new remote", () => second.live() === 1 && remote.live() === 0);
    await stateIs(id, "online");

    const agent = await addAgent(world.db, tenant);
    const made = await addCase(world, { tenant, accountId: id });
    await world.db.query({ text: "update channel_account set enabled = false where id = $1", values: [id] });
    await node.supervisor.reload(id);
    await stateIs(id, "stopped");
    await until("it has hung up", () => second.live() === 0);
    expect(node.supervisor.connection(id)).toBeUndefined();
    const send = node.commands.sendMessage(agent.scope, {
      conversationId: made.conversationId,
      clientKey: uuid(),
      mode: "reply",
      text: "ne",
      uploadIds: [],
    });
    await expect(send).rejects.toMatchObject({ code: "unavailable" });
    await second.stop();
  });

  it("does not reconnect for a new name or queue", async () => {
    const id = await addAccount(world, { tenant, kind: "talk", url: remote.url });
    await node.supervisor.reload(id);
    await stateIs(id, "online");
    const before = node.supervisor.connection(id);
    await world.db.query({
      text: "update channel_account set name = 'Nový', queue_id = $2 where id = $1",
      values: [id, tenant.otherQueueId],
    });
    await node.supervisor.reload(id);
    expect(node.supervisor.connection(id)).toBe(before);
    expect(remote.mostLive()).toBe(1);
  });

  it("hears of a change that another node was told", async () => {
    other = await startNode(world, { connectors, nodeId: "other", lease: { ttlMs: 8_000, renewMs: 400 } });
    const id = await addAccount(world, { tenant, kind: "door", url: "x", config: { word: "ahoj" } });
    await node.supervisor.reload(id);
    await until("the other node has it open", () => other?.supervisor.connection(id));
    const leaders = (): number =>
      [node, other].filter((one) => one?.supervisor.health().some((o) => o.accountId === id && o.leading)).length;
    await until("one of them leads", () => leaders() > 0);
    expect(leaders()).toBe(1);
    expect(await other.supervisor.webhook(id, hook("/a"))).toEqual({ status: 200, body: "ahoj /a" });
    await world.db.query({ text: "update channel_account set enabled = false where id = $1", values: [id] });
    await node.supervisor.reload(id);
    await until("the other node has closed it", () => other?.supervisor.connection(id) === undefined);
  });

  it("lets a message that was written on another node out at once", async () => {
    const id = await addAccount(world, { tenant, kind: "talk", url: remote.url });
    await node.supervisor.reload(id);
    await stateIs(id, "online");
    other = await startNode(world, { connectors, nodeId: "other", lease: { ttlMs: 8_000, renewMs: 400 } });
    const agent = await addAgent(world.db, tenant);
    const made = await addCase(world, { tenant, accountId: id });
    await other.commands.sendMessage(agent.scope, {
      conversationId: made.conversationId,
      clientKey: uuid(),
      mode: "reply",
      text: "odjinud",
      uploadIds: [],
    });
    await until("it arrives", () => remote.arrived.length === 1);
  });

  it("shows a connector that throws out of start() as offline with its reason, without the secret, and tries again", async () => {
    const id = await addAccount(world, {
      tenant,
      kind: "talk",
      url: remote.url,
      token: "hunter2-secret",
      config: { broken: true },
    });
    await node.supervisor.reload(id);
    await stateIs(id, "offline");
    expect(await row(id)).toMatchObject({ state_text: "no login with [secret]", last_error: "no login with [secret]" });
    await until(
      "it was tried again",
      () => world.lines.filter((line) => line.includes(id) && line.startsWith("channel account ended")).length > 1,
    );
    expect(world.lines.join("\n")).not.toContain("hunter2");
    await world.db.query({
      text: "update channel_account set config = $2 where id = $1",
      values: [id, { url: remote.url }],
    });
    await node.supervisor.reload(id);
    await stateIs(id, "online");
    expect((await row(id))?.last_error).toBe("no login with [secret]");
  });

  it("connects again by itself when the remote hangs up", async () => {
    const id = await addAccount(world, { tenant, kind: "talk", url: remote.url });
    await node.supervisor.reload(id);
    await stateIs(id, "online");
    remote.dropLive();
    await until("the reason is kept", async () => (await row(id))?.last_error === "the remote hung up");
    await stateIs(id, "online");
    await until("it is connected again", () => remote.live() === 1);
    expect(remote.mostLive()).toBe(1);
  });

  it("names what is wrong with stored settings, and keeps the other accounts running", async () => {
    const bad = await addAccount(world, { tenant, kind: "talk", url: "no address" });
    const unknown = await addAccount(world, { tenant, kind: "pigeon", url: remote.url });
    const good = await addAccount(world, { tenant, kind: "talk", url: remote.url });
    for (const id of [bad, unknown, good]) await node.supervisor.reload(id);
    await stateIs(good, "online");
    await stateIs(bad, "offline");
    await stateIs(unknown, "offline");
    expect((await row(bad))?.state_text).toMatch(/settings are not valid/);
    expect((await row(unknown))?.state_text).toMatch(/no channel "pigeon"/);
  });

  it("hands webhooks and live sockets to the account they are for, and knows when there is none", async () => {
    asked = [];
    const id = await addAccount(world, { tenant, kind: "door", url: "x", config: { word: "heslo" } });
    const mute = await addAccount(world, { tenant, kind: "talk", url: remote.url });
    await node.supervisor.reload(id);
    await node.supervisor.reload(mute);
    expect(await node.supervisor.webhook(id, hook("/x"))).toEqual({ status: 200, body: "heslo /x" });
    expect(await node.supervisor.webhook(id, hook("/breaks"))).toEqual({ status: 503 });
    expect(await node.supervisor.webhook(mute, hook("/x"))).toBeNull();
    expect(await node.supervisor.webhook(uuid(), hook("/x"))).toBeNull();
    let ask: ((event: string, payload: unknown) => Promise<unknown>) | undefined;
    const peer: Peer = {
      ip: "127.0.0.1",
      origin: undefined,
      onAsk: (handler) => {
        ask = handler;
      },
      tell: () => undefined,
      join: () => undefined,
      close: () => undefined,
      closed: new AbortController().signal,
    };
    expect(node.supervisor.peer(mute, peer)).toBe(false);
    expect(node.supervisor.peer(id, peer)).toBe(true);
    expect(await ask?.("hello", {})).toBe("heslo");
    expect(asked).toEqual(["hello"]);
  });

  it("tries settings for the admin before they are saved", async () => {
    expect(await node.supervisor.probe({ kind: "door", config: { word: "zkouška" } })).toEqual({
      ok: true,
      says: "The word is zkouška.",
      checks: [],
    });
    expect(await node.supervisor.probe({ kind: "door", config: {} })).toMatchObject({ ok: false });
    expect(await node.supervisor.probe({ kind: "talk", config: { url: remote.url } })).toMatchObject({ ok: true });
    expect(await node.supervisor.probe({ kind: "pigeon", config: {} })).toMatchObject({ ok: false });
  });

  it("trying a channel that has nothing to try does not end the hub when the time for it is over", async () => {
    const time = new AbortController();
    const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(time.signal);
    const unheard: unknown[] = [];
    const hear = (reason: unknown) => void unheard.push(reason);
    process.on("unhandledRejection", hear);
    try {
      await node.supervisor.probe({ kind: "talk", config: { url: remote.url } });
      time.abort();
      await setImmediate();
      await setImmediate();
      expect(unheard).toEqual([]);
    } finally {
      process.off("unhandledRejection", hear);
      timeout.mockRestore();
    }
  });

  it("lets what is being sent finish when it stops, and leaves the accounts stopped", async () => {
    const id = await addAccount(world, { tenant, kind: "talk", url: remote.url });
    await node.supervisor.reload(id);
    await stateIs(id, "online");
    const agent = await addAgent(world.db, tenant);
    const made = await addCase(world, { tenant, accountId: id });
    remote.next({ hold: true });
    const message = await node.commands.sendMessage(agent.scope, {
      conversationId: made.conversationId,
      clientKey: uuid(),
      mode: "reply",
      text: "ještě tohle",
      uploadIds: [],
    });
    await until("the remote has it", () => remote.arrived.length === 1);
    const stopping = node.stop();
    remote.release();
    await stopping;
    const [delivery] = await world.db.query({
      text: "select state from delivery where message_id = $1",
      values: [message.id],
    });
    expect(delivery).toEqual({ state: "sent" });
    expect((await row(id))?.state).toBe("stopped");
    expect(remote.live()).toBe(0);
  });
});
