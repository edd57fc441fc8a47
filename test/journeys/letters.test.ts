import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { simpleParser } from "mailparser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AutoReply, MessageView } from "#wire";
import { type Dovecot, hasDovecot, password, startDovecot } from "../fakes/dovecot.ts";
import { freshUser, lettersOf } from "../fakes/mailbox.ts";
import { type FakeSmtp, refusal, startSmtp } from "../fakes/smtp.ts";
import { freshDatabase, type FreshDatabase, temporaryFolder } from "../support/database.ts";
import { type Fixture, seedFixture } from "../support/fixture.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { type Agent, signIn, until } from "./agent.ts";

/** What a mailbox does by itself, and what an agent does with letters beside answering them. */
describe.skipIf(!hasDovecot())("letters, on a real mailbox and a real hub", () => {
  const support = freshUser("podpora");
  const gone = new Set<string>();
  let dovecot: Dovecot;
  let smtp: FakeSmtp;
  let database: FreshDatabase;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let fixture: Fixture;
  let hub: HubProcess;
  let agent: Agent;
  let db: Client;

  beforeAll(async () => {
    dovecot = await startDovecot();
    smtp = await startSmtp({
      onRcptTo: ({ address }, _, done) => done(gone.has(address) ? refusal(550, "5.1.1 User unknown") : null),
      take: async ({ raw, to }) => {
        for (const recipient of to) await dovecot.deliver({ raw }, recipient);
      },
    });
    database = await freshDatabase();
    folder = await temporaryFolder();
    const secret = randomBytes(32).toString("hex");
    fixture = await seedFixture({
      databaseUrl: database.url,
      secret,
      queues: 1,
      agents: 1,
      admin: true,
      mailbox: {
        address: support,
        password,
        imapPort: dovecot.ports.imap,
        certificate: dovecot.certificate,
        smtpPort: smtp.port,
      },
    });
    db = new Client({ connectionString: database.url });
    await db.connect();
    await db.query(`update tenant set policy = '{"undoSeconds":{"email":0},"locale":"cs"}'`);
    const env = { DATABASE_URL: database.url, LINKA_SECRET: secret, LINKA_DEMO: "0" };
    hub = await startHub({ dataDir: folder.path, env });
    agent = await signIn({ url: hub.url, email: fixture.users[0]?.email ?? "", password: fixture.password });
  }, 60_000);
  afterAll(async () => {
    agent?.leave();
    await hub?.kill("SIGKILL");
    await db?.end();
    await smtp?.stop();
    await dovecot?.stop();
    await database?.drop();
    await folder?.remove();
  });

  const mailbox = async (): Promise<string> => {
    const { channels } = await agent.call<{ channels: { id: string; kind: string }[] }>("GET", "/api/admin/channels");
    return channels.find(({ kind }) => kind === "email")?.id ?? "";
  };
  /** The conversation a customer's letter opened, with its messages. */
  const opened = (subject: string) =>
    until(`the case of "${subject}"`, async () => {
      const row = (await agent.ask("view.open", { kind: "all" })).rows.find((one) => one.subject === subject);
      return row === undefined ? undefined : agent.ask("conversation.open", { id: row.id });
    });
  const writes = (customer: string, subject: string, more: object = {}) =>
    dovecot.deliver({ from: customer, to: support, subject, text: "Dobrý den", ...more }, support);
  const answers = async (conversationId: string, text: string, more: object = {}): Promise<MessageView> =>
    (
      await agent.ask("message.send", {
        conversationId,
        clientKey: randomBytes(12).toString("hex"),
        mode: "reply",
        text,
        ...more,
      })
    ).message;

  test("a mailbox acknowledges a letter once, as a machine, and leaves the case to people", async () => {
    const path = `/api/admin/channels/${await mailbox()}/auto-reply`;
    expect(await agent.call<AutoReply>("GET", path)).toMatchObject({ on: false });
    const settings = { on: true, text: "Děkujeme, odpovíme do zítřka.", closedText: "", hours: [] };
    await agent.call("PUT", path, settings);
    const customer = freshUser("jan");
    await writes(customer, "Faktura");
    const received = await until("the acknowledgement", async () => {
      const letters = await lettersOf({ dovecot, user: customer });
      return letters.length > 0 ? letters : undefined;
    });
    expect(received[0]).toMatchObject({ subject: "Re: Faktura" });
    expect(received[0]?.text?.trim()).toBe(settings.text);
    expect(received[0]?.headers.get("auto-submitted")).toBe("auto-replied");
    expect(received[0]?.inReplyTo).toBeDefined();
    const { row } = await opened("Faktura");
    expect(row).toMatchObject({ unread: 1, lastDirection: "in", assigneeId: null });
    // A second letter, and an answer by the customer's own machine to our machine: neither gets one.
    await writes(customer, "Ještě něco");
    await writes(freshUser("stroj"), "Nepřítomnost", { headers: { "Auto-Submitted": "auto-replied" } });
    await opened("Nepřítomnost");
    await until("every letter is decided", async () => {
      const { rows } = await db.query<{ n: string }>("select count(*) as n from acknowledgement");
      return Number(rows[0]?.n) === 3 || undefined;
    });
    expect(await lettersOf({ dovecot, user: customer })).toHaveLength(1);
    await agent.call("PUT", path, { ...settings, on: false });
  });

  test("an invitation is answered to its organiser, in a form calendars understand", async () => {
    const organiser = freshUser("petr");
    const content = [
      "BEGIN:VCALENDAR",
      "METHOD:REQUEST",
      "BEGIN:VEVENT",
      "UID:schuzka-1@x.cz",
      "SEQUENCE:3",
      "DTSTART;TZID=Europe/Prague:20261201T093000",
      "SUMMARY:Předání",
      `ORGANIZER;CN=Petr:mailto:${organiser}`,
      `ATTENDEE;CN=Podpora:mailto:${support}`,
      "END:VEVENT",
      "END:VCALENDAR",
      "",
    ].join("\r\n");
    await writes(organiser, "Schůzka", { icalEvent: { method: "REQUEST", content } });
    const { messages } = await opened("Schůzka");
    const invited = messages.find(({ detail }) => detail["calendar"] !== undefined);
    await agent.call("POST", `/api/messages/${invited?.id}/invitation`, {
      answer: "ACCEPTED",
      clientKey: randomBytes(12).toString("hex"),
    });
    const [answer] = await until("the answer", async () => {
      const letters = await lettersOf({ dovecot, user: organiser });
      return letters.length > 0 ? letters : undefined;
    });
    expect(answer?.subject).toContain("Přijato: Předání");
    const calendar = answer?.attachments.find(({ contentType }) => contentType === "text/calendar");
    const text = calendar?.content.toString() ?? "";
    expect(text).toContain("METHOD:REPLY");
    expect(text).toContain("UID:schuzka-1@x.cz");
    expect(text.replaceAll(/\r\n /g, "")).toContain(`ATTENDEE;PARTSTAT=ACCEPTED;CN="Podpora":mailto:${support}`);
    // What invites nobody cannot be answered so.
    await expect(
      agent.call(
        "POST",
        `/api/messages/${messages.find(({ detail }) => detail["calendar"] === undefined)?.id ?? "x"}/invitation`,
        {
          answer: "ACCEPTED",
          clientKey: randomBytes(12).toString("hex"),
        },
      ),
    ).rejects.toThrow();
  });

  test("the letter that went out can be downloaded as the customer got it, and the audit knows who did", async () => {
    const customer = freshUser("eva");
    await writes(customer, "Smlouva");
    const { row } = await opened("Smlouva");
    const sent = await answers(row.id, "Posíláme smlouvu.");
    const [received] = await until("the answer", async () => {
      const letters = await lettersOf({ dovecot, user: customer });
      return letters.length > 0 ? letters : undefined;
    });
    const answer = await fetch(`${hub.url}/api/messages/${sent.id}/raw`, {
      headers: { cookie: fixture.users[0]?.cookie ?? "" },
    });
    expect(answer.headers.get("content-disposition")).toMatch(/\.eml"/);
    const original = await simpleParser(Buffer.from(await answer.arrayBuffer()));
    expect(original).toMatchObject({ messageId: received?.messageId, subject: "Re: Smlouva" });
    const { rows } = await db.query("select 1 from audit_entry where action = 'message.raw' and target = $1", [
      sent.id,
    ]);
    expect(rows).toHaveLength(1);
  });

  test("an address that does not exist is marked, and the next letter to it asks first", async () => {
    const customer = freshUser("pryc");
    await writes(customer, "Reklamace");
    const { row, contact } = await opened("Reklamace");
    expect(contact.identities).toMatchObject([{ gone: false }]);
    gone.add(customer);
    const failed = await answers(row.id, "Řešíme to.");
    await until("the letter is refused", async () => {
      const { messages } = await agent.ask("conversation.open", { id: row.id });
      const now = messages.find(({ id }) => id === failed.id)?.deliveries[0];
      return now?.state === "failed" ? now : undefined;
    });
    const shown = await until("the address is marked", async () => {
      const now = await agent.ask("contact.get", { id: row.contact.id });
      return now.identities[0]?.gone ? now : undefined;
    });
    expect(shown.identities).toHaveLength(1);
    await expect(answers(row.id, "Ještě jednou.")).rejects.toThrow("gone-recipients");
    gone.delete(customer);
    const confirmed = await answers(row.id, "Naposledy.", { confirmed: true });
    await until("it arrives", async () => (await lettersOf({ dovecot, user: customer })).length === 1 || undefined);
    expect(confirmed.deliveries).toMatchObject([{ recipient: customer }]);
    // They write again: the address is there after all.
    await writes(customer, "Reklamace znovu");
    await opened("Reklamace znovu");
    expect((await agent.ask("contact.get", { id: row.contact.id })).identities).toMatchObject([{ gone: false }]);
  });
});
