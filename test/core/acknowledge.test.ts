import { acknowledge, type Acknowledgeable, isOpen, type Ledger, mailboxMost, storm } from "#core/acknowledge";
import { type AutoReply } from "#wire";
import { describe, expect, it } from "vitest";

const now = new Date("2026-11-23T09:00:00Z");
const ago = (hours: number): Date => new Date(now.getTime() - hours * 3_600_000);
const settings: AutoReply = { on: true, text: "Děkujeme, ozveme se.", closedText: "", hours: [] };
const letter: Acknowledgeable = {
  sender: "jan@seznam.cz",
  receivedAt: now,
  apart: false,
  automatic: false,
  answered: false,
};
const blank: Ledger = { lastToSender: null, inConversation: false, fromSender: 1, fromMailbox: 0 };
const own = new Set(["support@acme.test"]);
const decide = (
  o: { message?: Partial<Acknowledgeable>; ledger?: Partial<Ledger>; settings?: Partial<AutoReply> } = {},
) =>
  acknowledge({
    settings: { ...settings, ...o.settings },
    timeZone: "Europe/Prague",
    message: { ...letter, ...o.message },
    ledger: { ...blank, ...o.ledger },
    own,
    now,
  });

describe("the hub acknowledges a letter by itself", () => {
  it("when a person wrote it and nobody has answered", () => {
    expect(decide()).toEqual({ send: true, text: "Děkujeme, ozveme se." });
  });

  it.each([
    ["it is switched off", { settings: { on: false } }, "off"],
    ["there is no text", { settings: { text: "  " } }, "off"],
    ["a machine wrote it", { message: { automatic: true } }, "automatic"],
    ["it is held or spam", { message: { apart: true } }, "apart"],
    ["nobody can be answered", { message: { sender: null } }, "nobody"],
    ["the sender is read by nobody", { message: { sender: "No-Reply@shop.cz" } }, "nobody"],
    ["it came from a mail system", { message: { sender: "MAILER-DAEMON@mx.cz" } }, "nobody"],
    ["it came from a list's own address", { message: { sender: "owner-novinky@list.cz" } }, "nobody"],
    ["we wrote it ourselves", { message: { sender: "support@acme.test" } }, "own"],
    ["we wrote it ourselves under a plus-address", { message: { sender: "Support+r.abc@acme.test" } }, "own"],
    ["it is old", { message: { receivedAt: ago(2) } }, "late"],
    ["somebody answered already", { message: { answered: true } }, "answered"],
    ["the sender was answered within a day", { ledger: { lastToSender: ago(23.9) } }, "recently"],
    ["the case was acknowledged before", { ledger: { inConversation: true } }, "once"],
    ["the sender floods us", { ledger: { fromSender: storm.letters + 1 } }, "storm"],
    ["the mailbox has answered too often", { ledger: { fromMailbox: mailboxMost.answers } }, "mailbox-storm"],
  ] as const)("never when %s", (_, given, because) => {
    expect(decide(given)).toEqual({ send: false, because });
  });

  it("again after a day, and a sender's flood is judged before their day", () => {
    expect(decide({ ledger: { lastToSender: ago(24) } }).send).toBe(true);
    expect(decide({ ledger: { lastToSender: ago(1), fromSender: 9 } })).toEqual({ send: false, because: "storm" });
  });

  it("with other words outside office hours, in the client company's own time", () => {
    const hours = [{ days: [1, 2, 3, 4, 5], from: "08:00", to: "16:30" }];
    const words = { hours, closedText: "Máme zavřeno." };
    // Monday, 9:00 in London and 10:00 in Prague.
    expect(decide({ settings: words })).toMatchObject({ text: "Děkujeme, ozveme se." });
    expect(decide({ settings: { ...words, hours: [{ days: [1], from: "12:00", to: "13:00" }] } })).toMatchObject({
      text: "Máme zavřeno.",
    });
    const at = (time: string) => isOpen({ hours, timeZone: "Europe/Prague", now: new Date(time) });
    expect([
      at("2026-11-23T06:59:00Z"),
      at("2026-11-23T07:00:00Z"),
      at("2026-11-23T15:29:00Z"),
      at("2026-11-23T15:30:00Z"),
    ]).toEqual([false, true, true, false]);
    expect(at("2026-11-22T10:00:00Z")).toBe(false);
  });

  it("knows an office that is open over midnight", () => {
    const hours = [{ days: [5], from: "22:00", to: "06:00" }];
    const at = (time: string) => isOpen({ hours, timeZone: "UTC", now: new Date(time) });
    expect([
      at("2026-11-27T23:00:00Z"),
      at("2026-11-28T05:59:00Z"),
      at("2026-11-28T06:00:00Z"),
      at("2026-11-28T23:00:00Z"),
    ]).toEqual([true, true, false, false]);
  });
});
