import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { createTransport, type Transporter } from "nodemailer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChannelAccountBody, ChannelAccountView, Gives, UploadView } from "#wire";
import { type Dovecot, hasDovecot, password, startDovecot } from "../fakes/dovecot.ts";
import { filesOf, freshUser, lettersOf } from "../fakes/mailbox.ts";
import { type FakeSmtp, startSmtp } from "../fakes/smtp.ts";
import { freshDatabase, type FreshDatabase, temporaryFolder } from "../support/database.ts";
import { type Fixture, seedFixture } from "../support/fixture.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { freePort } from "../../src/postgres/port.ts";
import { type Agent, signIn, until } from "./agent.ts";

/** A mailbox on a real Dovecot, a real hub process, a customer with a mail program of their own. */
describe.skipIf(!hasDovecot())("e-mail, from the customer's mailbox to the agent's screen and back", () => {
  const support = freshUser("podpora");
  const customer = freshUser("zakaznik");
  const png = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
    "base64",
  );
  const pdf = Buffer.from("%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n");
  let dovecot: Dovecot;
  let smtp: FakeSmtp;
  let database: FreshDatabase;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let fixture: Fixture;
  let hub: HubProcess;
  let restart: () => Promise<HubProcess>;
  let admin: Agent;
  let agent: Agent;
  let mta: Transporter;
  /** When Dovecot had put the last letter into its mailbox. */
  let deliveredAt = 0;

  beforeAll(async () => {
    dovecot = await startDovecot();
    // The relay of both sides: what it takes lies in the recipient's mailbox before it says so.
    smtp = await startSmtp({
      take: async ({ raw, to }) => {
        for (const recipient of to) await dovecot.deliver({ raw }, recipient);
        deliveredAt = performance.now();
      },
    });
    mta = createTransport({ host: "127.0.0.1", port: smtp.port, ignoreTLS: true });
    database = await freshDatabase();
    folder = await temporaryFolder();
    const secret = randomBytes(32).toString("hex");
    fixture = await seedFixture({ databaseUrl: database.url, secret, queues: 1, agents: 2, admin: true });
    // The time to take an answer back is not what is waited for here.
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`UPDATE tenant SET policy = '{"undoSeconds":{"email":0}}'`);
    await client.end();
    const env = { PORT: String(await freePort()), DATABASE_URL: database.url, LINKA_SECRET: secret, LINKA_DEMO: "0" };
    restart = async () => (hub = await startHub({ dataDir: folder.path, env }));
    await restart();
    const login = (i: number) =>
      signIn({ url: hub.url, email: fixture.users[i]?.email ?? "", password: fixture.password });
    [admin, agent] = await Promise.all([login(0), login(1)]);
  }, 60_000);

  afterAll(async () => {
    admin?.leave();
    agent?.leave();
    await hub?.kill("SIGKILL");
    mta?.close();
    await smtp?.stop();
    await dovecot?.stop();
    await database?.drop();
    await folder?.remove();
  });

  const account = (changes: Record<string, unknown> = {}): ChannelAccountBody => ({
    tenantId: fixture.tenantId,
    kind: "email",
    name: "Podpora",
    queueId: fixture.queueIds[0] ?? null,
    enabled: true,
    config: {
      address: support,
      name: "Zákaznická péče",
      imapHost: "127.0.0.1",
      imapPort: dovecot.ports.imap,
      imapSecurity: "starttls",
      imapUser: support,
      imapPassword: password,
      smtpHost: "127.0.0.1",
      smtpPort: smtp.port,
      smtpSecurity: "none",
      smtpLogin: "none",
      caCertificate: dovecot.certificate,
      ...changes,
    },
  });
  const open = (id: string): Promise<Gives<"conversation.open">> => agent.ask("conversation.open", { id });
  const rowOf = async (subject: string) =>
    (await agent.ask("view.open", { kind: "all" })).rows.find((row) => row.subject === subject);
  let conversationId = "";
  let answerId = "";
  let firstId = "";

  test("an administrator tries the settings, adds the mailbox and sees it online; its password never comes back", async () => {
    const wrong = await admin.call<{ ok: boolean; says: string }>(
      "POST",
      "/api/admin/channels/test",
      account({ imapPassword: "not-the-password" }),
    );
    expect(wrong.ok).toBe(false);
    expect(wrong.says).not.toBe("");
    expect(await admin.call("POST", "/api/admin/channels/test", account())).toMatchObject({ ok: true });
    const added = await admin.call<ChannelAccountView>("POST", "/api/admin/channels", account());
    const listed = await until("the mailbox is online", async () => {
      const { channels } = await admin.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels");
      return channels.find(({ id, state }) => id === added.id && state === "online");
    });
    expect(listed.address).toBe(support);
    expect(listed.secrets["imapPassword"]).toBe(password.slice(-4));
    expect(JSON.stringify([added, listed])).not.toContain(password);
    expect(await admin.call("POST", `/api/admin/channels/${added.id}/test`)).toMatchObject({ ok: true });
    await expect(agent.call("POST", "/api/admin/channels", account())).rejects.toThrow("403");
  });

  test("a customer's letter is on the agent's screen within a second of its delivery, its attachment behind a signed link", async () => {
    const sent = await mta.sendMail({
      from: `Žofie Nováková <${customer}>`,
      to: support,
      subject: "Poškozená zásilka č. 42",
      text: "Dobrý den,\n\nzásilka přišla rozbitá, posílám fotku.\n\nNováková",
      attachments: [{ filename: "příšerně rozbité.png", content: png, contentType: "image/png" }],
    });
    firstId = sent.messageId;
    const { frame, at } = await agent.heard("the letter", ({ changes }) =>
      changes.some(({ row }) => row.subject === "Poškozená zásilka č. 42"),
    );
    process.stdout.write(`mail: on the agent's socket ${Math.round(at - deliveredAt)} ms after delivery\n`);
    expect(at - deliveredAt).toBeLessThan(3_000);
    const row = frame.changes.find(({ row: { subject } }) => subject === "Poškozená zásilka č. 42")?.row;
    expect(row).toMatchObject({ contact: { name: "Žofie Nováková" }, lastKind: "email", unread: 1, lastSeq: 1 });
    conversationId = row?.id ?? "";
    const { messages, threads } = await open(conversationId);
    expect(messages[0]?.text).toContain("zásilka přišla rozbitá");
    expect(threads[0]).toMatchObject({ channel: "email", accountName: "Podpora" });
    const [file] = messages[0]?.attachments ?? [];
    expect(file).toMatchObject({ name: "příšerně rozbité.png", mime: "image/png", size: png.length, state: "stored" });
    const url = new URL(file?.url ?? "", hub.url);
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(png);
    // Not the last character: some of its bits belong to no byte of the signature.
    const spot = url.href.length - 5;
    const forged = url.href.slice(0, spot) + (url.href[spot] === "A" ? "B" : "A") + url.href.slice(spot + 1);
    expect((await fetch(forged)).status).toBe(404);
  });

  test("the agent's answer with a file lies in the customer's mailbox, in the customer's thread", async () => {
    const upload = await agent.call<UploadView>(
      "POST",
      `/api/uploads?conversationId=${conversationId}&name=${encodeURIComponent("reklamační list.pdf")}`,
      pdf,
    );
    const { message } = await agent.ask("message.send", {
      conversationId,
      clientKey: "answer-0001",
      mode: "reply",
      text: "Dobrý den, posíláme náhradu. V příloze je reklamační list.",
      uploadIds: [upload.id],
      expectedSeq: 1,
    });
    expect(message).toMatchObject({ direction: "out", channel: "email" });
    const [letter] = await until(
      "the answer is in the customer's mailbox",
      async () => {
        const letters = await lettersOf({ dovecot, user: customer });
        return letters.length > 0 && letters;
      },
      25_000,
    );
    expect(letter?.inReplyTo).toBe(firstId);
    expect([letter?.references].flat()).toContain(firstId);
    expect(letter?.subject).toMatch(/^Re: Poškozená zásilka č. 42$/);
    expect(letter?.from?.value[0]?.address).toBe(support);
    expect(letter?.text).toContain("posíláme náhradu");
    expect(letter === undefined ? [] : filesOf(letter)).toEqual([
      { name: "reklamační list.pdf", mimeType: "application/pdf", bytes: pdf },
    ]);
    answerId = letter?.messageId ?? "";
    await until("the desk knows that it was sent", async () =>
      (await open(conversationId)).messages.some(
        ({ id, deliveries }) => id === message.id && deliveries.every(({ state }) => state === "sent"),
      ),
    );
  });

  test("the customer's reply joins the conversation; a stranger who knows the Message-ID is held", async () => {
    const reply = { to: support, subject: "Re: Poškozená zásilka č. 42", inReplyTo: answerId };
    const references = [firstId, answerId];
    await mta.sendMail({ ...reply, references, from: customer, text: "Děkuji, to stačí." });
    expect((await agent.heardText("Děkuji, to stačí.")).conversationId).toBe(conversationId);
    await mta.sendMail({ ...reply, references, from: freshUser("cizinec"), text: "Pošlete to raději na mou adresu." });
    const held = await agent.heardText("Pošlete to raději na mou adresu.");
    expect(held).toMatchObject({ conversationId, held: true });
    const { row, messages, contact } = await open(conversationId);
    expect(row.contact.name).toBe("Žofie Nováková");
    expect(contact.identities.map(({ value }) => value)).toEqual([customer]);
    expect(messages.filter(({ direction }) => direction === "in").map(({ held: waits }) => waits)).toEqual([
      false,
      false,
      true,
    ]);
  });

  test("a hub killed twice while letters arrive loses none and shows none twice", { timeout: 50_000 }, async () => {
    const subjects = Array.from({ length: 60 }, (_, i) => `Dotaz ${String(i).padStart(2, "0")}`);
    const deliver = async (from: number, to: number): Promise<void> => {
      for (const subject of subjects.slice(from, to))
        await mta.sendMail({ from: freshUser("davka"), to: support, subject, text: `Text: ${subject}` });
    };
    const shown = (subject: string): Promise<unknown> =>
      agent.heard(subject, ({ changes }) => changes.some(({ row }) => row.subject === subject), 15_000);

    const first = deliver(0, 30);
    await shown("Dotaz 05");
    await hub.kill("SIGKILL");
    await first;
    const second = deliver(30, 60);
    await restart();
    await shown("Dotaz 31");
    await hub.kill("SIGKILL");
    await second;
    await restart();
    const rows = await until(
      "all letters are on the desk",
      async () => {
        const page = await agent.ask("view.open", { kind: "all" }).catch(() => undefined);
        const found = page?.rows.filter(({ subject }) => subject?.startsWith("Dotaz ")) ?? [];
        return new Set(found.map(({ subject }) => subject)).size === subjects.length && found;
      },
      20_000,
    );
    expect(rows.map(({ subject }) => subject ?? "").toSorted()).toEqual(subjects);
    expect(rows.filter(({ lastSeq }) => lastSeq !== 1)).toEqual([]);
    expect(await rowOf("Poškozená zásilka č. 42")).toMatchObject({ id: conversationId });
  });
});
