import { ConnectorError, remoteId } from "#contract";
import { simpleParser } from "mailparser";
import { afterEach, describe, expect, it } from "vitest";
import { makeAccount, openAccount, type OpenAccount } from "../../contract/account.ts";
import { type FakeSmtp, refusal, startScriptedSmtp, startSmtp } from "../../fakes/smtp.ts";
import { failure, letter, quickEmail, until } from "./mailbox.ts";

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

describe("what an SMTP server may answer", () => {
  it.each([
    [
      "450 on the recipient",
      {
        onRcptTo: (_: unknown, __: unknown, done: (e: Error) => void) =>
          done(refusal(450, "4.2.0 greylisted, try again in 300s")),
      },
      { code: "later", retryAfterMs: 300_000 },
    ],
    [
      "421 on the sender",
      {
        onMailFrom: (_: unknown, __: unknown, done: (e: Error) => void) =>
          done(refusal(421, "4.7.0 too many connections")),
      },
      { code: "rate-limited" },
    ],
    [
      "552 mailbox full",
      { onRcptTo: (_: unknown, __: unknown, done: (e: Error) => void) => done(refusal(552, "5.2.2 mailbox full")) },
      { code: "later" },
    ],
    [
      "550 daily sending quota",
      {
        onMailFrom: (_: unknown, __: unknown, done: (e: Error) => void) =>
          done(refusal(550, "5.4.5 Daily user sending limit exceeded")),
      },
      { code: "rate-limited", retryAfterMs: 3_600_000 },
    ],
    [
      "550 unknown user",
      { onRcptTo: (_: unknown, __: unknown, done: (e: Error) => void) => done(refusal(550, "5.1.1 user unknown")) },
      { code: "recipient-gone" },
    ],
    [
      "554 spam",
      { onRcptTo: (_: unknown, __: unknown, done: (e: Error) => void) => done(refusal(554, "5.7.1 spam")) },
      { code: "rejected" },
    ],
    [
      "550 basic sign-in switched off",
      {
        onMailFrom: (_: unknown, __: unknown, done: (e: Error) => void) =>
          done(refusal(550, "5.7.30 basic authentication is not supported")),
      },
      { code: "auth" },
    ],
    ["451 after the letter", { take: () => Promise.reject(refusal(451, "4.3.0 local error")) }, { code: "later" }],
    [
      "552 too big after the letter",
      { take: () => Promise.reject(refusal(552, "5.3.4 message too big")) },
      { code: "rejected" },
    ],
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
    expect(sent.refused).toEqual([
      { recipient: "gone@x.cz", permanent: true, says: "550 5.1.1 user unknown", gone: true },
    ]);
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
      const file = {
        name: "výpis.pdf",
        mimeType: "application/pdf",
        bytes: 3,
        open: async () =>
          (async function* () {
            yield Buffer.from("PDF");
          })(),
      };
      await openAccount(quickEmail, account, settings(server.port)).send(
        letter({ key: "k1", html: "<p>Dobrý den</p>", attachments: [file] }),
      );
      raws.push(server.letters[0]?.raw.toString() ?? "");
    }
    expect(raws[0]).toContain("multipart/mixed");
    expect(raws[1]).toBe(raws[0]);
  });

  it("carries what it answers, who writes, and the way back", async () => {
    const server = await serve(startSmtp());
    const references = [remoteId("<root@x.cz>#0123"), remoteId("#4567"), remoteId("<second@x.cz>#89ab")];
    const sent = await open(server.port).send(
      letter({
        subject: "Re: Odp: Reklamace",
        references,
        replyTo: remoteId("<second@x.cz>#89ab"),
        replyToken: "0123456789abcdef01234567",
      }),
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
    await openAccount(quickEmail, account, settings(server.port)).send({
      ...message,
      to: [{ kind: "email", value: "eva@x.cz" }],
    });
    expect(server.letters.map(({ to }) => to)).toEqual([["jan@x.cz"], ["eva@x.cz"]]);
  });
});

describe("a hub that dies over a letter", () => {
  const dies = async (server: FakeSmtp, at: string, script: { silent: boolean }) => {
    const account = makeAccount("a");
    const message = letter({ key: "k1" });
    const stopping = new AbortController();
    // The process that is about to die: nobody waits for what it says.
    const going = openAccount(quickEmail, account, settings(server.port)).send(message, stopping.signal);
    going.catch(() => undefined);
    await until(`the server is at ${at}`, () => reached.has(at));
    const left = new Map(account.memory);
    stopping.abort();
    await failure(going);
    account.memory.clear();
    for (const [key, value] of left) account.memory.set(key, value);
    script.silent = false;
    return { message, successor: openAccount(quickEmail, account, settings(server.port)) };
  };
  const reached = new Set<string>();
  const stalling = async (at: string) => {
    reached.clear();
    const script = { silent: true };
    const server = await serve(
      startScriptedSmtp((command) => {
        reached.add(command);
        return script.silent && command === at ? "silence" : undefined;
      }),
    );
    return { script, server };
  };

  it("before the server asked for it has sent nothing: its successor sends it", async () => {
    const { script, server } = await stalling("RCPT");
    const { message, successor } = await dies(server, "RCPT", script);
    await successor.send(message);
    expect(server.letters).toHaveLength(1);
  });

  it("after the server asked for it does not know: its successor says so, and does what a person decides", async () => {
    const { script, server } = await stalling("taken");
    const { message, successor } = await dies(server, "taken", script);
    for (const _ of [1, 2]) {
      const error = await failure(successor.send(message));
      expect(error).toMatchObject({ code: "uncertain", id: expect.stringMatching(/^<m\./) });
    }
    expect(server.letters).toHaveLength(1);
    await successor.send({ ...message, insisted: true });
    expect(server.letters).toHaveLength(2);
    expect(server.letters[1]?.raw.equals(server.letters[0]?.raw ?? Buffer.alloc(0))).toBe(true);
  });

  it("remembers every letter of many that go at once, whoever asks in between", async () => {
    const account = makeAccount("a");
    const server = await serve(startSmtp());
    const first = openAccount(quickEmail, account, settings(server.port));
    const messages = Array.from({ length: 20 }, (_, nth) => letter({ key: `many-${nth}` }));
    await Promise.all(
      messages.map(async (message, nth) => {
        if (nth % 5 === 4) first.start();
        await first.send(message);
      }),
    );
    await first.stop();
    const successor = openAccount(quickEmail, account, settings(server.port));
    await Promise.all(messages.map((message) => successor.send(message)));
    expect(server.letters).toHaveLength(20);
  });
});
