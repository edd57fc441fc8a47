import { remoteId, threadKey } from "#contract";
import { describe, expect, it } from "vitest";
import { answerSubject } from "../../../connectors/email/compose.ts";
import { toInbound } from "../../../connectors/email/inbound.ts";
import { settings } from "../../../connectors/email/settings.ts";
import {
  isMailbox,
  letterId,
  messageIdOf,
  outgoingReferences,
  ownershipOf,
  rankedReferences,
  replyAddress,
  replyTokenIn,
  signedMessageId,
} from "../../../connectors/email/thread.ts";
import { readLetter, readSample } from "./read.ts";

const signingKey = "a key of this mailbox";
const config = settings.parse({
  address: "support@acme.test",
  imapHost: "127.0.0.1",
  imapUser: "support@acme.test",
  imapPassword: "x",
  smtpHost: "127.0.0.1",
  authservId: "mx.acme.test",
});
const ours = signedMessageId({ signingKey, key: "message 1", domain: "acme.test" });

const inbound = async (raw: string, o: { ours?: boolean } = {}) =>
  toInbound({
    letter: await readLetter(raw),
    settings: config,
    signingKey,
    raw: { json: null },
    part: () => Promise.reject(new Error("no parts")),
    arrivedAt: new Date("2025-03-03T10:00:00Z"),
    historic: false,
    folder: o.ours === true ? "sent" : "inbox",
  });

describe("Message-IDs of ours", () => {
  it("are equal on every retry and differ between messages", () => {
    expect(signedMessageId({ signingKey, key: "message 1", domain: "acme.test" })).toBe(ours);
    expect(signedMessageId({ signingKey, key: "message 2", domain: "acme.test" })).not.toBe(ours);
    expect(ours).toMatch(/^<m\.[0-9a-f]{24}\.[0-9a-f]{10}@acme\.test>$/);
  });

  it("are believed only with our signature", () => {
    expect(ownershipOf(signingKey, ours)).toBe("ours");
    expect(ownershipOf("the key of another mailbox", ours)).toBe("forged");
    expect(ownershipOf(signingKey, "<CAF=abc@mail.gmail.com>")).toBe("foreign");
  });

  it("come first among what a letter answers, newest first; guessed ones are left out", () => {
    const newer = signedMessageId({ signingKey, key: "message 2", domain: "acme.test" });
    const guessed = ours.replace(/\.[0-9a-f]{10}@/, ".0000000000@");
    const references = rankedReferences({
      signingKey,
      inReplyTo: ["<theirs-2@x>"],
      references: ["<root@x>", ours, "<theirs-1@x>", guessed, newer],
    });
    expect(references).toEqual([newer, ours, "<theirs-2@x>", "<theirs-1@x>", "<root@x>"]);
  });
});

describe("ids of letters", () => {
  it("carry the Message-ID, which alone does not make two letters one", () => {
    const id = letterId({ messageId: "<a#b@x>", hash: "0123" });
    expect(messageIdOf(id)).toBe("<a#b@x>");
    expect(messageIdOf(letterId({ messageId: undefined, hash: "0123" }))).toBeUndefined();
    expect(messageIdOf(remoteId(ours))).toBe(ours);
  });

  it("a copy of our own letter that comes back has the id it was sent with", async () => {
    const copy = await inbound(`From: support@acme.test\r\nTo: jan@x.cz\r\nMessage-ID: ${ours}\r\n\r\nText\r\n`);
    expect(copy).toMatchObject({ own: true, id: ours, from: { addresses: [{ kind: "email", value: "jan@x.cz" }] } });
  });

  it("a letter that only claims to come from us is not taken for ours", async () => {
    const forged = await inbound(
      "From: support@acme.test\r\nTo: support@acme.test\r\nMessage-ID: <x@y>\r\n\r\nText\r\n",
    );
    expect(forged.own).toBe(false);
  });

  it("a letter in the folder of sent mail is ours, and its customer is whom it went to", async () => {
    const colleague = await inbound(
      "From: support@acme.test\r\nTo: jan@x.cz\r\nMessage-ID: <o@acme.test>\r\n\r\nT\r\n",
      {
        ours: true,
      },
    );
    expect(colleague).toMatchObject({
      own: true,
      from: { addresses: [{ value: "jan@x.cz" }] },
      aliases: ["<o@acme.test>"],
    });
  });
});

describe("References of an answer", () => {
  it("name the thread's letters oldest first, the root included", () => {
    const references = outgoingReferences({
      thread: threadKey("<root@x>"),
      references: [
        letterId({ messageId: "<a@x>", hash: "1" }),
        remoteId(ours),
        letterId({ messageId: undefined, hash: "2" }),
      ],
    });
    expect(references).toEqual(["<root@x>", "<a@x>", ours]);
  });

  it("are at most twenty: the root and the newest stay", () => {
    const many = Array.from({ length: 40 }, (_, n) => letterId({ messageId: `<${n}@x>`, hash: "1" }));
    const references = outgoingReferences({ thread: threadKey("<root@x>"), references: many });
    expect(references).toHaveLength(20);
    expect(references[0]).toBe("<root@x>");
    expect(references.at(-1)).toBe("<39@x>");
  });
});

describe("reply tokens", () => {
  const token = "0123456789abcdef01234567";
  it("are found in the address a server says it delivered to", async () => {
    expect(replyAddress("support@acme.test", token)).toBe(`support+r.${token}@acme.test`);
    expect((await readSample("many-recipients.eml")).deliveredTo).toContain(`support+r.${token}@acme.test`);
    expect(replyTokenIn("support@acme.test", ["x@y.cz", `Support+r.${token}@ACME.test`])).toBe(token);
  });

  it.each([
    ["another mailbox", `sales+r.${token}@acme.test`],
    ["another domain", `support+r.${token}@evil.test`],
    ["another kind of plus-address", `support+b.${token}@acme.test`],
    ["something too short to be one", "support+r.abc@acme.test"],
    ["something that is no token", "support+r.'; drop table x --@acme.test"],
  ])("%s is none", (_, address) => {
    expect(replyTokenIn("support@acme.test", [address])).toBeUndefined();
  });
});

describe("who wrote a letter", () => {
  it("Reply-To changes nothing about the sender, but is shown", async () => {
    const letter = await inbound(
      "From: Jan <jan@x.cz>\r\nReply-To: eva@evil.cz\r\nTo: support@acme.test\r\n\r\nText\r\n",
    );
    expect(letter.from).toEqual({ addresses: [{ kind: "email", value: "jan@x.cz" }], name: "Jan" });
    expect(letter.detail).toMatchObject({ replyTo: [{ address: "eva@evil.cz" }] });
    expect(letter.participants?.map(({ value }) => value)).toEqual(["jan@x.cz"]);
  });

  it("a web form that writes as the mailbox itself speaks for the customer in Reply-To", async () => {
    const raw = "From: support@acme.test\r\nReply-To: Eva <eva@x.cz>\r\nTo: support@acme.test\r\n\r\nText\r\n";
    expect((await inbound(raw)).from).toEqual({ addresses: [{ kind: "email", value: "eva@x.cz" }], name: "Eva" });
  });

  it("our own plus-addresses are this mailbox, others are not", () => {
    expect(isMailbox("support@acme.test", "Support+r.abc@acme.test")).toBe(true);
    expect(isMailbox("support@acme.test", "supporter@acme.test")).toBe(false);
  });

  it.each([
    ["fail", "mx.acme.test; dkim=none; dmarc=fail header.from=x.cz", { suspicious: true }],
    ["pass", "mx.acme.test; dmarc=pass", {}],
    ["a verdict somebody else wrote", "evil.test; dmarc=pass", {}],
  ])("DMARC of the mailbox's own server is believed: %s", async (_, header, expected) => {
    const letter = await inbound(`Authentication-Results: ${header}\r\nFrom: jan@x.cz\r\n\r\nText\r\n`);
    expect({ ...(letter.suspicious === true && { suspicious: true }) }).toEqual(expected);
    expect(letter.from.addresses[0]?.verified ?? false).toBe(header.startsWith("mx.acme.test; dmarc=pass"));
  });

  it("a clock that is ahead does not put a letter into the future", async () => {
    const letter = await inbound("From: jan@x.cz\r\nDate: Mon, 3 Mar 2085 10:15:00 +0100\r\n\r\nText\r\n");
    expect(letter.sentAt).toEqual(new Date("2025-03-03T10:00:00Z"));
  });
});

describe("subjects and settings", () => {
  it.each([
    ["Reklamace", "Re: Reklamace"],
    ["Re: Re: Odp: RE: Reklamace", "Re: Reklamace"],
    ["AW[2]: Reklamace", "Re: Reklamace"],
    ["Reference\r\nBcc: evil@x", "Re: Reference Bcc: evil@x"],
  ])("%j is answered as %j", (subject, answered) => {
    expect(answerSubject(subject, true)).toBe(answered);
  });

  it("a password is sent unencrypted to this machine only", () => {
    const open = { ...config, imapSecurity: "none" as const };
    expect(settings.safeParse(open).success).toBe(true);
    expect(settings.safeParse({ ...open, imapHost: "mail.acme.test" }).error?.issues[0]?.message).toMatch(
      /unencrypted/,
    );
  });
});
