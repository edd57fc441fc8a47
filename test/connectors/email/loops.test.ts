import { acknowledge, type Ledger, mailboxMost, storm } from "#core/acknowledge";
import { remoteId, threadKey } from "#contract";
import { createTransport, type SendMailOptions } from "nodemailer";
import { describe, expect, it } from "vitest";
import { compose } from "../../../connectors/email/compose.ts";
import { settings as schema } from "../../../connectors/email/settings.ts";
import { readLetter } from "./read.ts";

const hour = 3_600_000;
const minute = 60_000;

interface Decided {
  readonly at: number;
  readonly sender: string;
  readonly sent: boolean;
}

/** A hub with automatic answers switched on: the real rules, the real composer and parser, a clock of the test. */
const makeHub = (o: { address: string; strips?: RegExp }) => {
  const settings = schema.parse({
    address: o.address,
    name: "Podpora",
    imapHost: "127.0.0.1",
    imapUser: o.address,
    imapPassword: "x",
    smtpHost: "127.0.0.1",
    smtpSecurity: "none",
    imapSecurity: "none",
  });
  const ledger: Decided[] = [];
  let sequence = 0;
  const reply = { on: true, text: "Děkujeme za zprávu, ozveme se.", closedText: "", hours: [] };
  return {
    address: o.address,
    ledger,
    /** Takes a letter; gives the bytes of the answer when the hub answers. */
    take: async (raw: string, now: number): Promise<string | null> => {
      const letter = await readLetter(raw);
      const sender = letter.from[0]?.address ?? "";
      const mine = ledger.filter((one) => one.sender === sender);
      const facts: Ledger = {
        lastToSender:
          mine.findLast(({ sent }) => sent) === undefined ? null : new Date(mine.findLast(({ sent }) => sent)?.at ?? 0),
        inConversation: false,
        fromSender: mine.filter(({ at }) => at > now - storm.ms).length + 1,
        fromMailbox: ledger.filter(({ at, sent }) => sent && at > now - mailboxMost.ms).length,
      };
      const decision = acknowledge({
        settings: reply,
        timeZone: "UTC",
        message: {
          sender,
          receivedAt: new Date(now),
          apart: false,
          automatic: letter.verdict.kind !== "human",
          answered: false,
        },
        ledger: facts,
        own: new Set([o.address]),
        now: new Date(now),
      });
      ledger.push({ at: now, sender, sent: decision.send });
      if (!decision.send) return null;
      const message = {
        key: `${o.address}-${++sequence}`,
        thread: threadKey(letter.messageId ?? "new"),
        to: [{ kind: "email" as const, value: sender }],
        subject: letter.subject,
        text: decision.text,
        attachments: [],
        references: letter.messageId === undefined ? [] : [remoteId(`${letter.messageId}#1`)],
        author: { name: "" },
        writtenAt: new Date(now),
        automatic: true as const,
      };
      return bytes(compose({ message, settings, signingKey: "k" }), o.strips);
    },
  };
};

const composer = createTransport({ streamTransport: true, buffer: true });
const bytes = async (mail: SendMailOptions, strips?: RegExp): Promise<string> => {
  const { message } = (await composer.sendMail(mail)) as unknown as { message: Buffer };
  const text = message.toString();
  if (strips === undefined) return text;
  const cut = text.indexOf("\r\n\r\n");
  const kept = text
    .slice(0, cut)
    .split(/\r\n(?![ \t])/)
    .filter((line) => !strips.test(line));
  return `${kept.join("\r\n")}${text.slice(cut)}`;
};

type Hub = ReturnType<typeof makeHub>;

/** Lets mail go back and forth for so many hours, each letter a minute on its way. Gives the number of letters. */
const talk = async (o: {
  hubs: readonly [Hub, Hub];
  hours: number;
  everyHours: number;
  subject: string;
}): Promise<number> => {
  const [a, b] = o.hubs;
  const start = Date.parse("2026-01-05T08:00:00Z");
  let letters = 0;
  for (let at = 0; at < o.hours; at += o.everyHours) {
    // Somebody at A writes to B, again and again.
    let now = start + at * hour;
    let raw: string | null = await bytes({ from: a.address, to: b.address, subject: o.subject, text: "Dobrý den" });
    let to = b;
    for (; raw !== null && letters < 100_000; to = to === b ? a : b) {
      letters += 1;
      now += minute;
      raw = await to.take(raw, now);
    }
  }
  return letters;
};

/** What a careless program leaves out: everything by which a machine's letter is known. */
const everyMark = /^(?:auto-submitted|x-auto-response-suppress|precedence|x-linka-loop):/i;

describe("two hubs that answer by themselves", () => {
  it("exchange a bounded, small number of letters in 1,000 hours", async () => {
    const hubs = [makeHub({ address: "support@a.test" }), makeHub({ address: "help@b.test" })] as const;
    const letters = await talk({ hubs, hours: 1_000, everyHours: 10, subject: "Faktura" });
    // A hundred letters by a person, at most one answer a day, and none to an answer.
    expect(letters).toBeLessThanOrEqual(100 + 42);
    expect(hubs[0].ledger.filter(({ sent }) => sent)).toHaveLength(0);
    expect(hubs[1].ledger.filter(({ sent }) => sent).length).toBeGreaterThan(30);
  });

  it("do so also when every mark of an automatic letter is lost on the way", { timeout: 60_000 }, async () => {
    const hubs = [
      makeHub({ address: "support@a.test", strips: everyMark }),
      makeHub({ address: "help@b.test", strips: everyMark }),
    ] as const;
    const letters = await talk({ hubs, hours: 1_000, everyHours: 10, subject: "Faktura" });
    expect(letters).toBeLessThanOrEqual(100 + 2 * 42);
    for (const { ledger } of hubs) expect(ledger.filter(({ sent }) => sent).length).toBeLessThanOrEqual(42);
  });

  it("stay quiet towards a machine that writes every minute and shows it by nothing", async () => {
    const hub = makeHub({ address: "support@a.test" });
    let answers = 0;
    for (let nth = 0; nth < 300; nth++) {
      const raw = await bytes({ from: `robot@x.test`, to: hub.address, subject: `Stav ${nth}`, text: "Měření" });
      if ((await hub.take(raw, Date.parse("2026-01-05T08:00:00Z") + nth * minute)) !== null) answers += 1;
    }
    expect(answers).toBe(1);
  });

  it("say nothing to an out-of-office note, in any of our languages", async () => {
    const hub = makeHub({ address: "support@a.test" });
    for (const subject of [
      "Automatická odpověď: Faktura",
      "Mimo kancelář",
      "Mimo kancelárie",
      "Nieobecność: Anna",
      "Automatická odpoveď: Faktúra",
      "Autoodpowiedź: Faktura",
      "Odpowiedź automatyczna: Faktura",
      "Out of office: Invoice",
      "Abwesenheitsnotiz",
    ])
      expect(
        await hub.take(
          await bytes({ from: `${subject.length}@x.test`, to: hub.address, subject, text: "Jsem pryč." }),
          Date.now(),
        ),
      ).toBeNull();
  });

  it("and what one of them wrote by itself is known as a machine's by its loop header alone", async () => {
    const raw = await bytes({
      from: "help@b.test",
      to: "support@a.test",
      subject: "Děkujeme",
      text: "x",
      headers: { "X-Linka-Loop": "help@b.test 0123456789abcdef" },
    });
    expect((await readLetter(raw)).verdict.kind).toBe("auto-reply");
  });
});
