import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uuid } from "#core/uuid";
import { type OwnPostgres, ownPostgres } from "../support/postgres.ts";
import { type Node, startNode } from "./parts/node.ts";
import { type Remote, startRemote } from "./parts/remote.ts";
import { scripted } from "./parts/scripted.ts";
import { addAccount, addAgent, addCase, addTenant, attachWorld, until, type World } from "./parts/world.ts";

let postgres: OwnPostgres;
let world: World;
let remote: Remote;
let node: Node;

beforeAll(async () => {
  postgres = await ownPostgres();
  world = attachWorld(postgres.url);
  remote = await startRemote();
  node = await startNode(world, { connectors: [scripted({ kind: "talk" })], lease: { ttlMs: 3_000, renewMs: 500 } });
});
afterAll(async () => {
  await node.stop();
  await remote.stop();
  await world.close();
  await postgres.drop();
});

describe("the database is away for a while", () => {
  it("and what a channel took meanwhile is written when it is back, once; a command says that it could not be stored", async () => {
    const tenant = await addTenant(world.db);
    const agent = await addAgent(world.db, tenant);
    const accountId = await addAccount(world, { tenant, kind: "talk", url: remote.url });
    await node.supervisor.reload(accountId);
    await until("the account is connected", () => remote.live() === 1);
    const made = await addCase(world, { tenant, accountId });
    const say = (text: string) =>
      node.commands.sendMessage(agent.scope, {
        conversationId: made.conversationId,
        clientKey: uuid(),
        mode: "reply",
        text,
        uploadIds: [],
      });
    remote.next({ hold: true });
    const message = await say("na cestě");
    await until("the channel has it", () => remote.arrived.length === 1);
    await postgres.kill();
    await expect(say("nejde uložit")).rejects.toMatchObject({ code: "unavailable" });
    remote.release();
    await until("the outcome waits", () => node.outbox.stats().unwritten === 1);
    await postgres.start();
    await until("it is written", async () => {
      const [row] = await world.db
        .query<{ state: string }>({ text: "select state from delivery where message_id = $1", values: [message.id] })
        .catch(() => []);
      return row?.state === "sent";
    });
    await until("the account is led again", () =>
      node.supervisor.health().some((one) => one.leading && one.state === "online"),
    );
    const after = await say("zase dobré");
    await until("it arrives", () => remote.arrived.some((one) => one.key === after.id));
    expect(remote.arrived.map((one) => one.text)).toEqual(["na cestě", "zase dobré"]);
  });
});
