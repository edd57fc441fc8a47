import { generateKeyPairSync } from "node:crypto";
import { ConnectorError, type Outbound, remoteId } from "#contract";
import { simpleParser } from "mailparser";
import { afterEach, describe, expect, it } from "vitest";
import { begin } from "../../../connectors/email/outgoing.ts";
import { bouncedMessageId } from "../../../connectors/email/verp.ts";
import { makeAccount, openAccount, type OpenAccount } from "../../contract/account.ts";
import { type FakeSmtp, refusal, startSmtp } from "../../fakes/smtp.ts";
import { dkimVerifies } from "./dkim.ts";
import { failure, letter, quickEmail } from "./mailbox.ts";

const servers: FakeSmtp[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
const serve = async (manners: Parameters<typeof startSmtp>[0] = {}): Promise<FakeSmtp> => {
  const server = await startSmtp(manners);
  servers.push(server);
  return server;
};
const settings = (smtpPort: number, more: object = {}) => ({
  address: "support@acme.test",
  name: "Acme",
  imapHost: "127.0.0.1",
  imapUser: "support@acme.test",
  imapPassword: "x",
  smtpHost: "127.0.0.1",
  smtpPort,
  smtpSecurity: "none",
  smtpLogin: "none",
  ...more,
});
const open = (smtpPort: number, more: object = {}): OpenAccount =>
  openAccount(quickEmail, makeAccount("a"), settings(smtpPort, more));
const head = (server: FakeSmtp, nth = 0): string =>
  (server.letters[nth]?.raw.toString() ?? "").split("\r\n\r\n")[0] ?? "";
const mail = (value: string) => ({ kind: "email" as const, value });

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const file = (name: string, mimeType: string, bytes: Buffer, more: object = {}): Outbound["attachments"][number] => ({
  name,
  mimeType,
  bytes: bytes.byteLength,
  open: async () =>
    (async function* () {
      yield bytes;
    })(),
  ...more,
});

describe("a letter on its way out", () => {
  it("is frozen with its first try: neither settings nor words changed since then change a byte", async () => {
    const account = makeAccount("a");
    account.memory.set("signing-key", "k");
    const message = letter({ key: "frozen-1", text: "Původní text", html: "<p>Původní text</p>" });
    const full = await serve({ onRcptTo: (_, __, done) => done(refusal(450, "4.2.0 try later")) });
    const was = settings(full.port);
    expect(await failure(openAccount(quickEmail, account, was).send(message))).toMatchObject({ code: "later" });
    const server = await serve();
    const now = settings(server.port, { name: "Jiné jméno" });
    await openAccount(quickEmail, account, now).send({ ...message, text: "Jiný text", subject: "Jiný předmět" });
    const sent = await simpleParser(server.letters[0]?.raw ?? "");
    expect(sent.text?.trim()).toBe("Původní text");
    expect(sent.subject).toBe("Reklamace");
  });

  it("names To and Cc to everybody, Bcc to nobody, and after a partial refusal goes to the others only", async () => {
    const refused = new Set(["full@x.cz"]);
    const server = await serve({
      onRcptTo: ({ address }, _, done) => done(refused.has(address) ? refusal(452, "4.2.2 mailbox full") : null),
    });
    const account = open(server.port);
    const message = letter({ to: [mail("jan@x.cz")], cc: [mail("full@x.cz")], bcc: [mail("tajny@x.cz")] });
    const first = await account.send(message);
    expect(first.refused).toEqual([{ recipient: "full@x.cz", permanent: false, says: "452 4.2.2 mailbox full" }]);
    refused.clear();
    const again = await account.send({ ...message, stillTo: ["full@x.cz"] });
    expect(again).toEqual({ id: first.id });
    expect(server.letters.map(({ to }) => to)).toEqual([["jan@x.cz", "tajny@x.cz"], ["full@x.cz"]]);
    expect(server.letters[1]?.raw.equals(server.letters[0]?.raw ?? Buffer.alloc(0))).toBe(true);
    expect(head(server)).toMatch(/^To: jan@x\.cz\r?$/m);
    expect(head(server)).toMatch(/^Cc: full@x\.cz\r?$/m);
    expect(server.letters[0]?.raw.toString()).not.toContain("tajny");
  });

  it("every recipient refused, each for a reason of its own, is told for each of them", async () => {
    const server = await serve({
      onRcptTo: ({ address }, _, done) =>
        done(address.startsWith("gone") ? refusal(550, "5.1.1 user unknown") : refusal(452, "4.2.2 over quota")),
    });
    const sent = await open(server.port).send(letter({ to: [mail("gone@x.cz"), mail("full@x.cz")] }));
    expect(sent.refused).toMatchObject([
      { recipient: "gone@x.cz", permanent: true, gone: true },
      { recipient: "full@x.cz", permanent: false },
    ]);
  });

  it("carries pictures of its HTML inside it and files beside it", async () => {
    const server = await serve();
    await open(server.port).send(
      letter({
        html: '<p>Logo: <img src="cid:logo@acme"></p>',
        attachments: [
          file("logo.png", "image/png", png, { contentId: "logo@acme", inline: true }),
          file("smlouva.pdf", "application/pdf", Buffer.from("%PDF-1.4")),
        ],
      }),
    );
    const raw = server.letters[0]?.raw.toString() ?? "";
    expect(raw).toContain("multipart/related");
    expect(raw).toContain("multipart/alternative");
    const parsed = await simpleParser(raw, { keepCidLinks: true });
    expect(parsed.attachments.map(({ filename, related, cid }) => ({ filename, related, cid }))).toEqual([
      { filename: "logo.png", related: true, cid: "logo@acme" },
      { filename: "smlouva.pdf", related: undefined, cid: undefined },
    ]);
  });

  it("answers an invitation where calendars look for it", async () => {
    const server = await serve();
    const answer = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n";
    await open(server.port).send(
      letter({ attachments: [file("invite.ics", "text/calendar; charset=utf-8; method=REPLY", Buffer.from(answer))] }),
    );
    const raw = server.letters[0]?.raw.toString() ?? "";
    expect(raw).toMatch(/multipart\/alternative/);
    expect(raw).toMatch(/Content-Type: text\/calendar;[^\n]*(?:\n[ \t][^\n]*)*method=REPLY/i);
    expect(raw).not.toMatch(/multipart\/mixed/);
  });

  it("is signed with the domain's key when the mailbox has one, and equally on every try", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const dkimKey = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const server = await serve();
    await open(server.port, { dkimKey, dkimSelector: "linka" }).send(
      letter({ attachments: [file("a.png", "image/png", png)] }),
    );
    const raw = server.letters[0]?.raw ?? Buffer.alloc(0);
    const [, tags = ""] = /^DKIM-Signature: ((?:.|\r\n[ \t])*)/m.exec(raw.toString()) ?? [];
    expect(tags).toContain("d=acme.test");
    expect(tags).toContain("s=linka");
    expect(dkimVerifies(raw, privateKey)).toBe(true);
    expect(dkimVerifies(Buffer.from(raw.toString().replace("Dobr", "Zl")), privateKey)).toBe(false);
  });

  it("that is larger than the mailbox' server takes is not even tried", async () => {
    const server = await serve();
    const large = file("velky.bin", "application/octet-stream", Buffer.alloc(1_200_000, 7));
    const error = await failure(open(server.port, { largestMegabytes: 1 }).send(letter({ attachments: [large] })));
    expect(error).toMatchObject({ code: "rejected", message: expect.stringContaining("at most 1 MB") });
    expect(server.letters).toHaveLength(0);
  });
});

describe("where failures come back", () => {
  const deliveredTo = (server: FakeSmtp) => server.letters.map(({ from }) => from);

  it("is an address that names the letter, so that the report needs no luck to be matched", async () => {
    const server = await serve();
    const account = makeAccount("a");
    account.memory.set("signing-key", "k");
    const sent = await openAccount(quickEmail, account, settings(server.port, { plusAddressing: true })).send(letter());
    const known = { address: "support@acme.test", signingKey: "k" };
    expect(bouncedMessageId({ ...known, deliveredTo: deliveredTo(server) })).toBe(sent.id);
    expect(bouncedMessageId({ ...known, signingKey: "other", deliveredTo: deliveredTo(server) })).toBeUndefined();
  });

  it("is the mailbox itself where plus-addresses do not arrive, or the server does not let it write under one", async () => {
    const strict = await serve({
      onMailFrom: ({ address }, _, done) =>
        done(address.includes("+") ? refusal(553, "5.7.1 Sender address rejected: not owned by user") : null),
    });
    await open(strict.port, { plusAddressing: true }).send(letter());
    const plain = await serve();
    await open(plain.port).send(letter());
    expect([...deliveredTo(strict), ...deliveredTo(plain)]).toEqual(["support@acme.test", "support@acme.test"]);
  });

  it("is nowhere for what the hub writes by itself, which says so in every way machines understand", async () => {
    const server = await serve();
    await open(server.port, { plusAddressing: true }).send(letter({ automatic: true }));
    expect(deliveredTo(server)).toEqual([""]);
    expect(head(server)).toMatch(/^Auto-Submitted: auto-replied\r?$/m);
    expect(head(server)).toMatch(/^X-Auto-Response-Suppress: All\r?$/m);
    expect(head(server)).toMatch(/^X-Linka-Loop: support@acme\.test [0-9a-f]{16}\r?$/m);
    const human = await serve();
    await open(human.port).send(letter());
    expect(head(human)).not.toMatch(/auto-submitted|x-linka-loop|precedence/i);
  });
});

describe("a thread we begin", () => {
  it("has a name of its own each time, and refuses what is no address", () => {
    expect(begin(mail("jan@x.cz"))).not.toBe(begin(mail("jan@x.cz")));
    for (const value of ["jan", "jan@", "a b@x.cz", `${"x".repeat(260)}@x.cz`])
      expect(() => begin(mail(value))).toThrow(ConnectorError);
    expect(() => begin({ kind: "e164", value: "+420777123456" })).toThrow(ConnectorError);
  });

  it("goes out as a first letter: no Re:, no references, found again by the answer", async () => {
    const server = await serve();
    const sent = await open(server.port).send(letter({ thread: begin(mail("jan@x.cz")), subject: "Nabídka" }));
    const parsed = await simpleParser(server.letters[0]?.raw ?? "");
    expect(parsed).toMatchObject({ subject: "Nabídka", messageId: sent.id });
    expect(parsed).not.toHaveProperty("inReplyTo");
    expect(parsed).not.toHaveProperty("references");
  });

  it("every answer carries what it answers", async () => {
    const server = await serve();
    const references = [remoteId("<a@x.cz>#1"), remoteId("<b@x.cz>#2")];
    await open(server.port).send(letter({ references, replyTo: remoteId("<b@x.cz>#2") }));
    expect(await simpleParser(server.letters[0]?.raw ?? "")).toMatchObject({
      inReplyTo: "<b@x.cz>",
      references: ["<root@x.cz>", "<a@x.cz>", "<b@x.cz>"],
    });
  });
});
