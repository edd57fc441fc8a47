import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createTransport, type Transporter } from "nodemailer";
import { Client } from "pg";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChannelAccountBody, ChannelAccountView } from "#wire";
import { freePort } from "../../src/postgres/port.ts";
import { type Dovecot, hasDovecot, password, startDovecot } from "../fakes/dovecot.ts";
import { freshUser, lettersOf } from "../fakes/mailbox.ts";
import { type FakeSmtp, startSmtp } from "../fakes/smtp.ts";
import { freshDatabase, type FreshDatabase, temporaryFolder } from "../support/database.ts";
import { type Fixture, seedFixture } from "../support/fixture.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { openBrowser, openChat } from "../web/visitor/browser.ts";
import { type Agent, signIn, until } from "./agent.ts";

/** A closed shop: the widget's form in a real browser, a mailbox on a real Dovecot, the customer's own mail program. */
describe.skipIf(!hasDovecot())("a visitor who came after hours", () => {
  const support = freshUser("podpora");
  const customer = freshUser("navstevnik");
  let dovecot: Dovecot;
  let smtp: FakeSmtp;
  let database: FreshDatabase;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let fixture: Fixture;
  let hub: HubProcess;
  let browser: Browser;
  let shop: Server;
  let agent: Agent;
  let mta: Transporter;
  let mailboxId = "";

  beforeAll(async () => {
    dovecot = await startDovecot();
    smtp = await startSmtp({
      take: async ({ raw, to }) => {
        for (const recipient of to) await dovecot.deliver({ raw }, recipient);
      },
    });
    mta = createTransport({ host: "127.0.0.1", port: smtp.port, ignoreTLS: true });
    [database, folder, browser] = await Promise.all([freshDatabase(), temporaryFolder(), openBrowser()]);
    const secret = randomBytes(32).toString("hex");
    fixture = await seedFixture({ databaseUrl: database.url, secret, queues: 1, agents: 1, admin: true, chat: true });
    const day = 86_400_000;
    const closedDays = [-1, 0, 1].map((by) => new Date(Date.now() + by * day).toISOString().slice(0, 10));
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`UPDATE tenant SET policy = '{"undoSeconds":{"email":0}}'`);
    await client.query("UPDATE channel_account SET config = $1 WHERE kind = 'chat'", [JSON.stringify({ closedDays })]);
    await client.end();
    hub = await startHub({
      dataDir: folder.path,
      env: { PORT: String(await freePort()), DATABASE_URL: database.url, LINKA_SECRET: secret, LINKA_DEMO: "0" },
    });
    shop = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end(
        `<!doctype html><title>Obchod</title><script src="${hub.url}/widget/loader.js" data-account="${fixture.chatAccountId}" data-lang="cs" defer></script>`,
      );
    });
    shop.listen(0, "127.0.0.1");
    await once(shop, "listening");
    agent = await signIn({ url: hub.url, email: fixture.users[0]?.email ?? "", password: fixture.password });
    const body: ChannelAccountBody = {
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
      },
    };
    mailboxId = (await agent.call<ChannelAccountView>("POST", "/api/admin/channels", body)).id;
    await until(
      "the mailbox is online",
      async () => {
        const { channels } = await agent.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels");
        return channels.some(({ id, state }) => id === mailboxId && state === "online");
      },
      20_000,
    );
  }, 90_000);

  afterAll(async () => {
    agent?.leave();
    await browser?.close();
    shop?.closeAllConnections();
    shop?.close();
    await hub?.kill("SIGKILL");
    mta?.close();
    await smtp?.stop();
    await dovecot?.stop();
    await database?.drop();
    await folder?.remove();
  });

  test(
    "leaves a message, is answered by e-mail in the same case, and writes on from their own mailbox",
    { timeout: 60_000 },
    async () => {
      const context = await browser.newContext({ locale: "cs-CZ" });
      const { port } = shop.address() as AddressInfo;
      const { frame } = await openChat(context, `http://127.0.0.1:${port}/`);
      await frame.waitForSelector("[name=email]");
      await frame.fill("[name=email]", customer);
      await frame.fill("[name=text]", "Máte ještě tulipány?");
      await frame.click(".sheet .primary");
      const { frame: news } = await agent.heard(
        "the visitor's message",
        ({ changes }) => changes.some(({ row }) => row.preview === "Máte ještě tulipány?"),
        20_000,
      );
      const row = news.changes.find(({ row: { preview } }) => preview === "Máte ještě tulipány?")?.row;
      const conversationId = row?.id ?? "";
      await agent.ask("conversation.open", { id: conversationId });

      const { ways } = await agent.ask("conversation.ways", { conversationId });
      const wanted = ways.filter((way) => way.wanted);
      expect(wanted).toMatchObject([{ channel: "email", accountId: mailboxId, threadId: null, state: "ready" }]);
      expect(JSON.stringify(ways)).not.toContain(customer);
      const { message } = await agent.ask("message.send", {
        conversationId,
        clientKey: "by-mail-0001",
        mode: "reply",
        text: "Ano, červené i žluté. Kolik jich chcete?",
        subject: "Váš dotaz z webu",
        via: { accountId: mailboxId, identityId: wanted[0]?.identityId ?? "" },
        expectedSeq: row?.lastSeq ?? 0,
      });
      expect(message).toMatchObject({ conversationId, channel: "email" });

      const [letter] = await until(
        "the answer is in the visitor's mailbox",
        async () => {
          const letters = await lettersOf({ dovecot, user: customer });
          return letters.length > 0 && letters;
        },
        25_000,
      );
      expect(letter?.subject).toBe("Váš dotaz z webu");
      expect(letter?.from?.value[0]?.address).toBe(support);

      await mta.sendMail({
        from: `Jana Tulipánová <${customer}>`,
        to: support,
        subject: "Re: Váš dotaz z webu",
        text: "Prosím dvacet červených.",
        inReplyTo: letter?.messageId ?? "",
        references: [letter?.messageId ?? ""],
      });
      const answer = await agent.heardText("Prosím dvacet červených.", 25_000);
      expect(answer).toMatchObject({ conversationId, held: false, channel: "email", direction: "in" });

      const { messages, threads } = await agent.ask("conversation.open", { id: conversationId });
      expect(messages.flatMap((one) => (one.direction === "event" ? [] : [[one.channel, one.direction]]))).toEqual([
        ["chat", "in"],
        ["email", "out"],
        ["email", "in"],
      ]);
      expect(threads.map(({ channel }) => channel).toSorted()).toEqual(["chat", "email"]);
      const next = await agent.ask("message.send", {
        conversationId,
        clientKey: "by-mail-0002",
        mode: "reply",
        text: "Máme je pro vás.",
      });
      expect(next.message.channel).toBe("email");
      await context.close();
    },
  );
});
