import { randomUUID } from "node:crypto";
import { ConnectorError, type Outbound, remoteId, threadKey } from "#contract";
import { simpleParser } from "mailparser";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeAccount, openAccount, type OpenAccount } from "../../contract/account.ts";
import { type Dovecot, hasDovecot, password, startDovecot } from "../../fakes/dovecot.ts";
import { composed, freshUser, lettersOf } from "../../fakes/mailbox.ts";
import { type FakeSmtp, refusal, startScriptedSmtp, startSmtp } from "../../fakes/smtp.ts";
import { freshMailbox, online, quickEmail, until } from "./mailbox.ts";

const servers: FakeSmtp[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
const serve = async (starting: Promise<FakeSmtp>): Promise<FakeSmtp> => {
  const server = await starting;
  servers.push(server);
  return server;
};

const settings = (smtpPort: number) => ({
  address: "support@acme.test",
  name: "Acme",
  imapHost: "127.0.0.1",
  imapUser: "support@acme.test",
  imapPassword: "x",
  smtpHost: "127.0.0.1",
  smtpPort,
  smtpSecurity: "none",
  smtpLogin: "none",
  plusAddressing: true,
});
const open = (smtpPort: number): OpenAccount => openAccount(quickEmail, makeAccount("a"), settings(smtpPort));

const letter = (changes: Partial<Outbound> = {}): Outbound => ({
  key: randomUUID(),
  thread: threadKey("<root@x.cz>"),
  to: [{ kind: "email", value: "jan@x.cz" }],
  subject: "Reklamace",
  text: "Dobrý den",
  attachments: [],
  references: [],
  author: { name: "Anna z Acme" },
  writtenAt: new Date("2026-01-05T08:30:00Z"),
  ...changes,
});
const failure = (sending: Promise<unknown>): Promise<unknown> =>
  sending.then(
    () => "sent",
    (error: unknown) => error,
  );

describe("what an SMTP server may answer", () => {
  it.each([
    ["450 on the recipient", { onRcptTo: (_: unknown, __: unknown, done: (e: Error) => void) => done(refusal(450, "4.2.0 greylisted, try again in 300s")) }, { code: "rate-limited", retryAfterMs: 300_000 }],
    ["421 on the sender", { onMailFrom: (_: unknown, __: unknown, done: (e: Error) => void) => done(refusal(421, "4.7.0 too many connections")) }, { code: "rate-limited" }],
    ["552 mailbox full", { onRcptTo: (_: unknown, __: unknown, done: (e: Error) => void) => done(refusal(552, "5.2.2 mailbox full")) }, { code: "rate-limited" }],
    ["550 unknown user", { onRcptTo: (_: unknown, __: unknown, done: (e: Error) => void) => done(refusal(550, "5.1.1 user unknown")) }, { code: "recipient-gone" }],
    ["554 spam", { onRcptTo: (_: unknown, __: unknown, done: (e: Error) => void) => done(refusal(554, "5.7.1 spam")) }, { code: "rejected" }],
    ["550 basic sign-in switched off", { onMailFrom: (_: unknown, __: unknown, done: (e: Error) => void) => done(refusal(550, "5.7.30 basic authentication is not supported")) }, { code: "auth" }],
    ["451 after the letter", { take: () => Promise.reject(refusal(451, "4.3.0 local error")) }, { code: "rate-limited" }],
    ["552 too big after the letter", { take: () => Promise.reject(refusal(552, "5.3.4 message too big")) }, { code: "rejected" }],
    ["a sign-in it wants", { authOptional: false }, { code: "auth" }],
  ])("%s becomes one of our words", async (_, manners, expected) => {
    const server = await serve(startSmtp(manners));
    const error = await failure(open(server.port).send(letter()));
    expect(error).toBeInstanceOf(ConnectorError);
    expect(error).toMatchObject(expected);
  });

  it("one refused recipient of two is told, not swallowed: the library calls that a success", async () => {
    const server = await serve(
      startSmtp({
        onRcptTo: ({ address }, _, done) =>
          done(address.startsWith("gone") ? refusal(550, "5.1.1 user unknown") : null),
      }),
    );
    const to = [
      { kind: "email", value: "jan@x.cz" },
      { kind: "email", value: "gone@x.cz" },
    ] as const;
    const sent = await open(server.port).send(letter({ to }));
    expect(sent.refused).toEqual([{ recipient: "gone@x.cz", permanent: true, says: "550 5.1.1 user unknown" }]);
    expect(server.letters.map((each) => each.to)).toEqual([["jan@x.cz"]]);
  });

  it.each([
    ["before the recipient", "RCPT", "drop", "unreachable"],
    ["at DATA, before it was asked for the letter", "DATA", "drop", "unreachable"],
    ["after the final dot", "taken", "drop", "uncertain"],
    ["after the final dot, silently", "taken", "silence", "uncertain"],
  ] as const)("a connection lost %s is told apart", async (_, at, does, code) => {
    const server = await serve(startScriptedSmtp((command) => (command === at ? does : undefined)));
    expect(await failure(open(server.port).send(letter()))).toMatchObject({ name: "ConnectorError", code });
  });

  it("a server that is not there is unreachable", async () => {
    const server = await startSmtp();
    await server.stop();
    expect(await failure(open(server.port).send(letter()))).toMatchObject({ code: "unreachable" });
  });
});

describe("what goes out", () => {
  it("is the same letter byte for byte when it is sent again after a doubt", async () => {
    const raws: string[] = [];
    for (let round = 0; round < 2; round++) {
      const server = await serve(startSmtp());
      const account = makeAccount("a");
      account.memory.set("signing-key", "equal in both processes");
      const file = { name: "výpis.pdf", mimeType: "application/pdf", bytes: 3, open: async () => (async function* () { yield Buffer.from("PDF"); })() };
      await openAccount(quickEmail, account, settings(server.port)).send(letter({ key: "k1", html: "<p>Dobrý den</p>", attachments: [file] }));
      raws.push(server.letters[0]?.raw.toString() ?? "");
    }
    expect(raws[0]).toContain("multipart/mixed");
    expect(raws[1]).toBe(raws[0]);
  });

  it("carries what it answers, who writes, and the way back", async () => {
    const server = await serve(startSmtp());
    const references = [remoteId("<root@x.cz>#0123"), remoteId("#4567"), remoteId("<second@x.cz>#89ab")];
    const sent = await open(server.port).send(
      letter({ subject: "Re: Odp: Reklamace", references, replyTo: remoteId("<second@x.cz>#89ab"), replyToken: "0123456789abcdef01234567" }),
    );
    const mail = await simpleParser(server.letters[0]?.raw ?? "");
    expect(mail).toMatchObject({
      subject: "Re: Reklamace",
      messageId: sent.id,
      inReplyTo: "<second@x.cz>",
      references: ["<root@x.cz>", "<second@x.cz>"],
      date: new Date("2026-01-05T08:30:00Z"),
    });
    expect(mail.from?.value).toEqual([{ name: "Anna z Acme", address: "support@acme.test" }]);
    expect(mail.replyTo?.value[0]?.address).toBe("support+r.0123456789abcdef01234567@acme.test");
  });

  it("lets nothing written by a customer or agent become a header", async () => {
    const server = await serve(startSmtp());
    const injected = "x\r\nBcc: evil@x.cz\r\nX-Evil: 1";
    await open(server.port).send(letter({ subject: injected, author: { name: injected }, text: "t" }));
    const [sent] = server.letters;
    expect(sent?.to).toEqual(["jan@x.cz"]);
    const head = (sent?.raw.toString() ?? "").split("\r\n\r\n")[0] ?? "";
    expect(head).not.toMatch(/^(bcc|x-evil):/im);
  });

  it("is not sent a second time by a process that died before it could note the success", async () => {
    const server = await serve(startSmtp());
    const account = makeAccount("a");
    const message = letter({ key: "k1" });
    const first = await openAccount(quickEmail, account, settings(server.port)).send(message);
    const again = await openAccount(quickEmail, account, settings(server.port)).send(message);
    expect(again.id).toBe(first.id);
    await openAccount(quickEmail, account, settings(server.port)).send({ ...message, to: [{ kind: "email", value: "eva@x.cz" }] });
    expect(server.letters.map(({ to }) => to)).toEqual([["jan@x.cz"], ["eva@x.cz"]]);
  });
});

describe.runIf(hasDovecot())("a conversation by mail", () => {
  let dovecot: Dovecot;
  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterAll(() => dovecot.stop());

  it("goes to the customer's own mailbox and back, threaded for both", async () => {
    const customer = freshUser("jan");
    const relay = await serve(startSmtp({ take: async ({ to, raw }) => { for (const each of to) await dovecot.deliver({ raw }, each); } }));
    const mailbox = freshMailbox(dovecot, relay.port);
    const account = await online(mailbox.open());
    try {
      const question = await composed({ from: { name: "Jan", address: customer }, to: mailbox.address, subject: "Reklamace", text: "Kde je balík?", messageId: "<q1@x.cz>" });
      await dovecot.deliver({ raw: question }, mailbox.address);
      const asked = (await until("the question arrives", () => account.messages()[0])).event;
      const sent = await account.send(
        letter({ thread: asked.thread, to: asked.from.addresses, subject: asked.subject ?? "", references: [asked.id], replyTo: asked.id, replyToken: "0123456789abcdef01234567" }),
      );
      const [answer] = await until("the answer lies in the customer's mailbox", async () => {
        const letters = await lettersOf({ dovecot, user: customer });
        return letters.length > 0 && letters;
      });
      expect(answer).toMatchObject({ subject: "Re: Reklamace", inReplyTo: "<q1@x.cz>", references: "<q1@x.cz>", messageId: sent.id });

      const to = answer?.replyTo?.value[0]?.address ?? "";
      const thanks = await composed({ from: customer, to, subject: "Re: Reklamace", text: "Díky", inReplyTo: sent.id, references: ["<q1@x.cz>", sent.id] });
      await dovecot.deliver({ raw: thanks }, to);
      const thanked = (await until("the thanks arrive", () => account.messages()[1])).event;
      expect(thanked).toMatchObject({ thread: asked.thread, replyToken: "0123456789abcdef01234567", replyTo: sent.id, aliases: [expect.any(String)] });
      expect(thanked.references).toEqual([sent.id, "<q1@x.cz>"]);
    } finally {
      await mailbox.stop();
    }
  });

  it("a refused password asks the administrator, a full house only waits", async () => {
    const refused = freshMailbox(dovecot).open({ imapPassword: "wrong" });
    refused.start();
    const asking = await until("it says so", () => refused.statuses.find(({ state }) => state === "needs-login"));
    expect(asking).toMatchObject({ reason: expect.stringContaining("refused the user or the password") });
    await refused.stop();

    const crowded = await startDovecot({ connectionsPerUser: 1 });
    const mailbox = freshMailbox(crowded);
    try {
      await online(mailbox.open());
      const second = mailbox.open();
      const before = second.statuses.length;
      second.start();
      const waiting = await until("the second waits", () => second.statuses.slice(before).find(({ state }) => state === "offline"));
      expect(waiting).toMatchObject({ reason: expect.stringContaining("takes no further sign-ins"), retryInMs: expect.any(Number) });
      expect(second.statuses.map(({ state }) => state)).not.toContain("needs-login");
    } finally {
      await mailbox.stop();
      await crowded.stop();
    }
  });

  it("a server whose certificate nobody vouches for gets no password", async () => {
    for (const changes of [{ caCertificate: "" }, { caCertificate: "", imapSecurity: "tls", imapPort: dovecot.ports.imaps }]) {
      const account = freshMailbox(dovecot).open(changes);
      account.start();
      const offline = await until("it refuses", () => account.statuses.find(({ state }) => state === "offline"));
      expect(offline).toMatchObject({ reason: expect.stringMatching(/certificate/) });
      await account.stop();
    }
  });

  it("the Test button says what works and what does not", async () => {
    const smtp = await serve(startSmtp());
    const mailbox = freshMailbox(dovecot, smtp.port);
    const signal = new AbortController().signal;
    expect(await mailbox.open().connection.probe?.(signal)).toEqual({
      says: "Signed in to 127.0.0.1 (0 letters in INBOX) and to 127.0.0.1.",
    });
    const wrong = await failure(mailbox.open({ imapPassword: `${password}-wrong` }).connection.probe?.(signal) ?? Promise.resolve());
    expect(wrong).toMatchObject({ code: "auth", message: expect.stringContaining("Reading mail") });
    const half = await failure(mailbox.open({ smtpPort: 1 }).connection.probe?.(signal) ?? Promise.resolve());
    expect(half).toMatchObject({ code: "unreachable", message: expect.stringContaining("Reading mail works, sending does not") });
  });
});
