import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { uuid } from "#core/uuid";
import { letterRecipients } from "#store/letter-recipients";
import { refusal, reply } from "./parts/desk.ts";
import { openOutgoing, type Outgoing } from "./parts/outgoing.ts";
import { addAgent, until } from "./parts/world.ts";

let o: Outgoing;
beforeAll(async () => {
  o = await openOutgoing();
});
afterAll(() => o.stop());
beforeEach(() => {
  o.mail.sent.length = 0;
  o.talk.sent.length = 0;
});

describe("a letter", () => {
  it("goes to everybody named, each in their role, with one delivery each", async () => {
    const made = await o.letterCase();
    const message = await o.send(made, {
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
    const letter = await o.arrived(o.mail, message.id);
    expect(letter.to.map(({ value }) => value)).toEqual([made.address, "druhy@firma.test"]);
    expect(letter.cc?.map(({ value }) => value)).toEqual(["ucetni@firma.test"]);
    expect(letter.bcc?.map(({ value }) => value)).toEqual(["sef@firma.test"]);
    expect(letter.stillTo).toBeUndefined();
  });

  it("is not sent to an address new to the case until the o.agent confirms it; the refusal names it", async () => {
    const made = await o.letterCase();
    const refused = await refusal(o.send(made, { to: [made.address], cc: ["novy@jinde.test"] }));
    expect([refused.code, refused.data?.recipients]).toEqual(["new-recipients", ["novy@jinde.test"]]);
    await o.send(made, { to: [made.address], cc: ["novy@jinde.test"], confirmed: true });
    await o.send(made, { to: [made.address], cc: ["novy@jinde.test"] });
  });

  it("repeated for one who did not get it, still names everybody and goes only there", async () => {
    const made = await o.letterCase();
    o.mail.refuseOnce.add("pozde@firma.test");
    const message = await o.send(made, { to: [made.address], cc: ["pozde@firma.test"], confirmed: true });
    await o.arrived(o.mail, message.id);
    await until("the second attempt", async () => {
      o.world.clock.advance(120_000);
      o.node.outbox.kick({ accountId: o.mailId });
      return o.mail.sent.filter(({ key }) => key === message.id).length === 2;
    });
    const again = o.mail.sent.findLast(({ key }) => key === message.id);
    expect(again?.to.map(({ value }) => value)).toEqual([made.address]);
    expect(again?.cc?.map(({ value }) => value)).toEqual(["pozde@firma.test"]);
    expect(again?.stillTo).toEqual(["pozde@firma.test"]);
  });

  it("carries the agent's formatting without anything that runs or reports", async () => {
    const made = await o.letterCase();
    const message = await o.send(made, {
      text: "Ahoj světe",
      html: `<p onclick="x()">Ahoj <b>světe</b><script>alert(1)</script><img src="https://spy.test/p.gif"><img src="cid:a"></p>`,
    });
    expect(message.kind).toBe("html");
    const letter = await o.arrived(o.mail, message.id);
    expect(letter.html).toBe(`<p>Ahoj <b>světe</b><img /><img src="cid:a" /></p>`);
    expect(letter.text).toBe("Ahoj světe");
  });

  it("has its pictures inside the text, not beside it", async () => {
    const made = await o.letterCase();
    const id = uuid();
    await o.world.db.query({
      text: `insert into upload (id, tenant_id, owner_type, owner_id, name, mime, size, blob_key)
        values ($1, $2, 'agent', $3, 'plan.png', 'image/png', 10, 'blob-3')`,
      values: [id, o.tenant.id, o.agent.id],
    });
    const html = `<p>Plán: <img src="cid:${id}"></p>`;
    const letter = await o.arrived(o.mail, (await o.send(made, { text: "Plán:", html, uploadIds: [id] })).id);
    expect(letter.attachments).toMatchObject([{ name: "plan.png", inline: true, contentId: id }]);
  });

  it("ends with the client company's signature and the quoted letter, both known to the desk for folding", async () => {
    await o.world.db.query({
      text: `update tenant set policy = policy || '{"signature": "{{agent.alias}}\\n{{tenant.name}}"}' where id = $1`,
      values: [o.tenant.id],
    });
    const made = await o.letterCase();
    const message = await o.send(made, { text: "Hotovo, {{contact.name}}.", quote: true });
    await o.world.db.query({
      text: "update tenant set policy = policy - 'signature' where id = $1",
      values: [o.tenant.id],
    });
    expect(message.body).toMatch(
      /^Hotovo, Petr Svoboda\.\n\n-- \nJana z podpory\nt[0-9a-f]+\n\nDne .+ napsal\(a\):\n> Dobrý den$/,
    );
    const { signatureFrom, quotedFrom, quotedTo } = message.detail as Record<string, number>;
    expect(message.body.slice(0, signatureFrom)).toBe("Hotovo, Petr Svoboda.");
    expect(message.body.slice(quotedFrom, quotedTo).trim()).toMatch(/^Dne/);
  });

  it("is passed on to somebody else in a thread of its own, its files by reference", async () => {
    const made = await o.letterCase();
    const [original] = await o.world.db.query<{ id: string }>({
      text: "select id from message where conversation_id = $1 and direction = 'in'",
      values: [made.conversationId],
    });
    const partId = uuid();
    await o.world.db.query({
      text: `insert into message_part (id, tenant_id, message_id, idx, name, mime, size, blob_key)
        values ($1, $2, $3, 0, 'faktura.pdf', 'application/pdf', 10, 'blob-1')`,
      values: [partId, o.tenant.id, original?.id],
    });
    const forward = {
      to: ["dodavatel@jinde.test"],
      forward: true,
      answersId: original?.id ?? "",
      partIds: [partId],
      subject: "Fwd: Objednávka",
    };
    expect((await refusal(o.send(made, forward))).data?.recipients).toEqual(["dodavatel@jinde.test"]);
    const message = await o.send(made, { ...forward, confirmed: true });
    const letter = await o.arrived(o.mail, message.id);
    expect(letter).toMatchObject({ subject: "Fwd: Objednávka", references: [] });
    expect(letter.replyTo).toBeUndefined();
    expect(letter.thread).toMatch(/^begun-/);
    expect(letter.attachments.map(({ name }) => name)).toEqual(["faktura.pdf"]);
    const [contacts] = await o.world.db.query<{ n: number }>({
      text: "select count(*)::int as n from identity where contact_id = $1",
      values: [made.contactId],
    });
    expect(contacts?.n).toBe(1);
    const next = await o.send(made, {});
    expect((await o.arrived(o.mail, next.id)).to.map(({ value }) => value)).toEqual([made.address]);
  });

  it("is answered to whom it asks to be answered, without our own addresses", async () => {
    const made = await o.letterCase();
    const [original] = await o.world.db.query<{ id: string }>({
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
        db: o.world.db,
        scope: o.agent.scope,
        secrets: o.world.secrets,
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

  it("cannot be addressed by an o.agent who sees no addresses, nor on a channel that has none", async () => {
    const made = await o.letterCase();
    const inmate = await addAgent(o.world.db, o.tenant, { profile: "restricted" });
    const takes = reply(made, { to: ["kdokoli@jinde.test"], confirmed: true });
    expect((await refusal(o.node.commands.sendMessage(inmate.scope, takes))).code).toBe("forbidden");
    expect((await refusal(o.send(await o.talkCase(), { to: ["a@b.test"], confirmed: true }))).code).toBe("bad-request");
  });
});
