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
    world.clock.advance(60_000);
    node.outbox.kick({ accountId });
    await until("the full mailbox has it too", async () =>
      (await states()).every((one) => one.state !== "queued" && one.state !== "sending"),
    );
    expect(remote.arrived.map((one) => one.to.length)).toEqual([3, 1]);
  });
});
