import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ConnectorError, type Inbound, type Outbound } from "#contract";
import { jana, openPhone, ours, type Phone, until } from "./phone.ts";

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const voice = Buffer.from(`OggS${"x".repeat(5_000)}`).toString("base64");
vi.setConfig({ testTimeout: 60_000 });

let phone: Phone;

const file = (name: string, mimeType: string, base64: string): Outbound["attachments"][number] => {
  const bytes = Buffer.from(base64, "base64");
  return {
    name,
    mimeType,
    bytes: bytes.length,
    open: async () =>
      (async function* () {
        yield bytes;
      })(),
  };
};
const eventOf = <T extends Inbound["type"]>(type: T, last: (event: Extract<Inbound, { type: T }>) => boolean) =>
  until(`a ${type}`, () =>
    phone.account.kept
      .map(({ event }) => event)
      .find((event): event is Extract<Inbound, { type: T }> => event.type === type && last(event as never)),
  );
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "it was sent",
    (thrown: unknown) => thrown,
  );
const lastSent = () => phone.whatsapp.sent.at(-1);

beforeAll(async () => {
  phone = await openPhone({ linked: false });
  phone.account.start();
});
afterAll(() => phone.close());

describe("an account that is linked by scanning", () => {
  it("shows the code to the administrator, and is online when it was scanned", async () => {
    const { show } = await until("a code", async () => {
      const next = await phone.status("needs-login");
      return next.show === undefined ? undefined : next;
    });
    expect(show).toMatchObject({ qr: expect.stringMatching(/^2@ref\d+,/) });
    expect(phone.link().look()).toMatchObject({ phase: "code", show });
    phone.whatsapp.scan("a", ours);
    await phone.status("online");
    expect(phone.link().look()).toMatchObject({ phase: "ready", linked: `${ours}@c.us` });
    expect(phone.link().look()).not.toHaveProperty("show");
    const told = JSON.stringify([phone.account.log, await phone.memory.hub.memory.get("since")]);
    expect(told, "the code is neither logged nor stored").not.toContain("2@ref");
  });

  it("tells what its browser takes of the memory", async () => {
    const bytes = await until("the memory", () => phone.link().look().memoryBytes);
    expect(bytes).toBeGreaterThan(50_000_000);
    expect(bytes).toBeLessThan(2_000_000_000);
  });
});

describe("what customers write", () => {
  it("brings text with who wrote it and when", async () => {
    phone.whatsapp.receive("a", {
      chat: jana,
      body: "Dobrý den https://example.cz",
      notifyName: "Jan",
      t: 1_795_000_000,
    });
    const message = await phone.message("Dobrý den https://example.cz");
    expect(message).toMatchObject({
      kind: "text",
      own: false,
      from: { name: "Jan", addresses: [{ kind: "wa_phone", value: "+420777123456" }] },
      sentAt: new Date(1_795_000_000_000),
    });
  });

  it("brings pictures, voice and documents byte for byte, and says what they are", async () => {
    const send = (type: string, mimetype: string, media: string, more: object = {}) =>
      phone.whatsapp.receive("a", { chat: jana, type, mimetype, media, ...more });
    send("image", "image/png", png, { caption: "fotka" });
    send("ptt", "audio/ogg; codecs=opus", voice, { duration: "3", caption: "hlas" });
    send("document", "application/pdf", voice, { filename: "faktura.pdf", caption: "doklad" });
    const arrived = async (text: string) => {
      await phone.message(text);
      return phone.account.messages().find(({ event }) => event.text === text);
    };
    const [image, spoken, document] = [await arrived("fotka"), await arrived("hlas"), await arrived("doklad")];
    expect(image?.event.detail).toEqual({ media: "image" });
    expect(Buffer.from(image?.files[0]?.bytes ?? []).toString("base64")).toBe(png);
    expect(spoken?.event.detail).toEqual({ media: "voice" });
    expect(spoken?.files[0]).toMatchObject({ name: "voice.ogg", mimeType: "audio/ogg" });
    expect(Buffer.from(spoken?.files[0]?.bytes ?? []).toString("base64")).toBe(voice);
    expect(document?.files[0]).toMatchObject({ name: "faktura.pdf", mimeType: "application/pdf" });
  });

  it("shows a message whose file is gone from WhatsApp, and says that the file is gone for good", async () => {
    const { connection } = phone.account;
    phone.whatsapp.receive("a", {
      chat: jana.replace("6@", "7@"),
      type: "document",
      mimetype: "application/pdf",
      filename: "pryč.pdf",
      directPath: "/v/gone",
      mediaKey: "k",
      id: "GONE1",
      caption: "zmizelo",
    });
    const gone = "in/phone:420777123457/GONE1";
    await until("the browser knows it", () => phone.whatsapp.ops.some(({ op }) => op === "media.get"));
    const failure = await failureOf(connection.fetchFile?.(gone, AbortSignal.timeout(10_000)) ?? Promise.resolve());
    expect(failure).toBeInstanceOf(ConnectorError);
    expect(failure).toHaveProperty("code", "rejected");
  });

  it("brings places and business cards", async () => {
    phone.whatsapp.receive("a", { chat: jana, type: "location", lat: 50.08, lng: 14.43, loc: "Praha\nVáclavské nám." });
    phone.whatsapp.receive("a", {
      chat: jana,
      type: "vcard",
      body: "BEGIN:VCARD\nFN:Eva\nTEL;waid=420777000222:+420 777 000 222\nEND:VCARD",
    });
    expect(await phone.message("Praha, Václavské nám.")).toMatchObject({
      kind: "location",
      detail: { lat: 50.08, lng: 14.43, name: "Praha", address: "Václavské nám." },
    });
    expect(await phone.message("Eva, +420 777 000 222")).toMatchObject({
      kind: "contact",
      detail: { contacts: [{ name: "Eva", phones: ["+420 777 000 222"], emails: [] }] },
    });
  });

  it("knows which message a reply answers", async () => {
    phone.whatsapp.receive("a", { chat: jana, body: "otázka", id: "ASK1" });
    const question = await phone.message("otázka");
    phone.whatsapp.receive("a", {
      chat: jana,
      body: "odpověď",
      quotedMsg: { type: "chat", body: "otázka" },
      quotedStanzaID: "ASK1",
      quotedParticipant: { _serialized: jana },
    });
    expect(await phone.message("odpověď")).toHaveProperty("replyTo", question.id);
  });

  it("never takes WhatsApp's hidden id for a phone number, and keeps both of one person", async () => {
    const lid = "99887766554433@lid";
    phone.whatsapp.receive("a", { chat: lid, lid, pn: "420601111222@c.us", body: "bez čísla" });
    const hidden = await phone.message("bez čísla");
    expect(hidden.from.addresses).toEqual([
      { kind: "wa_phone", value: "+420601111222" },
      { kind: "wa_lid", value: "99887766554433" },
    ]);
    phone.whatsapp.receive("a", { chat: "420601111222@c.us", body: "s číslem" });
    expect((await phone.message("s číslem")).thread, "one conversation under both").toBe(hidden.thread);
    phone.whatsapp.receive("a", { chat: "55443322110099@lid", body: "nikdo neví" });
    const unknown = await phone.message("nikdo neví");
    expect(unknown.from.addresses).toEqual([{ kind: "wa_lid", value: "55443322110099" }]);
  });

  it("leaves groups, statuses and newsletters alone", async () => {
    phone.whatsapp.receive("a", { chat: "12036300000@g.us", author: jana, body: "skupina" });
    phone.whatsapp.receive("a", { chat: "status@broadcast", author: jana, body: "stav" });
    phone.whatsapp.receive("a", { chat: "120363999@newsletter", body: "noviny" });
    phone.whatsapp.receive("a", { chat: jana, body: "a teď já" });
    await phone.message("a teď já");
    const texts = phone.account.messages().map(({ event }) => event.text);
    expect(texts.filter((text) => ["skupina", "stav", "noviny"].includes(text))).toEqual([]);
  });

  it("waits for a message that is decrypted late", async () => {
    const id = phone.whatsapp.receive("a", { chat: jana, type: "ciphertext" });
    phone.whatsapp.tell("a", { ev: "decrypted", id, patch: { type: "chat", body: "konečně čitelné" } });
    expect(await phone.message("konečně čitelné")).toMatchObject({ kind: "text" });
  });

  it("brings edits, removals and reactions under the id of their message", async () => {
    const serialized = phone.whatsapp.receive("a", { chat: jana, body: "překlpe" });
    const { id } = await phone.message("překlpe");
    phone.whatsapp.tell("a", { ev: "edit", id: serialized, body: "překlep" });
    expect(await eventOf("edit", (event) => event.id === id)).toHaveProperty("text", "překlep");
    phone.whatsapp.tell("a", {
      ev: "reaction",
      reaction: {
        id: "R1",
        chat: jana,
        author: jana,
        reactionText: "👍",
        reactionTimestamp: Date.now(),
        parent: serialized,
      },
    });
    expect(await eventOf("reaction", (event) => event.id === id)).toMatchObject({
      emoji: "👍",
      actor: "+420777123456",
    });
    phone.whatsapp.tell("a", { ev: "revoke", id: serialized });
    expect(await eventOf("revoke", (event) => event.id === id)).toHaveProperty("type", "revoke");
  });

  it("shows a call as a call that was missed", async () => {
    phone.whatsapp.tell("a", {
      ev: "incomingCall",
      incoming: { id: "CALL1", peerJid: jana, isVideo: false, isGroup: false },
    });
    const call = await until("the call", () => phone.account.messages().find(({ event }) => event.kind === "call"));
    expect(call.event).toMatchObject({ own: false, detail: { call: { missed: true } } });
  });
});

describe("what agents send", () => {
  it("sends text and follows it to the customer", async () => {
    const sent = await phone.account.send(phone.letter("Ahoj"));
    const taken = lastSent();
    expect(taken).toMatchObject({ chat: jana, body: "Ahoj" });
    for (const ack of [2, 3]) phone.whatsapp.tell("a", { ev: "ack", id: taken?.id ?? "", ack });
    await eventOf("receipt", (event) => event.id === sent.id && event.state === "delivered");
    await eventOf("receipt", (event) => event.id === sent.id && event.state === "read");
    expect(
      phone.whatsapp.ops.filter(({ op }) => op === "seen"),
      "sending marks nothing as read",
    ).toEqual([]);
  });

  it("sends a picture with its words, voice as voice, a place and a card", async () => {
    await phone.account.send(phone.letter("popis", { attachments: [file("x.png", "image/png", png)] }));
    expect(lastSent()).toMatchObject({ type: "image", caption: "popis" });
    expect(phone.whatsapp.media.get(lastSent()?.directPath ?? "")).toBe(png);
    await phone.account.send(phone.letter("", { attachments: [file("v.ogg", "audio/ogg", voice)] }));
    expect(lastSent()).toMatchObject({ type: "ptt" });
    await phone.account.send(phone.letter("", { content: { type: "location", lat: 50, lng: 14, name: "Pobočka" } }));
    expect(lastSent()).toMatchObject({ type: "location", lat: 50, lng: 14 });
    const contacts = [{ name: "Eva Nová", phones: ["+420777000222"], emails: [] }];
    await phone.account.send(phone.letter("", { content: { type: "contacts", contacts } }));
    expect(lastSent()).toMatchObject({ type: "vcard", body: expect.stringContaining("FN:Eva Nová") });
  });

  it("sends text that looks like a card as text", async () => {
    await phone.account.send(phone.letter("BEGIN:VCARD\nFN:Podvrh\nEND:VCARD"));
    expect(lastSent()).toMatchObject({ type: "chat" });
  });

  it("answers a message as a reply", async () => {
    phone.whatsapp.receive("a", { chat: jana, body: "na tohle", id: "QUOTE1" });
    const { id } = await phone.message("na tohle");
    await phone.account.send(phone.letter("odpovídám", { replyTo: id }));
    expect(lastSent()).toMatchObject({ body: "odpovídám", quotedStanzaID: "QUOTE1" });
  });

  it("asks WhatsApp about a number before the first message, and refuses one that has no WhatsApp", async () => {
    phone.whatsapp.registered.set("420000000000@c.us", null);
    const thread = phone.account.connection.begin?.({ kind: "e164", value: "+420000000000" });
    const before = phone.whatsapp.sent.length;
    const failure = await failureOf(phone.account.send(phone.letter("haló?", thread && { thread })));
    expect(failure).toMatchObject({ code: "recipient-gone" });
    expect(phone.whatsapp.sent).toHaveLength(before);
  });

  it("takes what WhatsApp refuses after the fact for refused", async () => {
    phone.whatsapp.next(({ op }) => op === "send", { error: "463" });
    expect(await failureOf(phone.account.send(phone.letter("bude chyba")))).toMatchObject({ code: "rejected" });
  });

  it("shows the customer that somebody types, and that the message was read, when the agent does", async () => {
    const { thread } = phone.letter("");
    await phone.account.connection.typing?.(thread, true);
    await phone.account.connection.markRead?.(thread, (await phone.message("na tohle")).id);
    const ops = phone.whatsapp.ops.map(({ op }) => op);
    expect(ops).toContain("chatstate");
    expect(ops).toContain("seen");
  });

  it("brings what was answered on the phone itself as ours", async () => {
    phone.whatsapp.receive("a", { fromMe: true, chat: jana, body: "z telefonu" });
    expect(await phone.message("z telefonu")).toMatchObject({ own: true });
    const mine = phone.account.messages().filter(({ event }) => event.text === "Ahoj");
    expect(mine, "what the hub sent is not told again").toEqual([]);
  });
});
