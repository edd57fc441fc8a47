import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { accountId as toAccountId, type Outbound, remoteId } from "#contract";
import { uuid } from "#core/uuid";
import { keepLeases } from "#runtime/lease";
import { startOutbox } from "#runtime/outbox";
import type { LeaseProof } from "#store/outbox";
import { type Node, quietCommands, startNode } from "./parts/node.ts";
import { type Remote, startRemote } from "./parts/remote.ts";
import { scripted } from "./parts/scripted.ts";
import {
  addAccount,
  addAgent,
  addCase,
  addTenant,
  type Agent,
  type Case,
  openWorld,
  type Tenant,
  until,
  type World,
} from "./parts/world.ts";

const connectors = [scripted({ kind: "talk" }), scripted({ kind: "safe", idempotent: true })];
const lease = { ttlMs: 3_000, renewMs: 500 };

let world: World;
let remote: Remote;
let tenant: Tenant;
let agent: Agent;
const nodes: Node[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  world = await openWorld();
  tenant = await addTenant(world.db);
  agent = await addAgent(world.db, tenant);
});
beforeEach(async () => {
  remote = await startRemote();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const node of nodes.splice(0)) await node.stop();
  await world.db.query({ text: "update channel_account set enabled = false" });
  await remote.stop();
});
afterAll(() => world.close());

const start = async (nodeId: string): Promise<Node> => {
  const node = await startNode(world, { connectors, nodeId, lease });
  nodes.push(node);
  return node;
};
const startChild = async (nodeId: string, point = ""): Promise<ChildProcess> => {
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.resolve("./parts/child.ts")), world.url, nodeId, point],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  children.push(child);
  if (child.stdout === null) throw new Error("no stdout");
  await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
  return child;
};
const account = (kind: string): Promise<string> => addAccount(world, { tenant, kind, url: remote.url });
const say = async (made: Case, text: string): Promise<string> => {
  const message = await quietCommands(world, connectors).sendMessage(agent.scope, {
    conversationId: made.conversationId,
    clientKey: uuid(),
    mode: "reply",
    text,
    uploadIds: [],
  });
  return message.id;
};
const stateOf = async (messageId: string): Promise<string | undefined> => {
  const [row] = await world.db.query<{ state: string }>({
    text: "select state from delivery where message_id = $1",
    values: [messageId],
  });
  return row?.state;
};
const becomes = (messageId: string, state: string): Promise<boolean> =>
  until(`the message is ${state}`, async () => (await stateOf(messageId)) === state);

describe("the hub is killed while it sends", () => {
  it("before anything was claimed: the next one sends it", async () => {
    const made = await addCase(world, { tenant, accountId: await account("talk") });
    const id = await say(made, "čeká");
    await start("next");
    await becomes(id, "sent");
    expect(remote.arrived).toHaveLength(1);
  });

  it.each([
    ["between claim and send", "outbox.claimed", 0],
    ["between send and its record", "outbox.answered", 1],
  ])("%s: uncertain, never sent by itself a second time", async (_, point, taken) => {
    const made = await addCase(world, { tenant, accountId: await account("talk") });
    const id = await say(made, "možná");
    const child = await startChild("first", point);
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    expect(child.signalCode).toBe("SIGKILL");
    expect(await stateOf(id)).toBe("sending");
    const next = await start("next");
    await becomes(id, "uncertain");
    const after = await say(made, "další");
    await becomes(after, "sent");
    expect(remote.arrived.filter((one) => one.key === id)).toHaveLength(taken);
    expect(
      world.published.some(({ messages }) =>
        messages.some((one) => one.id === id && one.deliveries[0]?.state === "uncertain"),
      ),
    ).toBe(true);
    await next.commands.retryMessage(agent.scope, { messageId: id });
    await becomes(id, "sent");
  });

  it.each(["outbox.claimed", "outbox.answered"])(
    "at %s, on a channel that drops repeated keys: sent under the same key",
    async (point) => {
      const made = await addCase(world, { tenant, accountId: await account("safe") });
      const id = await say(made, "jistě");
      const child = await startChild("first", point);
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await start("next");
      await becomes(id, "sent");
      expect(new Set(remote.arrived.map((one) => one.key))).toEqual(new Set([id]));
    },
  );
});

describe("a channel account has one leader", () => {
  it("and when its process is killed, another node of the same machine takes over at once", async () => {
    const accountId = await account("talk");
    const child = await startChild("first");
    await until("the first leads", () => remote.live() === 1);
    await start("second");
    child.kill("SIGKILL");
    await once(child, "exit");
    const began = performance.now();
    await until("the second leads", () =>
      nodes[0]?.supervisor.health().some((one) => one.accountId === accountId && one.leading),
    );
    // Sooner than the lease could have ended: the process was seen to be gone.
    expect(performance.now() - began).toBeLessThan(lease.ttlMs - lease.renewMs - 200);
    await until("it alone is connected", () => remote.live() === 1);
  });

  it("and when its process hangs, the lease ends; waking up it stops, and nothing is sent twice", async () => {
    const accountId = await account("talk");
    const made = await addCase(world, { tenant, accountId });
    const child = await startChild("first");
    await until("the first leads", () => remote.live() === 1);
    remote.next({ hold: true });
    const id = await say(made, "na cestě");
    await until("the channel has it", () => remote.arrived.length === 1);
    child.kill("SIGSTOP");
    const second = await start("second");
    expect(second.supervisor.health().some((one) => one.leading)).toBe(false);
    await until("the second leads", () =>
      second.supervisor.health().some((one) => one.leading && one.state === "online"),
    );
    await becomes(id, "uncertain");
    const other = await say(made, "druhá");
    second.outbox.kick({ accountId });
    await becomes(other, "sent");
    child.kill("SIGCONT");
    remote.release();
    await until("the first has let go", () => remote.live() === 1);
    expect(second.supervisor.health().some((one) => one.leading)).toBe(true);
    expect(["uncertain", "sent"]).toContain(await stateOf(id));
    expect(remote.arrived.map((one) => one.text)).toEqual(["na cestě", "druhá"]);
  });

  it("and one who lost the lease without knowing takes no message any more", async () => {
    const accountId = await account("talk");
    const first = await start("first");
    await until("the first leads", () => remote.live() === 1);
    const [held] = await world.db.query<{ name: string; owner: string; fencing: string }>({
      text: "select name, owner, fencing from lease where name like $1",
      values: [`%${accountId}`],
    });
    if (held === undefined) throw new Error("no lease");
    const made = await addCase(world, { tenant, accountId });
    const sent: string[] = [];
    const stale = (proof: { owner: string; fencing: bigint }) => ({
      accountId: toAccountId(accountId),
      tenantId: tenant.id,
      connection: {
        start: () => Promise.resolve(),
        send: (message: Outbound) => {
          sent.push(message.key);
          return Promise.resolve({ id: remoteId(message.key) });
        },
      },
      idempotent: false,
      limits: { replyWindowHours: false as const },
      lease: { name: held.name, ...proof },
      signal: new AbortController().signal,
      redact: (text: string) => text,
      sent: () => undefined,
      gone: () => undefined,
      authFailed: () => undefined,
    });
    const outbox = startOutbox({ ...world, now: world.clock.now, files: { read: () => Readable.from([]) } });
    const fencing = BigInt(held.fencing);
    const attached = [
      outbox.attach(stale({ owner: held.owner, fencing: fencing - 1n })),
      outbox.attach(stale({ owner: "another node", fencing })),
    ];
    await first.stop();
    nodes.splice(0, 1);
    attached.push(outbox.attach(stale({ owner: held.owner, fencing })));
    const id = await say(made, "ne odtud");
    outbox.kick({ accountId });
    await start("second");
    await becomes(id, "sent");
    expect(sent).toEqual([]);
    expect(remote.arrived).toHaveLength(1);
    for (const one of attached) await one.detach();
    await outbox.stop();
  });

  it("and goes to another node without a wait when the first one stops in order", async () => {
    await account("talk");
    const first = await start("first");
    await until("the first leads", () => remote.live() === 1);
    const second = await start("second");
    await first.stop();
    nodes.splice(0, 1);
    const began = performance.now();
    await until("the second leads", () => second.supervisor.health().some((one) => one.state === "online"));
    expect(performance.now() - began).toBeLessThan(lease.ttlMs - lease.renewMs - 200);
    expect(remote.mostLive()).toBe(1);
  });

  it("whatever three nodes do at the same time: never two at once, and the fencing number grows with each owner", async () => {
    const owners: { node: string; proof: LeaseProof }[] = [];
    const holding = new Map<string, Set<string>>();
    let mostAtOnce = 0;
    const names = Array.from({ length: 20 }, (_, index) => `test:${index}`);
    const open = (node: string) =>
      keepLeases({
        ...world,
        nodeId: node,
        ttlMs: 6_000,
        renewMs: 100,
        wanted: () => names,
        gained: (proof) => {
          owners.push({ node, proof });
          const set = holding.get(proof.name) ?? new Set();
          holding.set(proof.name, set.add(node));
          mostAtOnce = Math.max(mostAtOnce, set.size);
        },
        lost: (name) => holding.get(name)?.delete(node),
      });
    const running = ["a", "b", "c"].map((node) => ({ node, leases: open(node) }));
    for (let round = 0; round < 6; round += 1) {
      await until("every name has an owner", () => names.every((name) => (holding.get(name)?.size ?? 0) === 1));
      const busiest = running.find(({ node }) => [...holding.values()].some((set) => set.has(node)));
      if (busiest === undefined) throw new Error("nobody leads");
      for (const set of holding.values()) set.delete(busiest.node);
      await busiest.leases.stop();
      busiest.leases = open(busiest.node);
    }
    for (const { leases } of running) await leases.stop();
    expect(mostAtOnce).toBe(1);
    for (const name of names) {
      const numbers = owners.filter(({ proof }) => proof.name === name).map(({ proof }) => proof.fencing);
      expect(numbers.length).toBeGreaterThan(3);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers).toEqual(numbers.toSorted((a, b) => Number(a - b)));
    }
  });

  it("which stops by its own clock when the database does not answer any more", async () => {
    const accountId = await account("talk");
    const node = await start("alone");
    await until("it leads", () => remote.live() === 1);
    await world.db.query({ text: "alter table lease rename to lease_away" });
    try {
      await until("it lets go", () =>
        node.supervisor.health().every((one) => one.accountId !== accountId || !one.leading),
      );
      await until("the connection is closed", () => remote.live() === 0);
      await until("it says that it is not ready", () => node.supervisor.overdue().includes(accountId));
    } finally {
      await world.db.query({ text: "alter table lease_away rename to lease" });
    }
    await until("it leads again", () => remote.live() === 1);
    expect(node.supervisor.overdue()).toEqual([]);
  });
});
