import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { uuid } from "#core/uuid";
import type { Node } from "./parts/node.ts";
import type { Remote } from "./parts/remote.ts";
import { openSending, type Sending } from "./parts/sending.ts";
import { addCase, type Agent, checkNumbers, type Tenant, until, type World } from "./parts/world.ts";

let world: World;
let node: Node;
let remote: Remote;
let tenant: Tenant;
let agent: Agent;
let sending: Sending;

beforeAll(async () => {
  sending = await openSending();
  ({ world, node, tenant, agent } = sending);
});
beforeEach(async () => {
  await sending.freshRemote();
  ({ remote } = sending);
});
afterEach(() => sending.closeRemote());
afterAll(async () => {
  await checkNumbers(world.db);
  await node.stop();
  await world.close();
});

const open = (...o: Parameters<Sending["open"]>): Promise<string> => sending.open(...o);
const say = (...o: Parameters<Sending["say"]>) => sending.say(...o);
const deliveryOf = (messageId: string) => sending.deliveryOf(messageId);
const reaches = (messageId: string, state: string) => sending.reaches(messageId, state);

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
    // A chat message quotes only what its writer chose.
    expect(remote.arrived[0]?.replyTo).toBeNull();
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
    expect(remote.arrived[0]?.replyTo).toMatch(/^in-/);
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
