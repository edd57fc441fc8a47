import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Dovecot, hasDovecot, password, startDovecot } from "../../fakes/dovecot.ts";
import { composed, freshUser, lettersOf } from "../../fakes/mailbox.ts";
import { type FakeSmtp, startSmtp } from "../../fakes/smtp.ts";
import { failure, freshMailbox, letter, online, until } from "./mailbox.ts";

const servers: FakeSmtp[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
const serve = async (starting: Promise<FakeSmtp>): Promise<FakeSmtp> => {
  const server = await starting;
  servers.push(server);
  return server;
};

describe.runIf(hasDovecot())("a conversation by mail", () => {
  let dovecot: Dovecot;
  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterAll(() => dovecot.stop());

  it("goes to the customer's own mailbox and back, threaded for both", async () => {
    const customer = freshUser("jan");
    const relay = await serve(
      startSmtp({
        take: async ({ to, raw }) => {
          for (const each of to) await dovecot.deliver({ raw }, each);
        },
      }),
    );
    const mailbox = freshMailbox(dovecot, relay.port);
    const account = await online(mailbox.open());
    try {
      const question = await composed({
        from: { name: "Jan", address: customer },
        to: mailbox.address,
        subject: "Reklamace",
        text: "Kde je balík?",
        messageId: "<q1@x.cz>",
      });
      await dovecot.deliver({ raw: question }, mailbox.address);
      const asked = (await until("the question arrives", () => account.messages()[0])).event;
      const sent = await account.send(
        letter({
          thread: asked.thread,
          to: asked.from.addresses,
          subject: asked.subject ?? "",
          references: [asked.id],
          replyTo: asked.id,
          replyToken: "0123456789abcdef01234567",
        }),
      );
      const [answer] = await until("the answer lies in the customer's mailbox", async () => {
        const letters = await lettersOf({ dovecot, user: customer });
        return letters.length > 0 && letters;
      });
      expect(answer).toMatchObject({
        subject: "Re: Reklamace",
        inReplyTo: "<q1@x.cz>",
        references: "<q1@x.cz>",
        messageId: sent.id,
      });

      const to = answer?.replyTo?.value[0]?.address ?? "";
      const thanks = await composed({
        from: customer,
        to,
        subject: "Re: Reklamace",
        text: "Díky",
        inReplyTo: sent.id,
        references: ["<q1@x.cz>", sent.id],
      });
      await dovecot.deliver({ raw: thanks }, to);
      // Beside our own answer, whose copy lies in the folder of sent mail.
      const thanked = (await until("the thanks arrive", () => account.messages().filter(({ event }) => !event.own)[1]))
        .event;
      expect(thanked).toMatchObject({
        thread: asked.thread,
        replyToken: "0123456789abcdef01234567",
        replyTo: sent.id,
        aliases: [expect.any(String)],
      });
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
      const waiting = await until("the second waits", () =>
        second.statuses.slice(before).find(({ state }) => state === "offline"),
      );
      expect(waiting).toMatchObject({
        reason: expect.stringContaining("takes no further sign-ins"),
        retryInMs: expect.any(Number),
      });
      expect(second.statuses.map(({ state }) => state)).not.toContain("needs-login");
    } finally {
      await mailbox.stop();
      await crowded.stop();
    }
  });

  it("a server whose certificate nobody vouches for gets no password", async () => {
    for (const changes of [
      { caCertificate: "" },
      { caCertificate: "", imapSecurity: "tls", imapPort: dovecot.ports.imaps },
    ]) {
      const account = freshMailbox(dovecot).open(changes);
      account.start();
      const offline = await until("it refuses", () => account.statuses.find(({ state }) => state === "offline"));
      expect(offline).toMatchObject({ reason: expect.stringMatching(/certificate/) });
      await account.stop();
    }
  });

  it("a server that does not offer encryption gets no password either: somebody on the way may have hidden the offer", async () => {
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => undefined).write("* OK [CAPABILITY IMAP4rev1] ready\r\n");
      socket.on("data", (chunk: Buffer) => {
        heard.push(chunk.toString());
        const [tag = "*"] = chunk.toString().split(" ");
        socket.write(`* CAPABILITY IMAP4rev1\r\n${tag} OK done\r\n`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const listening = server.address();
    const imapPort = typeof listening === "object" && listening !== null ? listening.port : 0;
    const account = freshMailbox(dovecot).open({ imapPort });
    account.start();
    const offline = await until("it refuses", () => account.statuses.find(({ state }) => state === "offline"));
    expect(offline).toMatchObject({ reason: expect.stringContaining("does not offer encryption") });
    await account.stop();
    await new Promise((resolve) => server.close(resolve));
    expect(heard.join("")).not.toMatch(/LOGIN|AUTHENTICATE/i);
  });

  it("the Test button says what works and what does not", async () => {
    const smtp = await serve(startSmtp());
    const mailbox = freshMailbox(dovecot, smtp.port);
    const signal = new AbortController().signal;
    expect(await mailbox.open({ plusAddressing: false }).connection.probe?.(signal)).toEqual({
      says: "Signed in to 127.0.0.1 (0 letters in INBOX) and to 127.0.0.1.",
    });
    const wrong = await failure(
      mailbox.open({ imapPassword: `${password}-wrong` }).connection.probe?.(signal) ?? Promise.resolve(),
    );
    expect(wrong).toMatchObject({ code: "auth", message: expect.stringContaining("Reading mail") });
    const half = await failure(
      mailbox.open({ smtpPort: 1, plusAddressing: false }).connection.probe?.(signal) ?? Promise.resolve(),
    );
    expect(half).toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("Reading mail works, sending does not"),
    });
  });
});
