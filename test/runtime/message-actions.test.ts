import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MessageRecord } from "#core/records";
import { capture } from "./parts/capture.ts";
import { refusal, reply } from "./parts/desk.ts";
import { type Node, startNode } from "./parts/node.ts";
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

/** What agents do to messages their customers have already. */
const channel = capture({ kind: "talk" });
let world: World;
let node: Node;
let tenant: Tenant;
let agent: Agent;
let accountId: string;

beforeAll(async () => {
  world = await openWorld();
  node = await startNode(world, { connectors: [channel.connector] });
  tenant = await addTenant(world.db);
  agent = await addAgent(world.db, tenant);
  accountId = await addAccount(world, { tenant, kind: "talk", url: "" });
  await node.supervisor.reload(accountId);
  await until("the account is led", () => node.supervisor.health().some((one) => one.leading));
});
afterAll(async () => {
  await node.stop();
  await world.close();
});

const sent = async (): Promise<{ made: Case; message: MessageRecord }> => {
  const made = await addCase(world, { tenant, accountId });
  const message = await node.commands.sendMessage(agent.scope, reply(made));
  await until("it is sent", async () => (await rowOf(message.id))?.externalId !== null);
  return { made, message };
};
const rowOf = async (id: string) => {
  const [row] = await world.db.query<{ body: string; externalId: string | null; revoked: Date | null }>({
    text: `select body, external_id as "externalId", revoked_at as revoked from message where id = $1`,
    values: [id],
  });
  return row;
};
const actionOf = async (id: string) => {
  const [row] = await world.db.query<{ op: string; state: string; error: string | null }>({
    text: "select op, state, error_code as error from message_action where message_id = $1",
    values: [id],
  });
  return row;
};
const toldOf = (id: string) => channel.told.filter((one) => one.id === `sent-${id}`);

describe("a sent message", () => {
  it("is edited on both sides and keeps what it said before", async () => {
    const { message } = await sent();
    const edited = await node.commands.editMessage(agent.scope, { messageId: message.id, text: "Opravený text." });
    expect(edited).toMatchObject({ body: "Opravený text.", actions: [{ op: "edit", state: "queued" }] });
    expect(edited.editedAt).not.toBeNull();
    await until("the channel knows", () => toldOf(message.id).some(({ value }) => value === "Opravený text."));
    await until("nothing is open", async () => (await actionOf(message.id))?.state === "done");
    const revisions = await world.db.query({
      text: "select no, op, body, actor from message_revision where message_id = $1",
      values: [message.id],
    });
    expect(revisions).toEqual([{ no: 1, op: "edit", body: "Vyřešíme to.", actor: "Jana z podpory" }]);
  });

  it("whose edit the channel refuses says so on the desk, and is told again on demand", async () => {
    const { message } = await sent();
    channel.fail = "rejected";
    await node.commands.editMessage(agent.scope, { messageId: message.id, text: "Pozdě." });
    await until("it failed", async () => (await actionOf(message.id))?.state === "failed");
    const told = world.published.flatMap(({ messages }) => messages).findLast(({ id }) => id === message.id);
    expect(told?.actions).toEqual([{ op: "edit", state: "failed", errorCode: "rejected" }]);
    await node.commands.tellAgain(agent.scope, { messageId: message.id });
    await until("the channel knows", () => toldOf(message.id).some(({ value }) => value === "Pozdě."));
  });

  it("is tried again by itself while the channel cannot be reached", async () => {
    const { message } = await sent();
    channel.fail = "unreachable";
    await node.commands.reactToMessage(agent.scope, { messageId: message.id, emoji: "👍" });
    await until("it waits", async () => (await actionOf(message.id))?.error === "unreachable");
    await until("the channel knows", () => {
      world.clock.advance(5_000);
      return toldOf(message.id).some(({ op }) => op === "react");
    });
  });

  it("is removed for everyone; its words stay only among its revisions", async () => {
    const { made, message } = await sent();
    const removed = await node.commands.removeMessage(agent.scope, { messageId: message.id });
    expect(removed.revokedAt).not.toBeNull();
    expect((await rowOf(message.id))?.body).toBe("");
    await until("the channel knows", () => toldOf(message.id).some(({ op }) => op === "remove"));
    const [row] = await world.db.query<{ preview: string }>({
      text: "select preview from conversation where id = $1",
      values: [made.conversationId],
    });
    expect(row?.preview).toBe("");
    expect((await refusal(node.commands.editMessage(agent.scope, { messageId: message.id, text: "x" }))).code).toBe(
      "conflict",
    );
  });

  it("has one reaction of ours, whoever of us gave it", async () => {
    const { made } = await sent();
    const mate = await addAgent(world.db, tenant, { alias: "Karel" });
    const [inbound] = await world.db.query<{ id: string }>({
      text: "select id from message where conversation_id = $1 and direction = 'in'",
      values: [made.conversationId],
    });
    const messageId = inbound?.id ?? "";
    await node.commands.reactToMessage(agent.scope, { messageId, emoji: "👍" });
    const second = await node.commands.reactToMessage(mate.scope, { messageId, emoji: "❤️" });
    expect(second.reactions).toEqual([{ actor: "agent:Karel", emoji: "❤️" }]);
    const none = await node.commands.reactToMessage(mate.scope, { messageId, emoji: "" });
    expect(none.reactions).toEqual([]);
    expect((await refusal(node.commands.editMessage(agent.scope, { messageId, text: "x" }))).code).toBe("forbidden");
  });
});
