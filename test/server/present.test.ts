import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { maskDeep, maskHtml, maskName, maskText } from "#core/masking";
import { uuid } from "#core/uuid";
import * as wire from "#wire";
import { classes } from "../../src/server/present/classes.ts";
import { addConversation, addTenant, addUser, deskSocket, type Hub, logIn, startHub } from "./hub.ts";

const contactListItem = wire.contactList.shape.contacts.element;
const views: Record<keyof typeof classes, z.ZodType> = {
  conversationRow: wire.conversationRow,
  messageView: wire.messageView,
  threadView: wire.threadView,
  contactView: wire.contactView,
  contactListItem,
  wayView: wire.wayView,
  letterRecipients: wire.asked["message.recipients"].gives,
  draftView: wire.draftView,
  phoneCall: wire.phoneCall,
  presence: wire.presence,
  deadLetter: wire.deadLetter,
  tenantView: wire.tenantView,
  queueView: wire.queueView,
};

/** Paths of everything in a schema that is not an object or a list itself. */
const leaves = (schema: z.ZodType, path = ""): string[] => {
  const inner =
    schema instanceof z.ZodNullable || schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  if (inner instanceof z.ZodObject)
    return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([key, child]) =>
      leaves(child, path === "" ? key : `${path}.${key}`),
    );
  if (inner instanceof z.ZodArray) return leaves(inner.element as z.ZodType, `${path}[]`);
  return [path];
};

test.each(Object.keys(views) as (keyof typeof classes)[])(
  "every field of %s has a class, and every class a field",
  (name) => {
    expect(Object.keys(classes[name]).sort()).toEqual(leaves(views[name]).sort());
  },
);

/** Everything that carries business data to a browser is made of the views above. */
test("no other view of the wire reaches a browser unclassified", () => {
  const known = new Set<unknown>(Object.values(views));
  const found: string[] = [];
  const walk = (schema: z.ZodType, path: string): void => {
    if (known.has(schema)) return;
    const inner =
      schema instanceof z.ZodNullable || schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
    if (known.has(inner)) return;
    if (inner instanceof z.ZodObject)
      for (const [key, child] of Object.entries(inner.shape)) walk(child, `${path}.${key}`);
    else if (inner instanceof z.ZodArray) walk(inner.element as z.ZodType, `${path}[]`);
    else found.push(path);
  };
  for (const [name, { gives }] of Object.entries(wire.asked)) walk(gives, name);
  for (const [name, schema] of Object.entries(wire.told)) walk(schema, name);
  expect(found.sort()).toEqual(
    [
      ...["", ".counts"].flatMap((at) =>
        (at === "" ? ["counts"] : ["view.open.counts"]).flatMap((base) =>
          ["mine", "unassigned", "all", "snoozed"].map((key) => `${base}.${key}`),
        ),
      ),
      "view.open.next",
      "view.open.cursor",
      "sync.changes[].prev",
      "sync.cursor",
      "sync.more",
      "sync.reset",
      "conversation.open.more",
      "conversation.open.viewers[].userId",
      "conversation.open.viewers[].name",
      "conversation.open.viewers[].activity",
      "conversation.since.more",
      "conversation.before.more",
      ...["conversation.ways", "begin.ways"].flatMap((question) =>
        [
          "accountId",
          "accountName",
          "channel",
          "kinds[]",
          ...["text", "attachments", "subject", "window", "humanAgentHours", "content[]", "abilities[]"].map(
            (key) => `takes.${key}`,
          ),
        ].map((key) => `${question}.own[].${key}`),
      ),
      // What a provider approved for everybody: no customer is in it.
      ...["name", "language", "category", "unusable", "header", "body", "footer", "buttons[]"].map(
        (key) => `templates.list.templates[].${key}`,
      ),
      ...["key", "title", "type", "example"].map((key) => `templates.list.templates[].variables[].${key}`),
      "templates.list.syncedAt",
      "frame.changes[].prev",
      "frame.cursor",
      "rights.tenantIds[]",
      "bye.reason",
      "draft.conversationId",
      "phone.start.sdp",
      "phone.command.callId",
      "phone.ended.callId",
      "phone.ended.reason",
      "phone.media.state",
      "phone.ready.ready",
      "phone.ready.reason",
    ].sort(),
  );
});

describe("a mask", () => {
  test.each([
    ["Volejte 602 123 456 nebo +420 602-123-456.", ["602", "123 456", "123-456"]],
    ["pište na jana.novotna@example.cz", ["jana", "novotna", "example"]],
    ["karta 4111 1111 1111 1111", ["4111", "1111"]],
    ["účet 19-2000145399/0800", ["2000145399", "0800"]],
    ["IBAN CZ65 0800 0000 1920 0014 5399", ["0800", "1920", "0014"]],
    ["r. č. 855101/1234", ["855101", "1234"]],
    ["datum 2026-11-23 602123456", ["602123456"]],
  ])("takes the personal out of %j", (text, gone) => {
    for (const part of gone) expect(maskText(text)).not.toContain(part);
    expect(maskText(text).split(" ")[0]).toBe(text.split(" ")[0]);
  });

  test("finds what HTML hides in tags, links and entities", () => {
    const html =
      '<p>Tel. <b>602</b> <i>123</i> 456, <a href="mailto:jana@example.cz">pi&#x161;te</a> jana&#64;example.cz &#54;&#48;&#50;777888</p><img src="https://x/?m=jana@example.cz">';
    for (const part of ["602", "123", "jana", "example", "777888"]) expect(maskHtml(html)).not.toContain(part);
    expect(maskHtml(html)).toContain("píšte".replace("í", "i"));
  });

  test("leaves the surname of a name, and ids and times of details", () => {
    expect([maskName("Jana Novotná"), maskName("jana@example.cz"), maskName("+420602123456")]).toEqual([
      "Novotná",
      "j•••@•••.cz",
      "•••56",
    ]);
    const detail = {
      id: uuid(),
      at: "2026-11-23T10:00:00.000Z",
      phone: "602123456",
      number: 602123456,
      list: [{ to: "a@b.cz" }],
    };
    expect(maskDeep(detail)).toEqual({ ...detail, phone: "•••", number: 0, list: [{ to: "a•••@•••.cz" }] });
  });
});

describe("a restricted agent", () => {
  let hub: Hub;
  beforeAll(async () => {
    hub = await startHub();
  });
  afterAll(() => hub.stop());

  test("receives no phone number, address or card in any frame, answer or error", async () => {
    const tenant = await addTenant(hub, "prison");
    const canaries = [
      "602777111",
      "602 777 222",
      "canary@private.example",
      "4111111111111111",
      "CZ6508000000192000145399",
      "Radomila",
      "passport-scan",
    ];
    const restricted = await addUser(hub, "Restricted Agent", [{ tenantId: tenant, profile: "restricted" }]);
    const normal = await addUser(hub, "Normal Agent", [{ tenantId: tenant }]);
    const personal = canaries.slice(0, 5).join(" , ");
    const { id, contactId, messageId } = await addConversation(hub, {
      tenantId: tenant,
      contactName: "Radomila Skrytá",
      body: personal,
      subject: personal,
    });
    await hub.prisma.message.update({
      where: { id: messageId },
      data: {
        bodyHtml: `<p>${personal}</p><a href="tel:602777111">x</a>`,
        detail: { to: personal, [canaries[2] ?? ""]: 1 },
      },
    });
    await hub.prisma.messagePart.create({
      data: {
        id: uuid(),
        tenantId: tenant,
        messageId,
        idx: 0,
        name: `passport-scan ${personal}.pdf`,
        mime: "application/pdf",
        size: 3,
        blobKey: "ab".repeat(32),
        state: "stored",
      },
    });
    const enc = (value: string) => Buffer.from(hub.secrets.seal("identity", value, tenant));
    await hub.prisma.identity.create({
      data: {
        id: uuid(),
        tenantId: tenant,
        contactId,
        kind: "email",
        valueHash: crypto.getRandomValues(new Uint8Array(32)),
        valueEnc: Uint8Array.from(enc("canary@private.example")),
        display: "c•••@•••.example",
      },
    });
    const everything = async (user: { email: string }): Promise<string> => {
      const page = await logIn(hub, user);
      const client = await deskSocket(hub, page);
      const texts: unknown[] = [];
      const ask: typeof client.ask = async (question, takes) => {
        const answer = await client.ask(question, takes);
        texts.push(answer);
        return answer;
      };
      const view = await ask("view.open", { kind: "all" });
      await ask("view.open", { kind: "all", query: "602777111" });
      await ask("conversation.open", { id });
      await ask("conversation.since", { id, version: 0 });
      await ask("conversation.before", { id, seq: 5 });
      await ask("contact.get", { id: contactId });
      if (view.ok) await ask("sync", { cursor: view.value.cursor, have: [{ id, version: 0 }] });
      const note = { conversationId: id, mode: "note" as const };
      await ask("message.send", { ...note, clientKey: uuid(), text: `heard: ${personal}` });
      await ask("message.send", { ...note, clientKey: uuid(), text: "stale", expectedSeq: 0 });
      await ask("conversation.update", { id, set: { subject: `again ${personal}`, tags: [canaries[2] ?? ""] } });
      await client.heard("frame", (frame: wire.Frame) =>
        frame.changes.some(({ row }) => row.subject?.startsWith("again") ?? false),
      );
      for (const path of [
        `/api/contacts/${contactId}`,
        `/api/contacts?tenantId=${tenant}&query=Radomila`,
        `/api/messages/${messageId}/raw`,
        "/api/boot",
      ])
        texts.push(await (await page.call("GET", path)).text());
      client.socket.close();
      return JSON.stringify([texts, client.news]);
    };
    const seen = await everything(normal);
    for (const canary of canaries) expect(seen).toContain(canary);
    const masked = await everything(restricted);
    expect(masked).toContain("Skrytá");
    for (const canary of canaries) expect(masked).not.toContain(canary);
  });
});
