import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sign } from "../../../connectors/graph/index.ts";
import { bodyOf } from "../../fakes/graph/webhooks.ts";
import { openScene, opus, png, type Scene, until } from "./scene.ts";

describe("what customers write over WhatsApp, from Meta's webhook to the agent's screen", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene();
  }, 60_000);
  afterAll(() => scene?.stop());

  const post = (body: Buffer, signature: string | undefined) =>
    fetch(scene.hookUrl, {
      method: "POST",
      body: new Uint8Array(body),
      headers: { ...(signature !== undefined && { "x-hub-signature-256": signature }) },
    });

  test("Meta's question is answered to who knows the verify token, and to nobody else", async () => {
    expect(await scene.graph.webhooks.subscribe(scene.number.app, scene.hookUrl, "a wrong verify token")).toBe(false);
    expect(await scene.subscribe()).toBe(true);
  });

  test("only what Meta signed is believed: the raw bytes, not the same JSON written anew", async () => {
    const user = scene.number.user({ name: "Žofie" });
    const value = {
      messaging_product: "whatsapp",
      metadata: scene.number.metadata,
      contacts: [user.who()],
      messages: [user.item("text", { text: { body: "Příliš žluťoučký kůň 🐎" } })],
    };
    const payload = {
      object: "whatsapp_business_account",
      entry: [{ id: "1", changes: [{ field: "messages", value }] }],
    };
    const body = bodyOf(payload);
    const secret = scene.number.app.secret;
    expect(body.toString()).toMatch(/\\u017e/u);
    expect((await post(body, undefined)).status).toBe(401);
    expect((await post(body, sign("another secret", body))).status).toBe(401);
    expect((await post(Buffer.from(JSON.stringify(payload)), sign(secret, body))).status).toBe(401);
    expect((await post(body, sign(secret, body))).status).toBe(200);
    expect(await scene.heard("Příliš žluťoučký kůň 🐎")).toMatchObject({ direction: "in", channel: "whatsapp" });
  });

  test("the same webhook five times at once is one message", async () => {
    const user = scene.number.user({ name: "Pětkrát" });
    await user.text("Jen jednou, prosím", { atOnce: 5, repeats: 2 });
    const { conversationId } = await scene.heard("Jen jednou, prosím");
    await user.text("A potom");
    await scene.heard("A potom");
    expect((await scene.open(conversationId)).messages.map(({ text }) => text)).toEqual([
      "Jen jednou, prosím",
      "A potom",
    ]);
  });

  test("every kind of message is understood, files come after their message and are what was sent", async () => {
    const user = scene.number.user({ name: "Všehochuť" });
    const photo = Buffer.concat([png, Buffer.alloc(5_000, 7)]);
    const sound = Buffer.concat([opus, Buffer.alloc(3_000, 1)]);
    await user.text("Začínáme");
    const { conversationId } = await scene.heard("Začínáme");
    await user.image({ mimeType: "image/png", bytes: photo, caption: "Rozbitá konvice" });
    await user.voice({ mimeType: "audio/ogg; codecs=opus", bytes: sound });
    await user.document({
      name: "faktura č. 7.pdf",
      mimeType: "application/pdf",
      bytes: Buffer.from("%PDF-1.4\n%%EOF"),
    });
    await user.sticker({ mimeType: "image/webp", bytes: Buffer.from("RIFF\u0000\u0000\u0000\u0000WEBPVP8 ") });
    await user.location({ lat: 50.0875, lng: 14.4213, name: "Orloj", address: "Praha 1" });
    await user.contacts([{ name: "Petr Dvořák", phone: "+420 602 111 222" }]);
    await user.order();
    await user.say("hologram", { hologram: { id: "h1" } });
    await user.say("unsupported", {
      errors: [{ code: 131_051, title: "Message type unknown", error_data: { details: "Not supported." } }],
      unsupported: { type: "poll" },
    });
    await user.call();
    const messages = await until(
      "all files have come",
      async () => {
        const { messages } = await scene.open(conversationId);
        const files = messages.flatMap(({ attachments }) => attachments);
        return messages.length === 11 && files.every(({ state }) => state === "stored") && messages;
      },
      20_000,
    );
    await scene.agent.heard("a file that came is pushed to the open conversation", ({ changes }) =>
      changes.some(({ messages: changed }) =>
        changed.some(({ text, attachments }) => text === "Rozbitá konvice" && attachments[0]?.state === "stored"),
      ),
    );
    const [, image, voice, document, sticker, place, card, order, hologram, poll, call] = messages;
    expect(image).toMatchObject({ kind: "text", text: "Rozbitá konvice", detail: { media: "image" } });
    expect(image?.attachments[0]).toMatchObject({ mime: "image/png", size: photo.length });
    expect(await scene.fileAt(image?.attachments[0]?.url ?? "")).toEqual(photo);
    expect(voice).toMatchObject({ detail: { media: "voice" } });
    expect(voice?.attachments[0]).toMatchObject({ name: "voice.ogg", size: sound.length });
    expect(await scene.fileAt(voice?.attachments[0]?.url ?? "")).toEqual(sound);
    expect(document?.attachments[0]).toMatchObject({ name: "faktura č. 7.pdf", mime: "application/pdf" });
    expect(sticker).toMatchObject({ detail: { media: "sticker" } });
    expect(place).toMatchObject({ kind: "location", detail: { lat: 50.0875, lng: 14.4213, name: "Orloj" } });
    expect(card).toMatchObject({
      kind: "contact",
      detail: { contacts: [{ name: "Petr Dvořák", phones: ["+420 602 111 222"] }] },
    });
    expect(order).toMatchObject({ detail: { order: { items: [{ product: "ROHLIK", quantity: 4 }, {}] } } });
    expect(hologram).toMatchObject({ kind: "unsupported", detail: { unsupported: { type: "hologram" } } });
    expect(poll).toMatchObject({ kind: "unsupported", detail: { unsupported: { type: "poll" } } });
    expect(call).toMatchObject({ kind: "call", detail: { call: { missed: true } } });
  });

  test("a message whose file is slow, torn or gone is on the screen at once and says how its file fares", async () => {
    const user = scene.number.user({ name: "Zlomky" });
    const bytes = Buffer.concat([png, Buffer.alloc(10_000, 3)]);
    await user.image({ mimeType: "image/png", bytes, caption: "Přetržená", spoiled: "half" });
    const torn = await scene.heard("Přetržená");
    expect(torn.attachments[0]?.state).toBe("pending");
    await until("its bytes were asked for and refused", async () => {
      const [row] = await scene.query("select attempts, state from message_part where id = $1", [
        torn.attachments[0]?.id,
      ]);
      return Number(row?.["attempts"]) >= 1 && row?.["state"] === "pending";
    });
    await user.say("image", {
      image: { id: "999999999999", mime_type: "image/png", sha256: "x", caption: "Dávno pryč" },
    });
    const gone = await scene.heard("Dávno pryč");
    await scene.message(
      gone.id,
      "it is known to be gone",
      (m) => m.attachments[0]?.state === "failed",
      gone.conversationId,
    );
  });

  test("answers, reactions, corrections and withdrawals reach their message, also when they come before it", async () => {
    const user = scene.number.user({ name: "Opravy" });
    const { id } = await user.text("Kup mléko");
    const { conversationId, id: messageId } = await scene.heard("Kup mléko");
    await user.text("A to mléko polotučné", { replyTo: id });
    const answer = await scene.heard("A to mléko polotučné");
    expect(answer.replyToId).toBe(messageId);
    await user.text("Odpověď na něco neznámého", { replyTo: "wamid.never-seen" });
    expect((await scene.heard("Odpověď na něco neznámého")).replyToId).toBeNull();
    await user.react(id, "👍");
    await scene.message(messageId, "the reaction shows", (m) => m.reactions.length === 1, conversationId);
    await user.react(id, "", { at: new Date(Date.now() + 2_000) });
    await scene.message(messageId, "the reaction is gone", (m) => m.reactions.length === 0, conversationId);
    await user.edit(id, "Kup dvě mléka");
    await scene.message(messageId, "the correction shows", (m) => m.text === "Kup dvě mléka", conversationId);
    await user.revoke(id);
    await scene.message(messageId, "the message is withdrawn", (m) => m.text === "", conversationId);

    const early = scene.number.wamid();
    await user.edit(early, "Už opraveno");
    await user.text("Ještě neopraveno", { id: early });
    const { messages } = await until("the early correction was applied", async () => {
      const opened = await scene.open(conversationId);
      return opened.messages.some(({ text }) => text === "Už opraveno") && opened;
    });
    expect(messages.some(({ text }) => text === "Ještě neopraveno")).toBe(false);
  });

  test("a customer without a number has a conversation, and the answer goes to their id", async () => {
    const user = scene.number.user({ name: "Neukazuji", hidden: true });
    await user.text("Číslo neukazuji");
    const { conversationId } = await scene.heard("Číslo neukazuji");
    await scene.reply(conversationId, "To nevadí");
    await until("the answer is there", async () => user.received().some(({ text }) => text === "To nevadí"));
    const sent = scene.graph.requests.findLast(({ path }) => path[1] === "messages")?.json;
    expect(sent).toMatchObject({ recipient: user.person.bsuid });
    expect(sent).not.toHaveProperty("to");
  });

  test("a new number and a new id keep the conversation, and answers follow them", async () => {
    const user = scene.number.user({ name: "Stěhovavý" });
    await user.text("Mám staré číslo");
    const { conversationId } = await scene.heard("Mám staré číslo");
    await user.changeNumber("420777000111", "CZ.555000111");
    await user.text("Mám nové číslo");
    expect((await scene.heard("Mám nové číslo")).conversationId).toBe(conversationId);
    await scene.reply(conversationId, "Píšu na nové");
    await until("it lies on the new number", async () => user.received().some(({ text }) => text === "Píšu na nové"));
    await user.rotateId("CZ.777888999");
    user.person.hidden = true;
    await user.text("A teď jen jméno");
    expect((await scene.heard("A teď jen jméno")).conversationId).toBe(conversationId);
    await scene.reply(conversationId, "Píšu na nové id");
    await until("it lies at the new id", async () => user.received().some(({ text }) => text === "Píšu na nové id"));
    expect((await scene.rows()).filter(({ contact }) => contact.name === "Stěhovavý")).toHaveLength(1);
  });

  test("one bad item holds back none of its neighbours; it is parked with its bytes", async () => {
    const user = scene.number.user({ name: "Dávka" });
    const item = (body: string) => user.item("text", { text: { body } });
    const broken = { ...item("x"), text: { words: "?" } };
    await scene.number.push({
      contacts: [user.who()],
      messages: [item("První z dávky"), broken, item("Poslední z dávky")],
      statuses: [
        { id: "wamid.unknown", status: "delivered", timestamp: scene.number.seconds(), recipient_id: "420600000000" },
        { nonsense: true },
      ],
    });
    await scene.heard("První z dávky");
    await scene.heard("Poslední z dávky");
    const parked = await scene.query("select error from inbound_event where state = 'parked' and type = 'unparsed'");
    expect(parked).toHaveLength(2);
  });

  test("news about another number, about the account, and 3 MB of text are taken as what they are", async () => {
    const user = scene.number.user({ name: "Velký" });
    expect(
      await scene.number.push(
        { messages: [user.item("text", { text: { body: "Cizí" } })] },
        { phoneNumberId: "42424242" },
      ),
    ).toBe(true);
    expect(
      await scene.number.push(
        { event: "APPROVED", message_template_id: 1 },
        { field: "message_template_status_update" },
      ),
    ).toBe(true);
    const { delivered } = await user.text(`Konec dlouhého textu ${"x".repeat(2_900_000)}`, { attempts: 3 });
    expect(delivered).toBe(true);
    expect((await scene.heard("Konec dlouhého textu")).text.length).toBeGreaterThan(2_900_000);
    expect((await scene.rows()).some(({ preview }) => preview.includes("Cizí"))).toBe(false);
  });

  test("a colleague's answer from the business phone is ours and appears once", async () => {
    const user = scene.number.user({ name: "Dvojí" });
    await user.text("Je tam někdo?");
    const { conversationId } = await scene.heard("Je tam někdo?");
    await user.answered("Ano, tady mobil", { repeats: 2 });
    const echo = await scene.heard("Ano, tady mobil");
    expect(echo).toMatchObject({ direction: "out", conversationId });
    expect((await scene.open(conversationId)).messages).toHaveLength(2);
  });

  test("every webhook so far was answered within 250 ms of a hub that is not busy", () => {
    const taken = scene.graph.webhooks.answers.filter(({ status }) => status === 200).map(({ ms }) => ms);
    const sorted = taken.toSorted((a, b) => a - b);
    const median = sorted[Math.trunc(sorted.length / 2)] ?? 0;
    process.stdout.write(
      `whatsapp webhooks: ${taken.length} taken, median ${Math.round(median)} ms, slowest ${Math.round(sorted.at(-1) ?? 0)} ms\n`,
    );
    expect(median).toBeLessThan(250);
  });

  test("a hub that was away for a while loses nothing: Meta delivers again", async () => {
    const user = scene.number.user({ name: "Vytrvalý" });
    await scene.kill();
    const writing = Promise.all(["Jedna", "Dva", "Tři"].map((text) => user.text(`${text} za výpadku`)));
    await scene.restart();
    expect((await writing).every(({ delivered }) => delivered)).toBe(true);
    for (const text of ["Jedna", "Dva", "Tři"]) await scene.heard(`${text} za výpadku`);
  });
});
