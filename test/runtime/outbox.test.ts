import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { uuid } from "#core/uuid";
import { type Node, startNode } from "./parts/node.ts";
import { type Remote, startRemote } from "./parts/remote.ts";
import { scripted } from "./parts/scripted.ts";
import {
  addAccount,
  addAgent,
  addCase,
  addTenant,
  type Agent,
  type Case,
  checkNumbers,
  openWorld,
  type Tenant,
  until,
  type World,
} from "./parts/world.ts";

const connectors = [
  scripted({ kind: "talk" }),
  scripted({ kind: "safe", idempotent: true }),
  scripted({ kind: "email", mail: true }),
];

let world: World;
let node: Node;
let remote: Remote;
let tenant: Tenant;
let agent: Agent;

beforeAll(async () => {
  world = await openWorld();
  node = await startNode(world, { connectors });
  tenant = await addTenant(world.db);
  agent = await addAgent(world.db, tenant);
});
beforeEach(async () => {
  remote = await startRemote();
});
afterEach(async () => {
  await world.db.query({ text: "update channel_account set enabled = false" });
  for (const { accountId } of node.supervisor.health()) await node.supervisor.reload(accountId);
  await remote.stop();
});
afterAll(async () => {
  await node.stop();
  await checkNumbers(world.db);
  await world.close();
});

const open = async (kind = "talk", token?: string): Promise<string> => {
  const accountId = await addAccount(world, {
    tenant,
    kind,
    url: remote.url,
    ...(token === undefined ? {} : { token }),
  });
  await node.supervisor.reload(accountId);
  await until("the account is led", () =>
    node.supervisor.health().some((one) => one.accountId === accountId && one.state === "online"),
  );
  return accountId;
};
const say = (made: Case, text: string) =>
  node.commands.sendMessage(agent.scope, {
    conversationId: made.conversationId,
    clientKey: uuid(),
    mode: "reply",
    text,
    uploadIds: [],
  });
interface Delivery {
  id: string;
  state: string;
  attempts: number;
  error_code: string | null;
  error_text: string | null;
  next_at: Date | null;
  provider_id: string | null;
}
const deliveryOf = async (messageId: string): Promise<Delivery> => {
  const [row] = await world.db.query<Delivery>({
    text: "select * from delivery where message_id = $1",
    values: [messageId],
  });
  if (row === undefined) throw new Error("no delivery");
  return row;
};
const reaches = (messageId: string, state: string): Promise<Delivery> =>
  until(`delivery becomes ${state}`, async () => {
    const row = await deliveryOf(messageId);
    return row.state === state && row;
  });

describe("a reply goes out", () => {
  it("at once, with everything the channel needs, and the desk is told", async () => {
    const accountId = await open();
    const made = await addCase(world, { tenant, accountId });
    const first = await say(made, "První");
    const done = await reaches(first.id, "sent");
    expect(done).toMatchObject({ provider_id: `r-${first.id}`, attempts: 1, next_at: null });
    expect(remote.arrived).toMatchObject([
      {
        key: first.id,
        thread: `key-${made.threadId}`,
        to: [made.address],
        text: "První",
        author: "Jana z podpory",
        subject: "Objednávka",
      },
    ]);
    expect(remote.arrived[0]?.replyTo).toMatch(/^in-/);
    const told = await until("the desk hears of it", () =>
      world.published.find(({ messages }) =>
        messages.some((one) => one.id === first.id && one.deliveries[0]?.state === "sent"),
      ),
    );
    expect(told.prev).toBe(told.row.version - 1);
    await until("receipts that came early are asked for", () =>
      world.settled.some((key) => key.accountId === accountId && key.externalId === `r-${first.id}`),
    );
    const second = await say(made, "Druhá");
    await reaches(second.id, "sent");
    expect(remote.arrived[1]?.references.slice(-1)).toEqual([`r-${first.id}`]);
    const [account] = await until("health is written", async () => {
      const rows = await world.db.query({
        text: "select 1 from channel_account where id = $1 and state = 'online' and last_out_at is not null",
        values: [accountId],
      });
      return rows.length > 0 && rows;
    });
    expect(account).toBeDefined();
  });

  it("without waiting for the next look at the table", async () => {
    const accountId = await open();
    const made = await addCase(world, { tenant, accountId });
    const began = performance.now();
    for (let index = 0; index < 6; index += 1) await reaches((await say(made, String(index))).id, "sent");
    // Found by the scan alone, each would take up to a second.
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  it("with its files and its reply token when it is a letter, and only after the time for undo", async () => {
    const accountId = await open("email");
    const made = await addCase(world, { tenant, accountId });
    const uploadId = uuid();
    await world.db.query({
      text: `insert into upload (id, tenant_id, owner_type, owner_id, name, mime, size, blob_key)
        values ($1, $2, 'agent', $3, 'a.txt', 'text/plain', 3, 'k1')`,
      values: [uploadId, tenant.id, agent.id],
    });
    const message = await node.commands.sendMessage(agent.scope, {
      conversationId: made.conversationId,
      clientKey: uuid(),
      mode: "reply",
      text: "S přílohou",
      uploadIds: [uploadId],
    });
    const undone = await say(made, "Omyl");
    await node.commands.cancelMessage(agent.scope, { messageId: undone.id });
    node.outbox.kick({ accountId });
    expect((await deliveryOf(message.id)).state).toBe("held");
    world.clock.advance(10_001);
    node.outbox.kick({ accountId });
    await reaches(message.id, "sent");
    expect(remote.arrived).toHaveLength(1);
    expect(remote.arrived[0]?.files).toEqual([{ name: "a.txt", content: "content of k1" }]);
    expect(remote.arrived[0]?.replyToken).toMatch(/^[0-9a-f]{24}$/);
    expect((await deliveryOf(undone.id)).state).toBe("cancelled");
  });

  it("in the order of writing within a thread, whatever happens on the way, and side by side across threads", async () => {
    const accountId = await open();
    const cases = await Promise.all(Array.from({ length: 6 }, () => addCase(world, { tenant, accountId })));
    remote.next({ status: 503 }, { hold: true }, { status: 429, retryAfterMs: 1 }, { status: 503 }, { status: 503 });
    const messages = await Promise.all(
      cases.map(async (made) => {
        const all = [];
        for (let index = 0; index < 8; index += 1) all.push(await say(made, String(index)));
        return all;
      }),
    );
    await until("all have arrived", () => {
      remote.release();
      world.clock.advance(3_000);
      node.outbox.kick({ accountId });
      return remote.arrived.length >= 48;
    });
    for (const all of messages) for (const one of all) await reaches(one.id, "sent");
    for (const made of cases) {
      const texts = remote.arrived.filter((one) => one.thread === `key-${made.threadId}`).map((one) => one.text);
      expect(texts).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
    }
  });

  it("behind what an older conversation of the same thread still has to say", async () => {
    const accountId = await open();
    const old = await addCase(world, { tenant, accountId });
    remote.next({ status: 503 });
    const first = await say(old, "ze starého případu");
    await until("the first is refused", async () => (await deliveryOf(first.id)).error_code === "unreachable");
    const next = await addCase(world, { tenant, accountId });
    await world.db.query({
      text: "update conversation_thread set active_to = now() where conversation_id in ($1, $2)",
      values: [old.conversationId, next.conversationId],
    });
    await world.db.query({
      text: "insert into conversation_thread (conversation_id, thread_id, tenant_id) values ($1, $2, $3)",
      values: [next.conversationId, old.threadId, tenant.id],
    });
    const second = await say(next, "z nového");
    const beside = await say(await addCase(world, { tenant, accountId }), "jinde");
    await reaches(beside.id, "sent");
    expect((await deliveryOf(second.id)).attempts).toBe(0);
    world.clock.advance(3_000);
    node.outbox.kick({ accountId });
    await reaches(second.id, "sent");
    expect(remote.arrived.map((one) => one.text)).toEqual(["jinde", "ze starého případu", "z nového"]);
  });

  it("behind an earlier one that is retried, but past one that failed for good", async () => {
    const accountId = await open();
    const made = await addCase(world, { tenant, accountId });
    remote.next({ status: 503 });
    const first = await say(made, "první");
    await until("the first is refused", async () => (await deliveryOf(first.id)).error_code === "unreachable");
    const second = await say(made, "druhá");
    node.outbox.kick({ accountId });
    await node.supervisor.reload(accountId);
    expect((await deliveryOf(second.id)).attempts).toBe(0);
    world.clock.advance(3_000);
    remote.next({ status: 422 });
    node.outbox.kick({ accountId });
    await reaches(second.id, "sent");
    expect((await deliveryOf(first.id)).state).toBe("failed");
    expect(remote.arrived.map((one) => one.text)).toEqual(["druhá"]);
  });
});

describe("a send fails", () => {
  it("for good when the channel says so, in the channel's words without our secret", async () => {
    const accountId = await open("talk", "sk-very-secret-token");
    const made = await addCase(world, { tenant, accountId });
    for (const [status, code] of [
      [422, "rejected"],
      [403, "recipient-gone"],
    ] as const) {
      remote.next({ status });
      const failed = await reaches((await say(made, "ne")).id, "failed");
      expect(failed).toMatchObject({
        error_code: code,
        next_at: null,
        error_text: `the remote said ${status} to [secret]`,
      });
    }
    expect(world.lines.join("\n")).not.toContain("sk-very-secret-token");
    expect(world.lines.some((line) => line.includes("Bearer [secret]"))).toBe(true);
  });

  it("and is tried again later and later while the channel is away, up to a day", async () => {
    const accountId = await open();
    const made = await addCase(world, { tenant, accountId });
    remote.next(...Array.from({ length: 20 }, () => ({ status: 503 }) as const));
    const message = await say(made, "vytrvale");
    const waits: number[] = [];
    for (let attempt = 1; ; attempt += 1) {
      const row = await until(`attempt ${attempt} is over`, async () => {
        const now = await deliveryOf(message.id);
        return now.attempts === attempt && now.state !== "sending" && now;
      });
      if (row.state === "failed") break;
      const wait = (row.next_at?.getTime() ?? 0) - world.clock.now().getTime();
      waits.push(Math.round(wait / 1000));
      world.clock.advance(wait + 1);
      node.outbox.kick({ accountId });
    }
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    const total = waits.reduce((sum, wait) => sum + wait, 0) / 3600;
    expect(total).toBeGreaterThan(20);
    expect(total).toBeLessThan(26);
    expect((await deliveryOf(message.id)).error_code).toBe("unreachable");
    const again = await node.commands.retryMessage(agent.scope, { messageId: message.id });
    expect(again.deliveries[0]).toMatchObject({ attempts: 0 });
  });

  it("waits exactly as long as a channel that asks to slow down says, for the whole account", async () => {
    const accountId = await open();
    const made = await addCase(world, { tenant, accountId });
    const other = await addCase(world, { tenant, accountId });
    remote.next({ status: 429, retryAfterMs: 40_000 });
    const message = await say(made, "pomalu");
    await until("it is put off", async () => (await deliveryOf(message.id)).error_code === "rate-limited");
    const beside = await say(other, "také");
    expect(remote.attempts()).toBe(1);
    world.clock.advance(39_000);
    node.outbox.kick({ accountId });
    expect((await deliveryOf(message.id)).state).toBe("queued");
    expect((await deliveryOf(beside.id)).attempts).toBe(0);
    world.clock.advance(1_100);
    node.outbox.kick({ accountId });
    await reaches(message.id, "sent");
    await reaches(beside.id, "sent");
  });

  it("by a refused login parks the account, costs the message nothing, and goes on when the account works again", async () => {
    const accountId = await open();
    const made = await addCase(world, { tenant, accountId });
    const other = await addCase(world, { tenant, accountId });
    remote.next({ status: 401 });
    const message = await say(made, "bez hesla");
    await until("the account asks for a login", async () => {
      const rows = await world.db.query({
        text: "select 1 from channel_account where id = $1 and state = 'needs-login'",
        values: [accountId],
      });
      return rows.length > 0;
    });
    await until("it waits", async () => (await deliveryOf(message.id)).error_code === "auth");
    expect(await deliveryOf(message.id)).toMatchObject({ state: "queued", attempts: 0 });
    const beside = await say(other, "čeká s ní");
    expect(remote.attempts()).toBe(1);
    remote.dropLive();
    await reaches(message.id, "sent");
    await reaches(beside.id, "sent");
  });

  it("without an answer is uncertain and never repeated, until a person says so or a receipt settles it", async () => {
    const accountId = await open();
    const made = await addCase(world, { tenant, accountId });
    remote.next({ cut: true });
    const message = await say(made, "došlo?");
    await reaches(message.id, "uncertain");
    const after = await say(made, "další");
    await reaches(after.id, "sent");
    world.clock.advance(24 * 3_600_000);
    node.outbox.kick({ accountId });
    await reaches((await say(made, "ještě")).id, "sent");
    expect(remote.arrived.filter((one) => one.text === "došlo?")).toHaveLength(1);
    await node.commands.retryMessage(agent.scope, { messageId: message.id });
    await reaches(message.id, "sent");
    expect(remote.arrived.filter((one) => one.key === message.id)).toHaveLength(2);
  });

  it("without an answer is simply repeated under the same key where the channel drops repeated keys", async () => {
    const accountId = await open("safe");
    const made = await addCase(world, { tenant, accountId });
    remote.next({ cut: true });
    const message = await say(made, "dvakrát stejně");
    await until(
      "it waits for its second try",
      async () => (await deliveryOf(message.id)).attempts === 1 && (await deliveryOf(message.id)).state === "queued",
    );
    world.clock.advance(3_000);
    node.outbox.kick({ accountId });
    await reaches(message.id, "sent");
    expect(new Set(remote.arrived.map((one) => one.key))).toEqual(new Set([message.id]));
  });

  it("when its reply window closed while it waited for a retry: the channel is not even asked", async () => {
    const accountId = await open();
    const made = await addCase(world, {
      tenant,
      accountId,
      windowUntil: new Date(world.clock.now().getTime() + 1_500),
    });
    remote.next({ status: 503 });
    const message = await say(made, "pozdě");
    await until("it waits", async () => (await deliveryOf(message.id)).error_code === "unreachable");
    world.clock.advance(3_000);
    node.outbox.kick({ accountId });
    expect((await reaches(message.id, "failed")).error_code).toBe("window-closed");
    expect(remote.attempts()).toBe(1);
  });

  it("for one of several recipients only, and only that one is tried again", async () => {
    const accountId = await open();
    const made = await addCase(world, { tenant, accountId });
    remote.next({
      refuse: [
        { recipient: "gone@example.test", permanent: true },
        { recipient: "full@example.test", permanent: false },
      ],
    });
    const message = await world.db.tx(async (q) => {
      const [row] = await q.query<{ id: string }>({
        text: `insert into message (id, tenant_id, conversation_id, seq, version, thread_id, account_id, direction, author_type, body, occurred_at)
          select $1, c.tenant_id, c.id, c.last_seq + 1, c.version, $3, $4, 'out', 'agent', 'třem', now() from conversation c where id = $2 returning id`,
        values: [uuid(), made.conversationId, made.threadId, accountId],
      });
      await q.query({
        text: "update conversation set last_seq = last_seq + 1 where id = $1",
        values: [made.conversationId],
      });
      for (const recipient of [made.address, "gone@example.test", "full@example.test"])
        await q.query({
          text: `insert into delivery (id, tenant_id, message_id, conversation_id, thread_id, account_id, recipient, seq, next_at)
            values ($1, $2, $3, $4, $5, $6, $7, 2, $8)`,
          values: [
            uuid(),
            tenant.id,
            row?.id,
            made.conversationId,
            made.threadId,
            accountId,
            recipient,
            world.clock.now(),
          ],
        });
      return row;
    });
    node.outbox.kick({ accountId });
    const states = (): Promise<{ recipient: string; state: string }[]> =>
      world.db.query({
        text: "select recipient, state from delivery where message_id = $1 order by recipient",
        values: [message?.id],
      });
    await until("the answer is written", async () => (await states()).some((one) => one.state === "failed"));
    expect(await states()).toEqual([
      { recipient: made.address, state: "sent" },
      { recipient: "full@example.test", state: "queued" },
      { recipient: "gone@example.test", state: "failed" },
    ]);
    world.clock.advance(3_000);
    node.outbox.kick({ accountId });
    await until("the full mailbox has it too", async () =>
      (await states()).every((one) => one.state !== "queued" && one.state !== "sending"),
    );
    expect(remote.arrived.map((one) => one.to.length)).toEqual([3, 1]);
  });
});

describe("a delivery only moves forward", () => {
  it("when the receipt is faster than the answer to the send", async () => {
    const accountId = await open();
    const made = await addCase(world, { tenant, accountId });
    remote.next({ hold: true });
    const message = await say(made, "rychlá účtenka");
    await until("the channel has it", () => remote.arrived.length === 1);
    await world.db.query({
      text: "update delivery set state = 'read', rank = 7 where message_id = $1",
      values: [message.id],
    });
    remote.release();
    await until("the answer is written", async () => (await deliveryOf(message.id)).provider_id !== null);
    expect((await deliveryOf(message.id)).state).toBe("read");
  });
});
