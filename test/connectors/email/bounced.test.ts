import type { InboundReceipt } from "#contract";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeAccount, openAccount, type OpenAccount } from "../../contract/account.ts";
import { type Dovecot, hasDovecot, password, startDovecot } from "../../fakes/dovecot.ts";
import { composed } from "../../fakes/mailbox.ts";
import { hasPostfix, type Postfix, startPostfix } from "../../fakes/postfix.ts";
import { refusal, startSmtp } from "../../fakes/smtp.ts";
import { letter, online, quickEmail, until } from "./mailbox.ts";

const receipts = (account: OpenAccount): readonly InboundReceipt[] =>
  account.kept.flatMap(({ event }) => (event.type === "receipt" ? [event] : []));
/** What came in; the copy in the folder of sent mail is ours. */
const received = (account: OpenAccount) => account.messages().flatMap(({ event }) => (event.own ? [] : [event]));
const mail = (value: string) => ({ kind: "email" as const, value });

describe.runIf(hasDovecot())("a letter of ours that does not arrive", () => {
  let dovecot: Dovecot;
  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterAll(async () => {
    await dovecot.stop();
  });
  const open = (smtpPort: number, address = "support@acme.test"): OpenAccount =>
    openAccount(quickEmail, makeAccount("a"), {
      address,
      imapHost: "127.0.0.1",
      imapPort: dovecot.ports.imaps,
      imapUser: address,
      imapPassword: password,
      smtpHost: "127.0.0.1",
      smtpPort,
      smtpSecurity: "none",
      smtpLogin: "none",
      plusAddressing: true,
      caCertificate: dovecot.certificate,
      startFrom: "days:1",
    });

  describe.runIf(hasPostfix())("through a real Postfix", () => {
    let postfix: Postfix;
    let remote: SMTPServer;
    beforeAll(async () => {
      remote = new SMTPServer({
        logger: false,
        disabledCommands: ["AUTH", "STARTTLS"],
        onRcptTo: ({ address }, _, done) =>
          done(address.startsWith("nikdo") ? refusal(550, `5.1.1 <${address}>: User unknown`) : null),
        onData: (stream, _, done) => {
          stream.resume();
          stream.once("end", () => done());
        },
      });
      await new Promise<void>((resolve) => remote.listen(0, "127.0.0.1", () => resolve()));
      const at = remote.server.address();
      const port = typeof at === "object" && at !== null ? at.port : 0;
      postfix = await startPostfix({
        domains: ["acme.test"],
        lmtpPort: dovecot.ports.lmtp,
        routes: { "remote.test": port },
      });
    }, 30_000);
    afterAll(async () => {
      await postfix.stop();
      await new Promise<void>((resolve) => remote.close(() => resolve()));
    });

    it(
      "comes back as a report, which is told for the letter and the one recipient it did not reach",
      { timeout: 30_000 },
      async () => {
        const account = await online(open(postfix.port));
        const sent = await account.send(letter({ to: [mail("nikdo@remote.test")], cc: [mail("eva@remote.test")] }));
        expect(sent.refused).toBeUndefined();
        const [told] = await until("the report", () => receipts(account).length > 0 && receipts(account), 20_000);
        expect(told).toMatchObject({
          id: sent.id,
          state: "failed",
          recipient: "nikdo@remote.test",
          error: expect.stringContaining("User unknown"),
          gone: true,
        });
        expect(receipts(account)).toHaveLength(1);
        expect(received(account)[0]).toMatchObject({ automatic: true, detail: { letter: "bounce", about: sent.id } });
        await account.stop();
      },
    );
  });

  it("a report that nobody of ours has signed for tells nothing, and a full mailbox is not called gone", async () => {
    const smtp = await startSmtp();
    const account = await online(open(smtp.port, "kdosi@acme.test"));
    const sent = await account.send(letter({ to: [mail("plno@x.cz")] }));
    const report = (about: string, to: string) =>
      composed({
        from: "Mail Delivery System <mailer-daemon@mx.x.cz>",
        to,
        subject: "Undelivered Mail Returned to Sender",
        text: `<plno@x.cz>: 552 5.2.2 Mailbox full\n\nMessage-ID: ${about}\n`,
      });
    const forged = "<m.0123456789abcdef01234567.0123456789@acme.test>";
    await dovecot.deliver({ raw: await report(forged, "kdosi@acme.test") }, "kdosi@acme.test");
    await dovecot.deliver({ raw: await report(sent.id, "kdosi@acme.test") }, "kdosi@acme.test");
    await until("both reports are stored", () => received(account).length === 2);
    await until("one of them is told", () => receipts(account).length > 0);
    expect(receipts(account)).toMatchObject([{ id: sent.id, state: "failed", recipient: "plno@x.cz" }]);
    expect(receipts(account)[0]).not.toHaveProperty("gone");
    await account.stop();
    await smtp.stop();
  });

  it("the letter by which the mailbox is tested becomes nobody's case, also when the hub sees it first", async () => {
    const smtp = await startSmtp();
    const account = await online(open(smtp.port, "zkouska@acme.test"));
    const probe = await composed({
      from: "zkouska@acme.test",
      to: "zkouska+probe.1@acme.test",
      subject: "Linka: test of plus-addresses",
      text: "x",
    });
    await dovecot.deliver({ raw: probe }, "zkouska@acme.test");
    await dovecot.deliver({ subject: "Dotaz", text: "x" }, "zkouska@acme.test");
    await until("the real letter is stored", () => account.messages().length === 1);
    expect(account.messages().map(({ event }) => event.subject)).toEqual(["Dotaz"]);
    await account.stop();
    await smtp.stop();
  });
});
