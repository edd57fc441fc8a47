import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Inbound, remoteId, threadKey } from "#contract";
import type { AccountRef } from "#core/inbound";
import { type Journal, startJournal } from "#runtime/journal";
import { uuid } from "#core/uuid";
import { openFiles } from "#store/files";
import { message } from "../support/inbound.ts";
import { temporaryFolder } from "../support/postgres.ts";
import { type Node, startNode } from "./parts/node.ts";
import { type Remote, startRemote } from "./parts/remote.ts";
import { scripted } from "./parts/scripted.ts";
import {
  addAccount,
  addAgent,
  addTenant,
  type Agent,
  checkNumbers,
  openWorld,
  until,
  type World,
} from "./parts/world.ts";

let world: World;
let journal: Journal;
let node: Node;
let remote: Remote;
let agent: Agent;
let account: AccountRef;
let folder: { path: string; remove(): Promise<void> };

beforeAll(async () => {
  folder = await temporaryFolder();
  const opened = await openWorld();
  journal = startJournal({ ...opened, files: openFiles({ dir: folder.path }), now: () => opened.clock.now() });
  world = { ...opened, journal };
  remote = await startRemote();
  const tenant = await addTenant(world.db);
  agent = await addAgent(world.db, tenant);
  const id = await addAccount(world, { tenant, kind: "talk", url: remote.url });
  node = await startNode(world, { connectors: [scripted({ kind: "talk" })] });
  account = {
    id,
    tenantId: tenant.id,
    kind: "talk",
    channel: "talk",
    name: "Account",
    queueId: tenant.queueId,
    replyWindowHours: false,
    reopenDays: 7,
  };
  await until("the account is connected", () => remote.live() === 1);
});
afterAll(async () => {
  await node.stop();
  await journal.stop();
  await remote.stop();
  await world.close();
  await folder.remove();
});

const arrives = (event: Inbound): Promise<void> => journal.receive({ account, event });
const conversationOf = async (thread: string): Promise<string> => {
  const [row] = await world.db.query<{ id: string }>({
    text: `select ct.conversation_id as id from conversation_thread ct join thread t on t.id = ct.thread_id
      where t.external_key = $1 and ct.active_to is null`,
    values: [thread],
  });
  if (row === undefined) throw new Error("no conversation");
  return row.id;
};
const say = (conversationId: string, text: string) =>
  node.commands.sendMessage(agent.scope, { conversationId, clientKey: uuid(), mode: "reply", text, uploadIds: [] });
const stateOf = async (messageId: string): Promise<string | undefined> =>
  (
    await world.db.query<{ state: string }>({
      text: "select state from delivery where message_id = $1",
      values: [messageId],
    })
  )[0]?.state;

describe("customers and agents write at the same time", () => {
  it("and every conversation keeps its numbers: no gap, no double, and the screens get every step in its chain", async () => {
    const people = Array.from({ length: 8 }, (_, index) => `person-${index}`);
    await Promise.all(people.map((sender) => arrives(message({ sender }))));
    const conversations = await Promise.all(people.map(conversationOf));
    await Promise.all(
      people.flatMap((sender, index) => {
        const id = conversations[index] ?? "";
        return [
          ...Array.from({ length: 12 }, () => arrives(message({ sender }))),
          ...Array.from({ length: 8 }, (_, n) => say(id, `odpověď ${n}`)),
          node.commands.markRead(agent.scope, { id, seq: 5 }),
          node.commands.updateConversation(agent.scope, { id, set: { priority: index + 1 } }),
          node.commands.updateConversation(agent.scope, { id, set: { status: "closed" } }),
        ];
      }),
    );
    await until("everything is sent", async () => {
      const open = await world.db.query({ text: "select 1 from delivery where state <> 'sent'" });
      return open.length === 0 && remote.arrived.length === 64;
    });
    await checkNumbers(world.db);
    await until("the screens have heard of all of it", async () => {
      for (const id of conversations) {
        const steps = world.published.filter(({ row }) => row.id === id).toSorted((a, b) => a.prev - b.prev);
        const [row] = await world.db.query<{ version: number }>({
          text: "select version from conversation where id = $1",
          values: [id],
        });
        if (steps.at(-1)?.row.version !== row?.version) return false;
        let at = 0;
        for (const step of steps) {
          if (step.prev !== at) throw new Error(`a step from ${step.prev} follows ${at}`);
          at = step.row.version;
        }
      }
      return true;
    });
    const events = await world.db.query<{ n: number }>({
      text: `select count(*)::int as n from conversation c where c.version <>
        (select count(distinct e.version) from event e where e.conversation_id = c.id)`,
    });
    expect(events).toEqual([{ n: 0 }]);
    expect(world.lines.filter((line) => line.includes("parked"))).toEqual([]);
  });

  it("and a receipt that is faster than the channel's answer is kept and applied", async () => {
    await arrives(message({ sender: "fast" }));
    remote.next({ hold: true });
    const sent = await say(await conversationOf("fast"), "rychle");
    await until("the channel has it", () => remote.arrived.some((one) => one.key === sent.id));
    const id = remoteId(`r-${sent.id}`);
    await arrives({ type: "receipt", thread: threadKey("fast"), id, state: "delivered", at: new Date() });
    expect(await stateOf(sent.id)).toBe("sending");
    remote.release();
    await until("it is delivered", async () => (await stateOf(sent.id)) === "delivered");
    await arrives({ type: "receipt", thread: threadKey("fast"), id, state: "sent", at: new Date() });
    expect(await stateOf(sent.id)).toBe("delivered");
  });

  it("and a receipt that a dead hub left waiting is applied by the one that takes the account over", async () => {
    await arrives(message({ sender: "orphan" }));
    const sent = await say(await conversationOf("orphan"), "už to jde");
    await until("it is sent", async () => (await stateOf(sent.id)) === "sent");
    await node.stop();
    await world.db.query({ text: "update delivery set provider_id = null where message_id = $1", values: [sent.id] });
    await world.db.query({ text: "update message set external_id = null where id = $1", values: [sent.id] });
    const id = remoteId(`r-${sent.id}`);
    await arrives({ type: "receipt", thread: threadKey("orphan"), id, state: "delivered", at: new Date() });
    await world.db.query({ text: "update delivery set provider_id = $2 where message_id = $1", values: [sent.id, id] });
    expect(await stateOf(sent.id)).toBe("sent");
    node = await startNode(world, { connectors: [scripted({ kind: "talk" })] });
    await until("it is delivered", async () => (await stateOf(sent.id)) === "delivered");
  });

  it("and what came out uncertain is settled by the channel's receipt under our own key", async () => {
    await arrives(message({ sender: "doubt" }));
    remote.next({ cut: true });
    const sent = await say(await conversationOf("doubt"), "došlo?");
    await until("nobody knows", async () => (await stateOf(sent.id)) === "uncertain");
    await arrives({
      type: "receipt",
      thread: threadKey("doubt"),
      id: remoteId(sent.id),
      state: "delivered",
      at: new Date(),
    });
    await until("it is known", async () => (await stateOf(sent.id)) === "delivered");
  });
});
