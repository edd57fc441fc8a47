import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type InboundReceipt, remoteId, threadKey } from "#contract";
import { deliveryRank } from "#core/delivery";
import type { AccountRef } from "#core/inbound";
import { uuid } from "#core/uuid";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";

let fresh: FreshDatabase;
let bench: JournalBench;
let account: AccountRef;

beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
  account = await seedAccount(bench.db);
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

interface Sent {
  readonly messageId: string;
  readonly conversationId: string;
  readonly thread: string;
}

/** A conversation with an answer of ours on its way out, as the outbox leaves it before the provider told its id. */
const sent = async (o: { recipients?: string[]; providerId?: string } = {}): Promise<Sent> => {
  const thread = `thread-${uuid()}`;
  await bench.journal.receive({ account, event: message({ thread, sender: thread }) });
  const change = bench.published.at(-1);
  const conversationId = change?.row.id ?? "";
  const messageId = uuid();
  await bench.db.query({
    text: `insert into message (id, tenant_id, conversation_id, seq, version, thread_id, account_id, direction, author_type, body, occurred_at)
      values ($1, $2, $3, 2, 2, $4, $5, 'out', 'agent', 'our answer', now())`,
    values: [messageId, account.tenantId, conversationId, change?.messages[0]?.threadId, account.id],
  });
  await bench.db.query({
    text: "update conversation set last_seq = 2, version = 2 where id = $1",
    values: [conversationId],
  });
  for (const recipient of o.recipients ?? [""])
    await bench.db.query({
      text: `insert into delivery (id, tenant_id, message_id, conversation_id, thread_id, account_id, recipient, seq, state, rank, provider_id)
        values ($1, $2, $3, $4, $5, $6, $7, 2, 'sending', $8, $9)`,
      values: [
        uuid(),
        account.tenantId,
        messageId,
        conversationId,
        change?.messages[0]?.threadId,
        account.id,
        recipient,
        deliveryRank.sending,
        o.providerId ?? null,
      ],
    });
  return { messageId, conversationId, thread };
};

const receipt = (
  thread: string,
  id: string,
  state: InboundReceipt["state"],
  rest: Partial<InboundReceipt> = {},
): Promise<void> =>
  bench.journal.receive({
    account,
    event: { type: "receipt", thread: threadKey(thread), id: remoteId(id), state, at: new Date(), ...rest },
  });

const states = async (messageId: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    (
      await bench.db.query<{ recipient: string; state: string }>({
        text: "select recipient, state from delivery where message_id = $1",
        values: [messageId],
      })
    ).map(({ recipient, state }) => [recipient, state]),
  );

const journalState = async (key: string): Promise<string | undefined> =>
  (
    await bench.db.query<{ state: string }>({
      text: "select state from inbound_event where account_id = $1 and dedupe_key = $2",
      values: [account.id, key],
    })
  )[0]?.state;

describe("receipts", () => {
  it("only move a delivery forward, in whatever order they come", async () => {
    const { messageId, thread } = await sent({ providerId: "w-1" });
    await receipt(thread, "w-1", "read");
    await receipt(thread, "w-1", "delivered");
    await receipt(thread, "w-1", "sent");
    await receipt(thread, "w-1", "failed");
    expect(await states(messageId)).toEqual({ "": "read" });
  });

  it("mend a failure when the customer has the message after all, and name the failure while they do not", async () => {
    const { messageId, thread } = await sent({ providerId: "w-2" });
    await receipt(thread, "w-2", "failed", { error: "number not on the network" });
    const failed = bench.published.at(-1)?.messages[0];
    expect(failed?.deliveries).toMatchObject([{ state: "failed", errorText: "number not on the network" }]);
    await receipt(thread, "w-2", "delivered");
    expect(await states(messageId)).toEqual({ "": "delivered" });
    expect(bench.published.at(-1)?.messages[0]?.deliveries).toMatchObject([{ state: "delivered", errorText: null }]);
  });

  it("concern one recipient of a letter when they name one", async () => {
    const { messageId, thread } = await sent({ providerId: "w-3", recipients: ["a@x.cz", "b@x.cz"] });
    await receipt(thread, "w-3", "delivered", { recipient: "B@x.cz" });
    expect(await states(messageId)).toEqual({ "a@x.cz": "sending", "b@x.cz": "delivered" });
  });

  it("that come before our own send returned wait for it and are applied when its id is known", async () => {
    const { messageId, thread } = await sent();
    await receipt(thread, "w-4", "delivered");
    expect([await journalState("s:w-4:delivered:"), await states(messageId)]).toEqual(["waiting", { "": "sending" }]);
    await bench.db.query({
      text: "update delivery set provider_id = 'w-4' where message_id = $1",
      values: [messageId],
    });
    await bench.journal.settle({ accountId: account.id, externalId: "w-4" });
    expect([await journalState("s:w-4:delivered:"), await states(messageId)]).toEqual(["done", { "": "delivered" }]);
    expect(bench.published.at(-1)?.messages[0]?.id).toBe(messageId);
  });

  it("that waited when the hub died between learning the message's id and settling are applied at the next start", async () => {
    const { messageId, thread } = await sent();
    const unknown = await sent();
    await receipt(thread, "w-6", "delivered");
    await receipt(unknown.thread, "w-7", "delivered");
    await bench.db.query({
      text: "update delivery set provider_id = 'w-6', state = 'sent', rank = $2 where message_id = $1",
      values: [messageId, deliveryRank.sent],
    });
    expect(await states(messageId)).toEqual({ "": "sent" });
    await bench.journal.drain();
    expect([await journalState("s:w-6:delivered:"), await states(messageId)]).toEqual(["done", { "": "delivered" }]);
    expect(await journalState("s:w-7:delivered:")).toBe("waiting");
  });

  it("may name our own key where the channel echoes it", async () => {
    const { messageId, thread } = await sent();
    await receipt(thread, messageId, "delivered");
    expect(await states(messageId)).toEqual({ "": "delivered" });
  });

  it("put each step under a new version, and repeat none", async () => {
    const { conversationId, thread } = await sent({ providerId: "w-5" });
    await Promise.all([
      receipt(thread, "w-5", "sent"),
      receipt(thread, "w-5", "delivered"),
      receipt(thread, "w-5", "delivered"),
    ]);
    const steps = bench.published.filter(({ row }) => row.id === conversationId).slice(1);
    expect(steps.at(-1)?.row.version).toBe(4);
    expect(steps.reduce((sum, { prev, row }) => sum + row.version - prev, 0)).toBe(2);
  });
});

describe("an answer of ours that the channel shows back to us", () => {
  const echo = (thread: string, id: string, text: string): Promise<void> =>
    bench.journal.receive({ account, event: message({ thread, id, text, own: true, from: { addresses: [] } }) });
  const outgoing = (thread: string): Promise<object[]> =>
    bench.db.query({
      text: `select m.external_id as id, m.author_type as author, d.state, d.provider_id as provider
        from message m join thread t on t.id = m.thread_id left join delivery d on d.message_id = m.id
        where t.external_key = $1 and m.direction = 'out' order by m.seq`,
      values: [thread],
    });

  it("before our send returned is that answer, now known to be sent, and no second message", async () => {
    const { thread } = await sent();
    await receipt(thread, "echo-1", "delivered");
    await Promise.all([echo(thread, "echo-1", "our answer"), echo(thread, "echo-1", "our answer")]);
    expect(await outgoing(thread)).toEqual([{ id: "echo-1", author: "agent", state: "delivered", provider: "echo-1" }]);
    expect(await journalState("m:echo-1")).toBe("done");
    await receipt(thread, "echo-1", "read");
    expect(await outgoing(thread)).toMatchObject([{ state: "read" }]);
  });

  it("twice, because it was said twice, is those two answers, in their order", async () => {
    const { messageId, conversationId, thread } = await sent({ recipients: ["", "copy"] });
    const again = uuid();
    await bench.db.query({
      text: `insert into message (id, tenant_id, conversation_id, seq, version, thread_id, account_id, direction, author_type, body, occurred_at)
        select $2, tenant_id, conversation_id, 3, 3, thread_id, account_id, 'out', 'agent', body, now() from message where id = $1`,
      values: [messageId, again],
    });
    await bench.db.query({
      text: `insert into delivery (id, tenant_id, message_id, conversation_id, thread_id, account_id, recipient, seq, state, rank)
        select $3, tenant_id, $2, conversation_id, thread_id, account_id, '', 3, 'uncertain', $4 from delivery
        where message_id = $1 and recipient = ''`,
      values: [messageId, again, uuid(), deliveryRank.uncertain],
    });
    await bench.db.query({
      text: "update conversation set last_seq = 3, version = 3 where id = $1",
      values: [conversationId],
    });
    await Promise.all([echo(thread, "echo-4", "our answer"), echo(thread, "echo-5", "our answer")]);
    expect(await outgoing(thread)).toEqual([
      { id: "echo-4", author: "agent", state: "sent", provider: "echo-4" },
      { id: "echo-4", author: "agent", state: "sent", provider: "echo-4" },
      { id: "echo-5", author: "agent", state: "sent", provider: "echo-5" },
    ]);
  });

  it("after our send returned is known by its id", async () => {
    const { thread, messageId } = await sent({ providerId: "echo-2" });
    await bench.db.query({ text: "update message set external_id = 'echo-2' where id = $1", values: [messageId] });
    await echo(thread, "echo-2", "our answer, as the channel shows it");
    expect(await outgoing(thread)).toHaveLength(1);
  });

  it("with other words is what a colleague wrote outside the hub", async () => {
    const { thread } = await sent();
    await echo(thread, "echo-3", "something else");
    expect(await outgoing(thread)).toMatchObject([
      { author: "agent", state: "sending" },
      { author: "device", id: "echo-3" },
    ]);
  });
});

describe("what a customer has seen", () => {
  it("marks everything up to it as read and moves the thread's mark, never back", async () => {
    const { messageId, thread } = await sent({ providerId: "s-1" });
    await receipt(thread, "s-1", "delivered");
    const seen = (): Promise<void> =>
      bench.journal.receive({
        account,
        event: { type: "seen", thread: threadKey(thread), id: remoteId(messageId), at: new Date() },
      });
    await seen();
    expect(await states(messageId)).toEqual({ "": "read" });
    const [mark] = await bench.db.query<{ seq: number }>({
      text: "select customer_read_seq as seq from thread where external_key = $1",
      values: [thread],
    });
    expect(mark?.seq).toBe(2);
    const told = bench.published.length;
    await seen();
    expect(bench.published).toHaveLength(told);
  });
});
