import { Client } from "pg";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { Publisher, StoredChange } from "#core/records";
import { systemScope } from "#core/scope";
import { uuid } from "#core/uuid";
import { makeCommands } from "#runtime/commands";
import { startTail, type Tail } from "#runtime/tail";
import { makeTold } from "#runtime/told";
import { syncFeed } from "#store/feed";
import { type Desk, openDesk } from "./parts/desk.ts";
import { scripted } from "./parts/scripted.ts";
import { type Case, limitsOf, until } from "./parts/world.ts";

let desk: Desk;
const tails: Tail[] = [];
beforeAll(async () => {
  desk = await openDesk();
});
afterEach(async () => {
  for (const tail of tails.splice(0)) await tail.stop();
  await desk.world.db.query({ text: "delete from lease where name like 'node:%'" });
});
afterAll(() => desk.world.close());

/** One hub's screens: everything they are told, and commands given at that hub. */
const startNode = async () => {
  const { db, log, secrets, clock } = desk.world;
  const heard: StoredChange[] = [];
  const told: Parameters<Publisher["tell"]>[0][] = [];
  const typing: string[] = [];
  const tail = await startTail({
    db,
    log,
    now: clock.now,
    nodeId: uuid(),
    publisher: {
      changes: (changes) => void heard.push(...changes),
      customerTyping: ({ conversationId }) => void typing.push(conversationId),
      tell: (message) => void told.push(message),
    },
  });
  tails.push(tail);
  const commands = makeCommands({
    db,
    publisher: tail.publisher,
    outbox: { kick: () => undefined },
    secrets,
    log,
    now: clock.now,
    limits: limitsOf([scripted({ kind: "talk" })]),
  });
  const of = (made: Case) => heard.filter(({ row }) => row.id === made.conversationId);
  return { tail, commands, heard, told, typing, of };
};
type Node = Awaited<ReturnType<typeof startNode>>;
const note = (node: Node, made: Case, text: string): Promise<unknown> =>
  node.commands.sendMessage(desk.agent.scope, {
    conversationId: made.conversationId,
    clientKey: uuid(),
    mode: "note",
    text,
    uploadIds: [],
  });
const move = (node: Node, made: Case, queueId: string): Promise<unknown> =>
  node.commands.updateConversation(desk.agent.scope, { id: made.conversationId, set: { queueId } });
const texts = (changes: readonly StoredChange[]): readonly string[] =>
  changes.flatMap(({ messages }) => messages.map(({ body }) => body)).filter((text) => text !== "");

it("tells the screens of one hub what another one does, each step once and without a gap", async () => {
  const made = await desk.chatCase();
  const [one, two] = [await startNode(), await startNode()];
  const said = Array.from({ length: 12 }, (_, n) => `note ${n}`);
  for (const text of said) await note(one, made, text);
  await until("everything is heard", () => texts(two.of(made)).length >= said.length);
  expect(texts(two.of(made))).toEqual(said);
  const steps = two.of(made).map(({ prev, row }) => ({ prev, version: row.version }));
  const gaps = steps.filter(({ prev }, index) => index > 0 && prev > (steps[index - 1]?.version ?? -1));
  expect(gaps).toEqual([]);
});

it("tells the queue that a conversation left at another hub, also when it had none", async () => {
  const made = await desk.chatCase();
  const [one, two] = [await startNode(), await startNode()];
  const { queue_id: first } = await desk.rowOf(made);
  const other = desk.tenant.otherQueueId;
  const leftAs = (node: Node, former: string | null) =>
    until(`left ${former}`, () => node.of(made).some((change) => change.formerQueueId === former));
  await move(one, made, other);
  await leftAs(two, first);
  const homeless = await desk.chatCase();
  const { db } = desk.world;
  await db.query({ text: "update conversation set queue_id = null where id = $1", values: [homeless.conversationId] });
  await move(two, homeless, other);
  await until("left none", () => one.of(homeless).some((change) => change.formerQueueId === null));
});

it("says no position above a change that its screens have not heard of", async () => {
  const made = await desk.chatCase();
  const [one, two] = [await startNode(), await startNode()];
  await note(one, made, "before");
  await until("the other is followed", () => texts(two.of(made)).includes("before"));
  const slow = new Client({ connectionString: desk.world.url });
  await slow.connect();
  try {
    const hidden = await desk.chatCase();
    await slow.query("begin");
    await slow.query("update conversation set version = version + 1 where id = $1", [hidden.conversationId]);
    await slow.query(
      "insert into event (tenant_id, conversation_id, type, version) select tenant_id, id, 'conversation.changed', version from conversation where id = $1",
      [hidden.conversationId],
    );
    await note(one, made, "meanwhile");
    // An open transaction holds up positions, not news.
    await until("news passes it", () => texts(two.of(made)).includes("meanwhile"));
    const cursor = two.tail.settled();
    const heardBefore = two.of(hidden).length;
    await slow.query("commit");
    await until("it is heard once committed", () => two.of(hidden).length > heardBefore);
    const page = await syncFeed({
      db: desk.world.db,
      scope: systemScope({ tenantId: desk.tenant.id }),
      cursor,
      have: [],
      now: desk.world.clock.now(),
    });
    expect(page.changes.map(({ row }) => row.id)).toContain(hidden.conversationId);
  } finally {
    await slow.end();
  }
});

it("reads nothing of the event table while it is alone", async () => {
  const made = await desk.chatCase();
  const one = await startNode();
  await note(one, made, "alone");
  const sent = desk.world.db.statements();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(desk.world.db.statements() - sent).toBeLessThanOrEqual(3);
  expect(texts(one.of(made))).toEqual(["alone"]);
});

it("brings a word for a visitor to whichever hub the visitor is at, however long, in order", async () => {
  const [one, two] = [await startNode(), await startNode()];
  const made = await desk.chatCase();
  await note(two, made, "hello");
  await until("each knows of the other", () => texts(one.of(made)).includes("hello"));
  const words = ["krátce", "ž".repeat(12_000), "a dost"];
  for (const text of words)
    one.tail.publisher.tell({ accountId: "account", thread: "thread", event: "line", payload: { text } });
  one.tail.publisher.customerTyping({ tenantId: desk.tenant.id, conversationId: made.conversationId, active: true });
  await until("typing is heard", () => two.typing.length > 0);
  expect(two.told.map(({ payload }) => payload)).toEqual(words.map((text) => ({ text })));
  expect(one.told).toHaveLength(words.length);
});

it("remembers which versions were told, never those in a hole", () => {
  const told = makeTold({ most: 2 });
  told.add("a", 3, 4);
  told.add("a", 4, 6);
  expect([3, 4, 6, 7].map((version) => told.has("a", version))).toEqual([false, true, true, false]);
  told.add("a", 8, 9);
  expect([6, 8, 9].map((version) => told.has("a", version))).toEqual([false, false, true]);
  told.add("b", 0, 1);
  told.add("c", 0, 1);
  expect([told.upTo("a"), told.upTo("b"), told.upTo("c")]).toEqual([undefined, 1, 1]);
});
