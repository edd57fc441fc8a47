import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MessageView } from "#wire";
import { GraphRefusal } from "../../fakes/graph/refusal.ts";
import { openScene, opus, png, type Scene, until } from "./scene.ts";

describe("what agents send over WhatsApp, from the desk to the customer's phone", () => {
  let scene: Scene;
  let counter = 0;
  beforeAll(async () => {
    scene = await openScene({
      templates: [
        {
          name: "vase_zasilka",
          language: "cs",
          components: [
            { type: "HEADER", format: "DOCUMENT" },
            {
              type: "BODY",
              text: "Dobrý den {{1}}, zásilka {{2}} je na cestě.",
              example: { body_text: [["Jano", "42"]] },
            },
            { type: "FOOTER", text: "Linka" },
            { type: "BUTTONS", buttons: [{ type: "URL", text: "Sledovat", url: "https://example.com/{{1}}" }] },
          ],
        },
        { name: "pozastavena", language: "cs", status: "PAUSED", components: [{ type: "BODY", text: "Ahoj" }] },
        ...Array.from({ length: 60 }, (_, index) => ({
          name: `dalsi_${index}`,
          language: "cs",
          components: [{ type: "BODY", text: "Ahoj" }],
        })),
      ],
    });
    await scene.subscribe();
  }, 60_000);
  afterAll(() => scene?.stop());

  /** A customer who has just written, and the conversation. */
  const customer = async () => {
    counter += 1;
    const user = scene.number.user({ name: `Zákazník ${counter}` });
    const text = `Dotaz číslo ${counter}.`;
    const { id } = await user.text(text);
    const { conversationId } = await scene.heard(text);
    return { user, conversationId, wamid: id };
  };
  const stateOf = (message: MessageView): string | undefined => message.deliveries[0]?.state;
  const becomes = (conversationId: string, id: string, state: string): Promise<MessageView> =>
    scene.message(id, `it is ${state}`, (message) => stateOf(message) === state, conversationId);
  const texts = (user: Awaited<ReturnType<typeof customer>>["user"]) => user.received().map(({ text }) => text);
  const sends = () => scene.graph.requests.filter(({ path, json }) => path[1] === "messages" && json !== undefined);
  const toPhone = (phone: string) => sends().filter(({ json }) => JSON.stringify(json).includes(phone));

  test("an answer goes out with our own key, quotes what it answers and climbs to read, its price kept", async () => {
    const { user, conversationId, wamid } = await customer();
    const question = (await scene.open(conversationId)).messages[0];
    const sent = await scene.reply(conversationId, "Hned to zjistím", { answersId: question?.id });
    await becomes(conversationId, sent.id, "sent");
    const [lying] = user.received();
    expect(lying).toMatchObject({ text: "Hned to zjistím", callback: sent.id, context: wamid });
    if (lying === undefined) throw new Error("nothing arrived");
    await user.read(lying, "sent");
    await user.read(lying, "read", { atOnce: 3 });
    await user.read(lying, "delivered", { repeats: 2 });
    await user.read(lying, "sent");
    const read = await becomes(conversationId, sent.id, "read");
    expect(read.detail["price"]).toMatchObject({ category: "service", billable: true });
    await user.read(lying, "failed");
    await user.text("Díky!");
    await scene.heard("Díky!");
    expect(stateOf(await becomes(conversationId, sent.id, "read"))).toBe("read");
  });

  test("a status that comes before the answer to the send, or skips a step, still counts", async () => {
    const { user, conversationId } = await customer();
    scene.number.options.ladder.states = ["read"];
    scene.number.options.ladder.early = true;
    const sent = await scene.reply(conversationId, "Předběhne mě stav");
    await becomes(conversationId, sent.id, "read");
    scene.number.options.ladder.states = [];
    scene.number.options.ladder.early = false;
    expect(texts(user)).toEqual(["Předběhne mě stav"]);
  });

  test("a send whose answer was lost is not repeated: its status settles it", async () => {
    const { user, conversationId } = await customer();
    const { phone } = user.person;
    const mine = ({ json }: { readonly json: unknown }): boolean => JSON.stringify(json ?? {}).includes(phone);
    scene.graph.faults.add({ on: mine, times: 1, does: "done-then-reset" });
    const sent = await scene.reply(conversationId, "Došlo to?");
    await becomes(conversationId, sent.id, "uncertain");
    const [lying] = user.received();
    if (lying === undefined) throw new Error("nothing arrived");
    await user.read(lying, "delivered");
    await becomes(conversationId, sent.id, "delivered");
    expect(texts(user)).toEqual(["Došlo to?"]);
    expect(toPhone(phone)).toHaveLength(1);
  });

  test("Meta in trouble is asked again, and the message arrives once", async () => {
    const { user, conversationId } = await customer();
    const { phone } = user.person;
    const refuse = new GraphRefusal({ status: 500, code: 131_000, says: "Something went wrong" });
    scene.graph.faults.add({
      on: ({ json }) => JSON.stringify(json ?? {}).includes(phone),
      times: 1,
      does: { refuse },
    });
    const sent = await scene.reply(conversationId, "Napodruhé");
    await until("it arrives", async () => texts(user).length === 1, 20_000);
    await becomes(conversationId, sent.id, "sent");
    expect(toPhone(phone)).toHaveLength(2);
  });

  test("after 24 hours free words are refused with what is possible instead; a template goes", async () => {
    const { user, conversationId } = await customer();
    await scene.query(
      "update thread set window_until = now() - interval '1 hour' where id in (select thread_id from conversation_thread where conversation_id = $1)",
      [conversationId],
    );
    await expect(scene.reply(conversationId, "Pozdě")).rejects.toThrow(/window/iu);
    const { templates } = await scene.agent.ask("templates.list", { accountId: scene.accountId, refresh: true });
    expect(templates).toHaveLength(62);
    expect(templates.find(({ name }) => name === "pozastavena")?.unusable).toBe("PAUSED");
    const template = templates.find(({ name }) => name === "vase_zasilka");
    expect(template).toMatchObject({
      language: "cs",
      category: "utility",
      body: "Dobrý den {{body.1}}, zásilka {{body.2}} je na cestě.",
      footer: "Linka",
      buttons: ["Sledovat"],
      variables: [
        { key: "header.document", type: "document" },
        { key: "body.1", type: "text", example: "Jano" },
        { key: "body.2", type: "text", example: "42" },
        { key: "button.0.url", type: "text" },
      ],
    });
    const { id: upload } = await scene.upload(conversationId, "stitek.pdf", Buffer.from("%PDF-1.4\n%%EOF"));
    const sent = await scene.reply(conversationId, "", {
      uploadIds: [upload],
      content: {
        type: "template",
        name: "vase_zasilka",
        language: "cs",
        values: { "header.document": upload, "body.1": "Jano", "body.2": "č. 7", "button.0.url": "z7" },
      },
    });
    await becomes(conversationId, sent.id, "sent");
    const [lying] = user.received();
    expect(lying).toMatchObject({ type: "template", body: { name: "vase_zasilka" } });
    expect(JSON.stringify(lying?.body)).toContain('"text":"č. 7"');
  });

  test("Meta's late word that the window was closed reaches the agent as that", async () => {
    const { user, conversationId } = await customer();
    scene.graph.clock.advance(25 * 3_600_000);
    const sent = await scene.reply(conversationId, "Okno už je zavřené");
    const failed = await becomes(conversationId, sent.id, "failed");
    expect(failed.deliveries[0]).toMatchObject({ errorCode: "window-closed" });
    scene.number.options.window = "at-once";
    const again = await scene.reply(conversationId, "Ani teď");
    expect((await becomes(conversationId, again.id, "failed")).deliveries[0]).toMatchObject({
      errorCode: "window-closed",
    });
    scene.number.options.window = "later";
    expect(texts(user)).toEqual([]);
  });

  test("buttons, a list, a place and a contact arrive as those, and what the customer taps comes back", async () => {
    const { user, conversationId } = await customer();
    const send = async (text: string, content: object): Promise<void> => {
      const { id } = await scene.reply(conversationId, text, { content });
      await becomes(conversationId, id, "sent");
    };
    await send("Vyhovuje pátek?", {
      type: "buttons",
      buttons: [
        { id: "a", title: "Ano" },
        { id: "n", title: "Ne" },
      ],
    });
    await send("Kdy?", {
      type: "list",
      button: "Termíny",
      sections: [{ title: "Pátek", rows: [{ id: "p9", title: "9 až 12", description: "dopoledne" }] }],
    });
    await send("", { type: "location", lat: 50.08, lng: 14.42, name: "Prodejna" });
    await send("", { type: "contacts", contacts: [{ name: "Petr Dvořák", phones: ["+420602111222"], emails: [] }] });
    const [buttons, list, place, card] = user.received();
    expect([buttons?.type, list?.type, place?.type, card?.type]).toEqual([
      "interactive",
      "interactive",
      "location",
      "contacts",
    ]);
    if (buttons === undefined || list === undefined) throw new Error("nothing arrived");
    await user.click(buttons, 0);
    expect(await scene.heard("Ano")).toMatchObject({ detail: { choice: { type: "button", id: "a" } } });
    await user.pick(list, 0);
    expect(await scene.heard("9 až 12")).toMatchObject({ detail: { choice: { type: "list", id: "p9" } } });
  });

  test("files go as what WhatsApp plays; words a sound cannot carry go before it", async () => {
    const { user, conversationId } = await customer();
    const send = async (name: string, bytes: Uint8Array, text: string): Promise<void> => {
      const { id } = await scene.upload(conversationId, name, bytes);
      const sent = await scene.reply(conversationId, text, { uploadIds: [id] });
      await becomes(conversationId, sent.id, "sent");
    };
    await send("foto.png", Buffer.concat([png, Buffer.alloc(100, 1)]), "Takhle");
    await send("smlouva č. 1.pdf", Buffer.from("%PDF-1.4\n%%EOF"), "");
    await send("vzkaz.ogg", opus, "Poslechněte si");
    expect(user.received().map(({ type, text }) => [type, text])).toEqual([
      ["image", "Takhle"],
      ["document", ""],
      ["text", "Poslechněte si"],
      ["audio", ""],
    ]);
    expect(user.received()[1]?.body).toMatchObject({ filename: "smlouva č. 1.pdf" });
  });

  test("a long text is split on words and nothing of it is lost", async () => {
    const { user, conversationId } = await customer();
    const text = "Příliš žluťoučký kůň úpěl ďábelské ódy. ".repeat(250).trim();
    await scene.reply(conversationId, text);
    await until("all of it arrives", async () => texts(user).join(" ").length >= text.length);
    expect(texts(user).length).toBe(3);
    expect(texts(user).join(" ")).toBe(text);
  });

  test("being told to slow down delays a message by what Meta asks and loses none", async () => {
    const { user, conversationId } = await customer();
    const { phone } = user.person;
    const refuse = new GraphRefusal({
      status: 429,
      code: 130_429,
      says: "Rate limit hit",
      headers: { "retry-after": "1" },
    });
    scene.graph.faults.add({
      on: ({ json }) => JSON.stringify(json ?? {}).includes(phone),
      times: 1,
      does: { refuse },
    });
    const began = performance.now();
    await scene.reply(conversationId, "Pomaleji");
    await until("it arrives", async () => texts(user).length === 1, 20_000);
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  test("one customer who gets too much holds back nobody else", async () => {
    const [busy, other] = [await customer(), await customer()];
    const refuse = new GraphRefusal({ code: 131_056, says: "pair rate limit hit" });
    const { phone } = busy.user.person;
    scene.graph.faults.add({
      on: ({ json }) => JSON.stringify(json ?? {}).includes(phone),
      times: 1,
      does: { refuse },
    });
    await scene.reply(busy.conversationId, "Tohle počká");
    await until("Meta refused it", async () => toPhone(phone).length === 1);
    await scene.reply(other.conversationId, "Tohle jde hned");
    await until("the other one arrives", async () => texts(other.user).length === 1, 5_000);
    expect(texts(busy.user)).toEqual([]);
  });

  test("a refused token parks what is sent, alarms the admin, and lets it go when a new one is entered", async () => {
    const { user, conversationId } = await customer();
    scene.number.token.revoked = true;
    const sent = await scene.reply(conversationId, "Čekám na nový token");
    await scene.inState("needs-login");
    expect((await scene.channel())?.stateText).toContain("190");
    expect(stateOf((await scene.open(conversationId)).messages.find(({ id }) => id === sent.id) as MessageView)).toBe(
      "queued",
    );
    scene.number.token.revoked = false;
    await scene.admin.call("PATCH", `/api/admin/channels/${scene.accountId}`, {
      ...scene.body,
      config: { ...scene.body.config, checkEveryMs: 201 },
    });
    await scene.inState("online");
    await until("it arrives after all", async () => texts(user).length === 1, 20_000);
  }, 40_000);

  test("the admin's Test asks Meta for every permission and says which is missing", async () => {
    const tested = await scene.admin.call<{ ok: boolean; checks?: readonly { id: string; ok: boolean }[] }>(
      "POST",
      "/api/admin/channels/test",
      scene.body,
    );
    expect(tested.ok).toBe(true);
    expect(tested.checks?.map(({ id, ok }) => [id, ok])).toEqual([
      ["number", true],
      ["whatsapp_business_messaging", true],
      ["whatsapp_business_management", true],
      ["account", true],
      ["webhook", true],
      ["token", true],
    ]);
    const poor = scene.whatsapp.number({ subscribed: false, scopes: ["whatsapp_business_messaging"] });
    const lacking = await scene.admin.call<{ ok: boolean; checks?: readonly { id: string; ok: boolean }[] }>(
      "POST",
      "/api/admin/channels/test",
      { ...scene.body, config: { ...scene.body.config, ...poor.settings } },
    );
    expect(lacking.checks?.filter(({ ok }) => !ok).map(({ id }) => id)).toEqual([
      "whatsapp_business_management",
      "account",
      "webhook",
    ]);
  });
});
