import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Outbound } from "#contract";
import { uuid } from "#core/uuid";
import { letterRecipients } from "#store/letter-recipients";
import { personWays } from "#store/ways";
import type { Takes } from "#wire";
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

/** A mailbox and a messenger with a reply window, one agent: everything an answer can carry, down to the channel. */
const mail = capture({ kind: "email", mail: true });
const talk = capture({ kind: "talk", windowHours: 24 });
let world: World;
let node: Node;
let tenant: Tenant;
let agent: Agent;
let mailId: string;
let talkId: string;

beforeAll(async () => {
  world = await openWorld();
  node = await startNode(world, { connectors: [mail.connector, talk.connector] });
  tenant = await addTenant(world.db, { undoSeconds: { email: 0 }, locale: "cs", timezone: "Europe/Prague" });
  agent = await addAgent(world.db, tenant);
  mailId = await addAccount(world, { tenant, kind: "email", url: "" });
  talkId = await addAccount(world, { tenant, kind: "talk", url: "" });
  await world.db.query({
    text: "update channel_account set address = 'podpora@firma.test' where id = $1",
    values: [mailId],
  });
  for (const id of [mailId, talkId]) {
    await node.supervisor.reload(id);
    await until("the account is led", () =>
      node.supervisor.health().some((one) => one.accountId === id && one.leading),
    );
  }
});
afterAll(async () => {
  await node.stop();
  await world.close();
});
beforeEach(() => {
  mail.sent.length = 0;
  talk.sent.length = 0;
});

const soon = (): Date => new Date(world.clock.now().getTime() + 3_600_000);
const letterCase = (): Promise<Case> => addCase(world, { tenant, accountId: mailId });
const talkCase = (windowUntil: Date | null = soon()): Promise<Case> =>
  addCase(world, { tenant, accountId: talkId, windowUntil });
const send = (made: Case, more: Partial<Takes<"message.send">> = {}) =>
  node.commands.sendMessage(agent.scope, reply(made, more));
const arrived = (at: typeof mail, key: string): Promise<Outbound> =>
  until("the channel has the message", () => at.sent.findLast((one) => one.key === key));
const identityOf = async (made: Case, kind: string, value: string): Promise<string> => {
  const id = uuid();
  await world.db.query({
    text: `insert into identity (id, tenant_id, contact_id, kind, scope, value_hash, value_enc, display)
      values ($1, $2, $3, $4, 'claimed:x', $5, $6, '•••')`,
    values: [
      id,
      tenant.id,
      made.contactId,
      kind,
      world.secrets.keyedHash("identity", id),
      Buffer.from(world.secrets.seal("identity", value, tenant.id)),
    ],
  });
  return id;
};

describe("a letter", () => {
  it("goes to everybody named, each in their role, with one delivery each", async () => {
    const made = await letterCase();
    const message = await send(made, {
      to: [made.address, "Druhy@Firma.Test"],
      cc: ["ucetni@firma.test"],
      bcc: ["sef@firma.test"],
      confirmed: true,
      subject: "Re: Objednávka",
    });
    expect(message.deliveries.map(({ recipient, role }) => [role, recipient])).toEqual([
      ["to", made.address],
      ["to", "druhy@firma.test"],
      ["cc", "ucetni@firma.test"],
      ["bcc", "sef@firma.test"],
    ]);
    const letter = await arrived(mail, message.id);
    expect(letter.to.map(({ value }) => value)).toEqual([made.address, "druhy@firma.test"]);
    expect(letter.cc?.map(({ value }) => value)).toEqual(["ucetni@firma.test"]);
    expect(letter.bcc?.map(({ value }) => value)).toEqual(["sef@firma.test"]);
    expect(letter.stillTo).toBeUndefined();
  });

  it("is not sent to an address new to the case until the agent confirms it; the refusal names it", async () => {
    const made = await letterCase();
    const refused = await refusal(send(made, { to: [made.address], cc: ["novy@jinde.test"] }));
    expect([refused.code, refused.data?.recipients]).toEqual(["new-recipients", ["novy@jinde.test"]]);
    await send(made, { to: [made.address], cc: ["novy@jinde.test"], confirmed: true });
    await send(made, { to: [made.address], cc: ["novy@jinde.test"] });
  });

  it("repeated for one who did not get it, still names everybody and goes only there", async () => {
    const made = await letterCase();
    mail.refuseOnce.add("pozde@firma.test");
    const message = await send(made, { to: [made.address], cc: ["pozde@firma.test"], confirmed: true });
    await arrived(mail, message.id);
    await until("the second attempt", async () => {
      world.clock.advance(120_000);
      node.outbox.kick({ accountId: mailId });
      return mail.sent.filter(({ key }) => key === message.id).length === 2;
    });
    const again = mail.sent.findLast(({ key }) => key === message.id);
    expect(again?.to.map(({ value }) => value)).toEqual([made.address]);
    expect(again?.cc?.map(({ value }) => value)).toEqual(["pozde@firma.test"]);
    expect(again?.stillTo).toEqual(["pozde@firma.test"]);
  });

  it("carries the agent's formatting without anything that runs or reports", async () => {
    const made = await letterCase();
    const message = await send(made, {
      text: "Ahoj světe",
      html: `<p onclick="x()">Ahoj <b>světe</b><script>alert(1)</script><img src="https://spy.test/p.gif"><img src="cid:a"></p>`,
    });
    expect(message.kind).toBe("html");
    const letter = await arrived(mail, message.id);
    expect(letter.html).toBe(`<p>Ahoj <b>světe</b><img /><img src="cid:a" /></p>`);
    expect(letter.text).toBe("Ahoj světe");
  });

  it("has its pictures inside the text, not beside it", async () => {
    const made = await letterCase();
    const id = uuid();
    await world.db.query({
      text: `insert into upload (id, tenant_id, owner_type, owner_id, name, mime, size, blob_key)
        values ($1, $2, 'agent', $3, 'plan.png', 'image/png', 10, 'blob-3')`,
      values: [id, tenant.id, agent.id],
    });
    const html = `<p>Plán: <img src="cid:${id}"></p>`;
    const letter = await arrived(mail, (await send(made, { text: "Plán:", html, uploadIds: [id] })).id);
    expect(letter.attachments).toMatchObject([{ name: "plan.png", inline: true, contentId: id }]);
  });

  it("ends with the client company's signature and the quoted letter, both known to the desk for folding", async () => {
    await world.db.query({
      text: `update tenant set policy = policy || '{"signature": "{{agent.alias}}\\n{{tenant.name}}"}' where id = $1`,
      values: [tenant.id],
    });
    const made = await letterCase();
    const message = await send(made, { text: "Hotovo, {{contact.name}}.", quote: true });
    await world.db.query({
      text: "update tenant set policy = policy - 'signature' where id = $1",
      values: [tenant.id],
    });
    expect(message.body).toMatch(
      /^Hotovo, Petr Svoboda\.\n\n-- \nJana z podpory\nt[0-9a-f]+\n\nDne .+ napsal\(a\):\n> Dobrý den$/,
    );
    const { signatureFrom, quotedFrom, quotedTo } = message.detail as Record<string, number>;
    expect(message.body.slice(0, signatureFrom)).toBe("Hotovo, Petr Svoboda.");
    expect(message.body.slice(quotedFrom, quotedTo).trim()).toMatch(/^Dne/);
  });

  it("is passed on to somebody else in a thread of its own, its files by reference", async () => {
    const made = await letterCase();
    const [original] = await world.db.query<{ id: string }>({
      text: "select id from message where conversation_id = $1 and direction = 'in'",
      values: [made.conversationId],
    });
    const partId = uuid();
    await world.db.query({
      text: `insert into message_part (id, tenant_id, message_id, idx, name, mime, size, blob_key)
        values ($1, $2, $3, 0, 'faktura.pdf', 'application/pdf', 10, 'blob-1')`,
      values: [partId, tenant.id, original?.id],
    });
    const forward = {
      to: ["dodavatel@jinde.test"],
      forward: true,
      answersId: original?.id ?? "",
      partIds: [partId],
      subject: "Fwd: Objednávka",
    };
    expect((await refusal(send(made, forward))).data?.recipients).toEqual(["dodavatel@jinde.test"]);
    const message = await send(made, { ...forward, confirmed: true });
    const letter = await arrived(mail, message.id);
    expect(letter).toMatchObject({ subject: "Fwd: Objednávka", references: [] });
    expect(letter.replyTo).toBeUndefined();
    expect(letter.thread).toMatch(/^begun-/);
    expect(letter.attachments.map(({ name }) => name)).toEqual(["faktura.pdf"]);
    const [contacts] = await world.db.query<{ n: number }>({
      text: "select count(*)::int as n from identity where contact_id = $1",
      values: [made.contactId],
    });
    expect(contacts?.n).toBe(1);
    const next = await send(made, {});
    expect((await arrived(mail, next.id)).to.map(({ value }) => value)).toEqual([made.address]);
  });

  it("is answered to whom it asks to be answered, without our own addresses", async () => {
    const made = await letterCase();
    const [original] = await world.db.query<{ id: string }>({
      text: `update message set detail = $2 where conversation_id = $1 and direction = 'in' returning id`,
      values: [
        made.conversationId,
        JSON.stringify({
          from: [{ address: made.address, name: "Petr" }],
          replyTo: [{ address: "petr.doma@jinde.test", name: "Petr doma" }],
          to: [
            { address: "podpora+r.abcdef@firma.test", name: "" },
            { address: "kolega@firma.test", name: "Kolega" },
          ],
          cc: [
            { address: "Podpora@firma.test", name: "" },
            { address: "kopie@firma.test", name: "" },
          ],
        }),
      ],
    });
    const ask = (how: "reply" | "all") =>
      letterRecipients({
        db: world.db,
        scope: agent.scope,
        secrets: world.secrets,
        messageId: original?.id ?? "",
        how,
      });
    expect(await ask("reply")).toMatchObject({
      to: [{ address: "petr.doma@jinde.test", name: "Petr doma", known: false }],
      cc: [],
      subject: "Re: Objednávka",
    });
    const all = await ask("all");
    expect(all.to.map(({ address }) => address)).toEqual(["petr.doma@jinde.test", "kolega@firma.test"]);
    expect(all.cc.map(({ address }) => address)).toEqual(["kopie@firma.test"]);
  });

  it("cannot be addressed by an agent who sees no addresses, nor on a channel that has none", async () => {
    const made = await letterCase();
    const inmate = await addAgent(world.db, tenant, { profile: "restricted" });
    const takes = reply(made, { to: ["kdokoli@jinde.test"], confirmed: true });
    expect((await refusal(node.commands.sendMessage(inmate.scope, takes))).code).toBe("forbidden");
    expect((await refusal(send(await talkCase(), { to: ["a@b.test"], confirmed: true }))).code).toBe("bad-request");
  });
});

describe("a message for later", () => {
  it("waits for its moment, holds back nobody meanwhile, and can be taken back", async () => {
    const made = await letterCase();
    const at = new Date(world.clock.now().getTime() + 3_600_000).toISOString();
    const later = await send(made, { text: "zítra", sendAt: at });
    const cancelled = await send(made, { text: "nikdy", sendAt: at });
    expect(later.deliveries).toMatchObject([{ state: "held", scheduled: true }]);
    const now = await send(made, { text: "hned" });
    await arrived(mail, now.id);
    expect(mail.sent.some(({ key }) => key === later.id)).toBe(false);
    await node.commands.cancelMessage(agent.scope, { messageId: cancelled.id });
    world.clock.advance(3_700_000);
    node.outbox.kick({ accountId: mailId });
    await arrived(mail, later.id);
    expect(mail.sent.some(({ key }) => key === cancelled.id)).toBe(false);
  });

  it("is refused for a moment that has passed, or at which the window will be over", async () => {
    const made = await talkCase(new Date(world.clock.now().getTime() + 3_600_000));
    const inMs = (ms: number) => new Date(world.clock.now().getTime() + ms).toISOString();
    expect((await refusal(send(made, { sendAt: inMs(-1_000) }))).code).toBe("bad-request");
    expect((await refusal(send(made, { sendAt: inMs(7_200_000) }))).code).toBe("window-closed");
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
    await world.db.query({
      text: `insert into upload (id, tenant_id, owner_type, owner_id, name, mime, size, blob_key)
        values ($1, $2, 'agent', $3, 'obrazek.png', $4, 10, 'blob-2')`,
      values: [id, tenant.id, agent.id, mime],
    });
    return id;
  };

  it("free text is refused with what is possible instead; a thread the customer never wrote in has no window", async () => {
    const made = await talkCase(new Date(world.clock.now().getTime() - 1_000));
    const refused = await refusal(send(made));
    expect([refused.code, refused.data?.possible]).toEqual(["window-closed", ["template"]]);
    await identityOf(made, "e164", "+420602111222");
    expect((await refusal(send(made))).data?.possible).toEqual(["template", "channel"]);
    expect((await refusal(send(await talkCase(null)))).code).toBe("window-closed");
  });

  it("an approved template goes out with every variable checked and its picture by place", async () => {
    talk.templates = [greeting, advert];
    const listed = await node.commands.templates(agent.scope, { accountId: talkId, refresh: true });
    expect(listed.list.map(({ name }) => name)).toEqual(["pozdrav", "sleva"]);
    const made = await talkCase(new Date(world.clock.now().getTime() - 1_000));
    const picture = await upload("image/png");
    const fails = async (values: Record<string, string>, uploadIds: string[]): Promise<string> =>
      (await refusal(send(made, { ...template(values), uploadIds }))).message;
    expect(await fails({ "header.image": picture }, [picture])).toContain("Jméno");
    expect(await fails({ "body.1": "Jana\nNová", "header.image": picture }, [picture])).toContain("one line");
    expect(await fails({ "body.1": "Jana" }, [])).toContain("Obrázek");
    expect(await fails({ "body.1": "Jana", "header.image": picture, x: "1" }, [picture])).toContain("x");
    const pdf = await upload("application/pdf");
    expect(await fails({ "body.1": "Jana", "header.image": pdf }, [pdf])).toContain("Obrázek");
    const message = await send(made, {
      ...template({ "body.1": "Jana", "header.image": picture }),
      uploadIds: [picture],
    });
    expect(message).toMatchObject({ kind: "template", body: "Dobrý den, Jana!\n\nFirma" });
    const out = await arrived(talk, message.id);
    expect(out.content).toEqual({ ...template({}).content, values: { "body.1": "Jana", "header.image": "0" } });
    expect(out.attachments).toHaveLength(1);
  });

  it("an advertisement needs the customer's consent, and a withdrawn one is none", async () => {
    talk.templates = [greeting, advert];
    await node.commands.templates(agent.scope, { accountId: talkId, refresh: true });
    const made = await talkCase();
    const say = async (state: string): Promise<void> => {
      await world.db.query({
        text: `insert into consent (id, tenant_id, contact_id, purpose, channel, state, evidence, valid_from)
          values ($1, $2, $3, 'marketing_message', 'any', $4, '{}', now() - interval '1 minute')`,
        values: [uuid(), tenant.id, made.contactId, state],
      });
    };
    expect((await refusal(send(made, template({}, "sleva")))).code).toBe("no-consent");
    await say("granted");
    const at = (hour: string) => new Date(`2027-01-12T${hour}:00+01:00`).toISOString();
    expect((await refusal(send(made, { ...template({}, "sleva"), sendAt: at("21:30") }))).code).toBe("quiet-hours");
    expect((await send(made, { ...template({}, "sleva"), sendAt: at("09:30") })).deliveries).toMatchObject([
      { scheduled: true },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await say("withdrawn");
    expect((await refusal(send(made, template({}, "sleva")))).code).toBe("no-consent");
  });

  it("content the channel does not take is refused; a place and buttons travel as they are", async () => {
    const made = await talkCase();
    const list = { type: "contacts" as const, contacts: [{ name: "Petr", phones: [], emails: [] }] };
    expect((await refusal(send(made, { text: "", content: list }))).code).toBe("bad-request");
    const place = { type: "location" as const, lat: 50.08, lng: 14.42, name: "Praha" };
    const message = await send(made, { text: "", content: place });
    expect(message).toMatchObject({ kind: "location", body: "Praha", detail: { lat: 50.08, name: "Praha" } });
    expect((await arrived(talk, message.id)).content).toEqual(place);
  });
});

describe("another channel", () => {
  it("is linked by the answer that goes out on it, to the address the customer left in a form", async () => {
    const made = await talkCase();
    const identityId = await identityOf(made, "email", "jana@doma.test");
    const message = await send(made, { via: { accountId: mailId, identityId } });
    const letter = await arrived(mail, message.id);
    expect(letter.to).toEqual([{ kind: "email", scope: "", value: "jana@doma.test" }]);
    expect(letter.replyToken).toMatch(/^[0-9a-f]{24}$/);
    const events = await world.db.query({
      text: "select detail from message where conversation_id = $1 and direction = 'event' order by seq limit 1",
      values: [made.conversationId],
    });
    expect(events).toEqual([{ detail: { event: "linked", from: null, to: "email" } }]);
    const begin = () => null;
    const { ways } = await personWays({
      ...{ db: world.db, scope: agent.scope, secrets: world.secrets, tenantId: tenant.id },
      contactId: made.contactId,
      conversationId: made.conversationId,
      begin,
      begins: () => true,
    });
    expect(ways.map(({ channel, linked }) => [channel, linked]).toSorted()).toEqual([
      ["email", true],
      ["talk", true],
    ]);
  });

  it("begins a conversation once: the same person is led to the open one", async () => {
    const takes = { tenantId: tenant.id, accountId: talkId, address: "+420 777 123 456", name: "Nový", subject: "" };
    const first = await node.commands.beginConversation(agent.scope, takes);
    expect(first).toMatchObject({ contactName: "Nový", status: "open", assigneeId: agent.id, lastSeq: 1 });
    expect((await node.commands.beginConversation(agent.scope, takes)).id).toBe(first.id);
    const wrong = node.commands.beginConversation(agent.scope, { ...takes, address: "kdosi@jinde.test" });
    expect((await refusal(wrong)).code).toBe("bad-request");
  });
});
