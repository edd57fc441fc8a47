import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { createTransport, type SendMailOptions } from "nodemailer";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Account, makeAccount, type OpenAccount, openAccount } from "../contract/account.ts";
import { quickEmail } from "../connectors/email/mailbox.ts";
import type { MailPort } from "../../src/config.ts";
import { type RunningMailPort, startMailPort } from "../../src/server/mail.ts";

// The mail port with real mailboxes behind it, as a mail server of the company sees it.
const address = "support@acme.test";
const settings = { address, intake: "port", smtpHost: "127.0.0.1", smtpSecurity: "none", smtpLogin: "none" };
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

let folder: string;
let port: RunningMailPort | undefined;
let accounts: { readonly account: Account; readonly opened: OpenAccount }[] = [];
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "linka-port-test-"));
  const files = ["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await promisify(execFile)("openssl", ["req", "-x509", ...key, ...subject, ...files]);
  const pem = ["key", "cert"].map((name) => readFileSync(`${folder}/${name}.pem`, "utf8")).join("");
  writeFileSync(`${folder}/both.pem`, pem);
});
afterEach(async () => {
  await port?.stop();
  accounts = [];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const mailboxes = (...given: string[]): void => {
  accounts = given.map((each) => {
    const account = makeAccount("a");
    return { account, opened: openAccount(quickEmail, account, { ...settings, address: each }) };
  });
};
const start = async (changes: Partial<MailPort> = {}): Promise<void> => {
  port = await startMailPort({
    config: { port: 0, host: "127.0.0.1", protocol: "smtp", maxBytes: 1_000_000, ...changes },
    supervisor: {
      mailboxes: (recipient) =>
        accounts.flatMap(({ opened }, nth) => {
          const { mail } = opened.connection;
          return mail?.takes(recipient) === true ? [{ accountId: String(nth), mail }] : [];
        }),
    },
    log,
  });
};
const deliver = async (mail: SendMailOptions, options: object = {}) => {
  const mta = createTransport({ host: "127.0.0.1", port: port?.port ?? 0, ignoreTLS: true, ...options });
  try {
    return await mta.sendMail({ from: "Jan <jan@x.cz>", to: address, subject: "Dotaz", text: "Dobrý den", ...mail });
  } finally {
    mta.close();
  }
};
const refusal = (sending: Promise<unknown>): Promise<unknown> =>
  sending.then(
    () => "taken",
    (error: unknown) => Reflect.get(error as object, "responseCode"),
  );
const subjects = (nth = 0): (string | undefined)[] =>
  (accounts[nth]?.opened.messages() ?? []).map(({ event }) => event.subject);

describe("the mail port", () => {
  it("takes a letter for a mailbox of ours, attachments and all, and says so only when it is stored", async () => {
    mailboxes(address);
    await start();
    const [first] = accounts;
    if (first === undefined) throw new Error("no mailbox");
    const { account, opened } = first;
    const receive = account.hub.receive.bind(account.hub);
    const order: string[] = [];
    account.hub.receive = async (event) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await receive(event);
      order.push("stored");
    };
    const content = Buffer.alloc(200_000, "Linka ");
    await deliver({ attachments: [{ filename: "a.bin", content }] });
    order.push("acknowledged");
    expect(order).toEqual(["stored", "acknowledged"]);
    expect(Buffer.from(opened.messages()[0]?.files[0]?.bytes ?? []).equals(content)).toBe(true);
    expect(Buffer.from(opened.kept[0]?.raw ?? []).toString()).toContain("Subject: Dotaz");
  });

  it("a letter that comes again, or by IMAP as well, is the same letter", async () => {
    mailboxes(address);
    await start();
    await deliver({ messageId: "<once@x.cz>", date: new Date(0) });
    await deliver({ messageId: "<once@x.cz>", date: new Date(0), headers: { "X-Way": "another" } });
    const ids = accounts[0]?.opened.messages().map(({ event }) => event.id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it("the token of a reply address counts although only the envelope has it", async () => {
    mailboxes(address);
    await start();
    const token = "0123456789abcdef";
    await deliver({ envelope: { from: "jan@x.cz", to: `support+r.${token}@acme.test` } });
    expect(accounts[0]?.opened.messages()[0]?.event.replyToken).toBe(token);
  });

  it("recipients that are not ours are refused: nothing is relayed", async () => {
    mailboxes(address);
    await start();
    expect(await refusal(deliver({ to: "somebody@elsewhere.test" }))).toBe(550);
    const mixed = await deliver({ to: [address, "nobody@acme.test"] });
    expect([mixed.accepted, mixed.rejected]).toEqual([[address], ["nobody@acme.test"]]);
    expect(subjects()).toEqual(["Dotaz"]);
  });

  it("what the hub cannot store is to come again, and then it is stored once", async () => {
    mailboxes(address);
    await start();
    accounts[0]?.opened.refuseNext(1);
    expect(await refusal(deliver({}))).toBe(451);
    expect(subjects()).toEqual([]);
    expect(await refusal(deliver({}))).toBe("taken");
    expect(subjects()).toEqual(["Dotaz"]);
  });

  it("a letter over the limit is refused for good, and nothing of it is kept", async () => {
    mailboxes(address);
    await start({ maxBytes: 100_000 });
    const attachments = [{ filename: "big.bin", content: Buffer.alloc(300_000, 7) }];
    expect(await refusal(deliver({ attachments }))).toBe(552);
    expect(accounts[0]?.opened.kept).toEqual([]);
    expect(await refusal(deliver({}))).toBe("taken");
  });

  it("one letter for two companies is stored by both; over LMTP each recipient gets an answer of its own", async () => {
    mailboxes(address, "info@beta.test");
    await start({ protocol: "lmtp" });
    accounts[1]?.opened.refuseNext(1);
    const info = await deliver({ to: [address, "info@beta.test"] }, { lmtp: true });
    expect([info.accepted, info.rejected]).toEqual([[address], ["info@beta.test"]]);
    const again = await deliver({ to: ["info@beta.test"] }, { lmtp: true });
    expect(again.accepted).toEqual(["info@beta.test"]);
    expect([subjects(0), subjects(1)]).toEqual([["Dotaz"], ["Dotaz"]]);
  });

  it("a letter nobody can read is kept as it came", async () => {
    mailboxes(address);
    await start();
    const parts = "--B\r\nContent-Type: text/plain\r\n\r\nx\r\n".repeat(1_100);
    const raw = `From: a@b.cz\r\nSubject: poison\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n${parts}--B--\r\n`;
    expect(await refusal(deliver({ raw, envelope: { from: "a@b.cz", to: address } }))).toBe("taken");
    expect(accounts[0]?.opened.kept[0]?.event.type).toBe("unparsed");
  });

  it("offers encryption when it has a certificate, and its key is the right one", async () => {
    mailboxes(address);
    await start({ certFile: `${folder}/both.pem` });
    const tls = { ca: readFileSync(`${folder}/cert.pem`) };
    await deliver({ subject: "verschlüsselt" }, { ignoreTLS: false, requireTLS: true, tls });
    expect(subjects()).toEqual(["verschlüsselt"]);
    await port?.stop();
    await start();
    expect(await refusal(deliver({}, { ignoreTLS: false, requireTLS: true, tls }))).not.toBe("taken");
  });

  it("a sender that hangs up in the middle of a letter leaves nothing behind, and the next one is served", async () => {
    mailboxes(address);
    await start();
    const { connect } = await import("node:net");
    const socket = connect(port?.port ?? 0, "127.0.0.1");
    const say = (line: string): Promise<unknown> =>
      new Promise((resolve) => {
        socket.once("data", resolve);
        socket.write(`${line}\r\n`);
      });
    await new Promise((resolve) => socket.once("data", resolve));
    await say("EHLO mta.x.cz");
    await say("MAIL FROM:<jan@x.cz>");
    await say(`RCPT TO:<${address}>`);
    await say("DATA");
    socket.write("Subject: half\r\n\r\nhalf a let");
    socket.destroy();
    await deliver({ subject: "whole" });
    expect(subjects()).toEqual(["whole"]);
  });
});
