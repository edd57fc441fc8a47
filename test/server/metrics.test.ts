import { afterAll, beforeAll, expect, test } from "vitest";
import { uuid } from "#core/uuid";
import { watchedJournal, type Arrival } from "../../src/runtime/watched.ts";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";
import { addConversation, addTenant, type Hub, startHub } from "./hub.ts";

let hub: Hub;
let fresh: FreshDatabase;
let bench: JournalBench;
beforeAll(async () => {
  hub = await startHub();
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
});
afterAll(async () => {
  await hub.stop();
  await bench.close();
  await fresh.drop();
});

const figures = async (): Promise<string> => (await fetch(`${hub.url}/metrics`)).text();

test("whoever watches the hub sees by channel what waits to go out, how long, what is uncertain and what was parked", async () => {
  const tenantId = await addTenant(hub, "watched");
  const accountId = uuid();
  await hub.prisma.channelAccount.create({ data: { id: accountId, tenantId, kind: "pigeon", name: "Pigeon" } });
  const { id: conversationId, messageId } = await addConversation(hub, { tenantId });
  const threadId = uuid();
  await hub.prisma.thread.create({ data: { id: threadId, tenantId, accountId, externalKey: "t" } });
  const delivery = { tenantId, messageId, conversationId, threadId, accountId, seq: 1 };
  const ago = new Date(Date.now() - 90_000);
  await hub.prisma.delivery.create({ data: { ...delivery, id: uuid(), recipient: "a", state: "queued", nextAt: ago } });
  await hub.prisma.delivery.create({ data: { ...delivery, id: uuid(), recipient: "b", state: "uncertain" } });
  await hub.prisma.inboundEvent.create({
    data: {
      id: uuid(),
      tenantId,
      accountId,
      dedupeKey: "x",
      type: "message",
      payload: {},
      state: "parked",
      error: "no",
    },
  });
  await expect.poll(figures).toContain('linka_outbound_due{channel="pigeon"} 1');
  const text = await figures();
  expect(text).toContain('linka_outbound_uncertain{channel="pigeon"} 1');
  expect(text).toContain('linka_dead_letters{channel="pigeon"} 1');
  expect(Number(/linka_outbound_oldest_seconds\{channel="pigeon"\} (\S+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(90);
});

test("what channels hand over is counted with its outcome and the time it took", async () => {
  const account = await seedAccount(bench.db);
  const seen: Arrival[] = [];
  const journal = watchedJournal(bench.journal, (arrival) => seen.push(arrival));
  await journal.receive({ account, event: message({ text: "counted" }) });
  await journal.stop();
  await expect(journal.receive({ account, event: message({ text: "too late" }) })).rejects.toThrow();
  expect(seen.map(({ channel, type, outcome }) => [channel, type, outcome])).toEqual([
    [account.channel, "message", "stored"],
    [account.channel, "message", "refused"],
  ]);
  expect(seen.every(({ seconds }) => seconds > 0 && seconds < 60)).toBe(true);
});
