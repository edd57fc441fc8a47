import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openScene, png, type Scene, until } from "./scene.ts";

describe("what goes on beside the messages of a WhatsApp number", () => {
  let scene: Scene;
  let counter = 0;
  beforeAll(async () => {
    scene = await openScene({
      templates: [{ name: "ahoj", language: "cs", components: [{ type: "BODY", text: "Ahoj {{1}}" }] }],
    });
    await scene.subscribe();
  }, 60_000);
  afterAll(() => scene?.stop());

  const customer = async () => {
    counter += 1;
    const user = scene.number.user({ name: `Člověk ${counter}` });
    const text = `Slovo číslo ${counter}.`;
    const { id } = await user.text(text);
    const { conversationId, id: messageId } = await scene.heard(text);
    return { user, conversationId, messageId, wamid: id };
  };
  const sends = (phone: string) =>
    scene.graph.requests.filter(
      ({ path, json }) => path[1] === "messages" && JSON.stringify(json ?? {}).includes(phone),
    );

  test("opening a conversation marks it read on the customer's phone, a call in it does no harm", async () => {
    const { user, conversationId, wamid } = await customer();
    await scene.agent.ask("conversation.read", { id: conversationId, seq: 1 });
    await until("it is read there", async () => scene.number.read.includes(wamid));
    await user.call();
    await until("the call is there", async () => (await scene.open(conversationId)).messages.length === 2);
    await scene.agent.ask("conversation.read", { id: conversationId, seq: 2 });
    expect((await scene.open(conversationId)).row.unread).toBe(0);
  });

  test("an agent's reaction shows on the phone, also after the customer moved to another number", async () => {
    const { user, messageId, conversationId } = await customer();
    const old = user.person.phone;
    await scene.agent.ask("message.react", { messageId, emoji: "👍" });
    await until("the reaction was sent", async () =>
      sends(old).some(({ json }) => JSON.stringify(json).includes("👍")),
    );
    await user.changeNumber("420777222333", "CZ.777222333");
    await until("the move is in the history", async () => (await scene.open(conversationId)).messages.length === 2);
    await scene.agent.ask("message.react", { messageId, emoji: "❤️" });
    const [reaction] = await until("the next one was sent", async () => {
      const found = sends("420777222333").filter(({ json }) => JSON.stringify(json).includes("❤️"));
      return found.length > 0 && found;
    });
    expect(reaction?.json).toMatchObject({ to: "420777222333", type: "reaction" });
  });

  test("a conversation begun by us takes a template only, until the customer answers", async () => {
    const user = scene.number.user({ name: "Oslovený" });
    const { row } = await scene.agent.ask("conversation.begin", {
      tenantId: scene.fixture.tenantId,
      accountId: scene.accountId,
      address: `+${user.person.phone}`,
      name: "Oslovený",
      subject: "",
    });
    await expect(scene.reply(row.id, "Dobrý den")).rejects.toThrow(/window/iu);
    await scene.agent.ask("templates.list", { accountId: scene.accountId, refresh: true });
    await scene.reply(row.id, "", {
      content: { type: "template", name: "ahoj", language: "cs", values: { "body.1": "světe" } },
    });
    await until("the template arrives", async () => user.received().length === 1);
    await user.text("Ahoj, tady já");
    expect((await scene.heard("Ahoj, tady já")).conversationId).toBe(row.id);
    await scene.reply(row.id, "Výborně");
    await until("free words arrive now", async () => user.received().some(({ text }) => text === "Výborně"));
  });

  test("an app with one address for two numbers: each number's part reaches its own account", async () => {
    const second = scene.whatsapp.number({ app: scene.number.app });
    await scene.admin.call("POST", "/api/admin/channels", {
      ...scene.body,
      name: "Druhé číslo",
      config: { ...scene.body.config, ...second.settings },
    });
    const user = second.user({ name: "Na druhé" });
    await user.text("Píšu na druhé číslo");
    const { conversationId } = await scene.heard("Píšu na druhé číslo");
    expect((await scene.open(conversationId)).threads[0]).toMatchObject({ accountName: "Druhé číslo" });
  });

  test("files that were still on their way when the hub was killed come after it is back", async () => {
    const { user, conversationId } = await customer();
    scene.graph.faults.add({ on: ({ method, path }) => method === "GET" && path.length === 1, does: "hang" });
    await user.image({ mimeType: "image/png", bytes: png, caption: "Přes pád" });
    expect((await scene.heard("Přes pád")).attachments[0]?.state).toBe("pending");
    await scene.kill();
    scene.graph.faults.clear();
    await scene.restart();
    const file = await until(
      "the file came",
      async () => {
        const { messages } = await scene.open(conversationId);
        const [attachment] = messages.find(({ text }) => text === "Přes pád")?.attachments ?? [];
        return attachment?.state === "stored" && attachment;
      },
      25_000,
    );
    expect(await scene.fileAt(file.url ?? "")).toEqual(png);
  }, 60_000);

  test("a token that ends within two weeks is told to the admin while all still works", async () => {
    scene.number.token.expiresAt = new Date(Date.now() + 5 * 86_400_000);
    await scene.admin.call("PATCH", `/api/admin/channels/${scene.accountId}`, {
      config: { ...scene.body.config, checkEveryMs: 202 },
    });
    const day = scene.number.token.expiresAt.toISOString().slice(0, 10);
    const channel = await until(
      "the warning shows",
      async () => {
        const found = await scene.channel();
        return found?.stateText.includes(day) === true && found;
      },
      20_000,
    );
    expect(channel.state).toBe("online");
  });
});
