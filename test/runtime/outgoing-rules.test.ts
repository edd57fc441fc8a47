import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { uuid } from "#core/uuid";
import { personWays } from "#store/ways";
import { refusal } from "./parts/desk.ts";
import { openOutgoing, type Outgoing } from "./parts/outgoing.ts";

let o: Outgoing;
beforeAll(async () => {
  o = await openOutgoing();
});
afterAll(() => o.stop());
beforeEach(() => {
  o.mail.sent.length = 0;
  o.talk.sent.length = 0;
});

describe("a message for later", () => {
  it("waits for its moment, holds back nobody meanwhile, and can be taken back", async () => {
    const made = await o.letterCase();
    const at = new Date(o.world.clock.now().getTime() + 3_600_000).toISOString();
    const later = await o.send(made, { text: "zítra", sendAt: at });
    const cancelled = await o.send(made, { text: "nikdy", sendAt: at });
    expect(later.deliveries).toMatchObject([{ state: "held", scheduled: true }]);
    const now = await o.send(made, { text: "hned" });
    await o.arrived(o.mail, now.id);
    expect(o.mail.sent.some(({ key }) => key === later.id)).toBe(false);
    await o.node.commands.cancelMessage(o.agent.scope, { messageId: cancelled.id });
    o.world.clock.advance(3_700_000);
    o.node.outbox.kick({ accountId: o.mailId });
    await o.arrived(o.mail, later.id);
    expect(o.mail.sent.some(({ key }) => key === cancelled.id)).toBe(false);
  });

  it("is refused for a moment that has passed, or at which the window will be over", async () => {
    const made = await o.talkCase(new Date(o.world.clock.now().getTime() + 3_600_000));
    const inMs = (ms: number) => new Date(o.world.clock.now().getTime() + ms).toISOString();
    expect((await refusal(o.send(made, { sendAt: inMs(-1_000) }))).code).toBe("bad-request");
    expect((await refusal(o.send(made, { sendAt: inMs(7_200_000) }))).code).toBe("window-closed");
  });
});

describe("after the window", () => {
  const greeting = {
    name: "pozdrav",
    language: "cs",
    category: "utility" as const,
    body: "Dobrý den, {{body.1}}!",
    footer: "Firma",
    buttons: [],
    variables: [
      { key: "body.1", title: "Jméno", type: "text" as const },
      { key: "header.image", title: "Obrázek", type: "image" as const },
    ],
  };
  const advert = { ...greeting, name: "sleva", category: "marketing" as const, body: "Sleva!", variables: [] };
  const template = (values: Record<string, string>, name = "pozdrav") => ({
    text: "",
    content: { type: "template" as const, name, language: "cs", values },
  });
  const upload = async (mime: string): Promise<string> => {
    const id = uuid();
    await o.world.db.query({
      text: `insert into upload (id, tenant_id, owner_type, owner_id, name, mime, size, blob_key)
        values ($1, $2, 'agent', $3, 'obrazek.png', $4, 10, 'blob-2')`,
      values: [id, o.tenant.id, o.agent.id, mime],
    });
    return id;
  };

  it("free text is refused with what is possible instead; a thread the customer never wrote in has no window", async () => {
    const made = await o.talkCase(new Date(o.world.clock.now().getTime() - 1_000));
    const refused = await refusal(o.send(made));
    expect([refused.code, refused.data?.possible]).toEqual(["window-closed", ["template"]]);
    await o.identityOf(made, "e164", "+420602111222");
    expect((await refusal(o.send(made))).data?.possible).toEqual(["template", "channel"]);
    expect((await refusal(o.send(await o.talkCase(null)))).code).toBe("window-closed");
  });

  it("an approved template goes out with every variable checked and its picture by place", async () => {
    o.talk.templates = [greeting, advert];
    const listed = await o.node.commands.templates(o.agent.scope, { accountId: o.talkId, refresh: true });
    expect(listed.list.map(({ name }) => name)).toEqual(["pozdrav", "sleva"]);
    const made = await o.talkCase(new Date(o.world.clock.now().getTime() - 1_000));
    const picture = await upload("image/png");
    const fails = async (values: Record<string, string>, uploadIds: string[]): Promise<string> =>
      (await refusal(o.send(made, { ...template(values), uploadIds }))).message;
    expect(await fails({ "header.image": picture }, [picture])).toContain("Jméno");
    expect(await fails({ "body.1": "Jana\nNová", "header.image": picture }, [picture])).toContain("one line");
    expect(await fails({ "body.1": "Jana" }, [])).toContain("Obrázek");
    expect(await fails({ "body.1": "Jana", "header.image": picture, x: "1" }, [picture])).toContain("x");
    const pdf = await upload("application/pdf");
    expect(await fails({ "body.1": "Jana", "header.image": pdf }, [pdf])).toContain("Obrázek");
    const message = await o.send(made, {
      ...template({ "body.1": "Jana", "header.image": picture }),
      uploadIds: [picture],
    });
    expect(message).toMatchObject({ kind: "template", body: "Dobrý den, Jana!\n\nFirma" });
    const out = await o.arrived(o.talk, message.id);
    expect(out.content).toEqual({ ...template({}).content, values: { "body.1": "Jana", "header.image": "0" } });
    expect(out.attachments).toHaveLength(1);
  });

  it("an advertisement needs the customer's consent, and a withdrawn one is none", async () => {
    o.talk.templates = [greeting, advert];
    await o.node.commands.templates(o.agent.scope, { accountId: o.talkId, refresh: true });
    const made = await o.talkCase();
    const say = async (state: string): Promise<void> => {
      await o.world.db.query({
        text: `insert into consent (id, tenant_id, contact_id, purpose, channel, state, evidence, valid_from)
          values ($1, $2, $3, 'marketing_message', 'any', $4, '{}', now() - interval '1 minute')`,
        values: [uuid(), o.tenant.id, made.contactId, state],
      });
    };
    expect((await refusal(o.send(made, template({}, "sleva")))).code).toBe("no-consent");
    await say("granted");
    const at = (hour: string) => new Date(`2027-01-12T${hour}:00+01:00`).toISOString();
    expect((await refusal(o.send(made, { ...template({}, "sleva"), sendAt: at("21:30") }))).code).toBe("quiet-hours");
    expect((await o.send(made, { ...template({}, "sleva"), sendAt: at("09:30") })).deliveries).toMatchObject([
      { scheduled: true },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await say("withdrawn");
    expect((await refusal(o.send(made, template({}, "sleva")))).code).toBe("no-consent");
  });

  it("content the channel does not take is refused; a place and buttons travel as they are", async () => {
    const made = await o.talkCase();
    const list = { type: "contacts" as const, contacts: [{ name: "Petr", phones: [], emails: [] }] };
    expect((await refusal(o.send(made, { text: "", content: list }))).code).toBe("bad-request");
    const place = { type: "location" as const, lat: 50.08, lng: 14.42, name: "Praha" };
    const message = await o.send(made, { text: "", content: place });
    expect(message).toMatchObject({ kind: "location", body: "Praha", detail: { lat: 50.08, name: "Praha" } });
    expect((await o.arrived(o.talk, message.id)).content).toEqual(place);
  });
});

describe("another channel", () => {
  it("is linked by the answer that goes out on it, to the address the customer left in a form", async () => {
    const made = await o.talkCase();
    const identityId = await o.identityOf(made, "email", "jana@doma.test");
    const message = await o.send(made, { via: { accountId: o.mailId, identityId } });
    const letter = await o.arrived(o.mail, message.id);
    expect(letter.to).toEqual([{ kind: "email", scope: "", value: "jana@doma.test" }]);
    expect(letter.replyToken).toMatch(/^[0-9a-f]{24}$/);
    const events = await o.world.db.query({
      text: "select detail from message where conversation_id = $1 and direction = 'event' order by seq limit 1",
      values: [made.conversationId],
    });
    expect(events).toEqual([{ detail: { event: "linked", from: null, to: "email" } }]);
    const begin = () => null;
    const { ways } = await personWays({
      db: o.world.db,
      scope: o.agent.scope,
      secrets: o.world.secrets,
      tenantId: o.tenant.id,
      contactId: made.contactId,
      conversationId: made.conversationId,
      begin,
      begins: () => true,
    });
    expect(
      ways
        .filter(({ linked }) => linked)
        .map(({ channel }) => channel)
        .toSorted(),
    ).toEqual(["email", "talk"]);
  });

  it("begins a conversation once: the same person is led to the open one", async () => {
    const takes = {
      tenantId: o.tenant.id,
      accountId: o.talkId,
      address: "+420 777 123 456",
      name: "Nový",
      subject: "",
    };
    const first = await o.node.commands.beginConversation(o.agent.scope, takes);
    expect(first).toMatchObject({ contactName: "Nový", status: "open", assigneeId: o.agent.id, lastSeq: 1 });
    expect((await o.node.commands.beginConversation(o.agent.scope, takes)).id).toBe(first.id);
    const wrong = o.node.commands.beginConversation(o.agent.scope, { ...takes, address: "kdosi@jinde.test" });
    expect((await refusal(wrong)).code).toBe("bad-request");
  });
});
