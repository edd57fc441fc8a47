import { afterAll, beforeAll, expect, test } from "vitest";
import { uuid } from "#core/uuid";
import { boot, type Frame } from "#wire";
import { addConversation, addTenant, addUser, deskSocket, type Hub, logIn, startHub } from "./hub.ts";

let hub: Hub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.stop());

test("a client company's viewer sees its case without the agents' notes", async () => {
  const tenant = await addTenant(hub, "client");
  const { id } = await addConversation(hub, { tenantId: tenant, body: "the customer's words" });
  const agent = await addUser(hub, "Note Writer", [{ tenantId: tenant }]);
  const viewer = await addUser(hub, "Client Viewer", [{ tenantId: tenant, role: "client_viewer" }]);
  const [writing, looking] = [
    await deskSocket(hub, await logIn(hub, agent)),
    await deskSocket(hub, await logIn(hub, viewer)),
  ];
  await looking.ask("conversation.open", { id });
  await writing.ask("message.send", {
    conversationId: id,
    mode: "note",
    clientKey: uuid(),
    text: "internal opinion",
    uploadIds: [],
  });
  await looking.heard("frame", (frame: Frame) => frame.changes.some(({ row }) => row.version > 1));
  const again = await looking.ask("conversation.open", { id });
  expect(JSON.stringify([again, looking.news])).toContain("the customer's words");
  expect(JSON.stringify([again, looking.news])).not.toContain("internal opinion");
  const found = async (who: typeof looking, query: string): Promise<unknown[]> => {
    const page = await who.ask("view.open", { kind: "all", query });
    return page.ok ? page.value.rows.map((row) => row.id) : [page.refusal.code];
  };
  expect(await found(writing, "opinion")).toEqual([id]);
  expect(await found(looking, "opinion")).toEqual([]);
  expect(
    await looking.ask("message.send", {
      conversationId: id,
      mode: "note",
      clientKey: uuid(),
      text: "x",
      uploadIds: [],
    }),
  ).toMatchObject({ ok: false, refusal: { code: "forbidden" } });
  for (const client of [writing, looking]) client.socket.close();
});

test("a client company's viewer knows agents by the names its customers see; colleagues know them by their own", async () => {
  const tenant = await addTenant(hub, "aliased");
  const agent = await addUser(hub, "Real Name", [{ tenantId: tenant }]);
  await hub.prisma.membership.updateMany({ where: { userId: agent.id }, data: { alias: "Customer Care" } });
  const namesFor = async (user: { email: string }): Promise<string[]> => {
    const answer = await (await logIn(hub, user)).call("GET", "/api/boot");
    return boot.parse(await answer.json()).agents.map(({ name }) => name);
  };
  const viewer = await addUser(hub, "Client Looks", [{ tenantId: tenant, role: "client_viewer" }]);
  expect(await namesFor(viewer)).toEqual(["Customer Care"]);
  expect(await namesFor(agent)).toEqual(["Real Name"]);
});
