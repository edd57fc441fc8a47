import { assert, integer, lorem, oneof, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { type FailureCode, failureCodes } from "#contract";
import { cancellable, deliveryRank, mayAdvance } from "#core/delivery";
import { redactFields, redactor } from "#core/redact";
import { checkFiles, composed } from "#core/reply";
import { afterFailure, restartAfter } from "#core/retry";
import { splitFor, splitText } from "#core/split";
import { humanAgentUntil, roomFor, undoSeconds } from "#core/windows";
import { type DeliveryState, deliveryState } from "#wire";

const squeezed = (text: string): string => text.replaceAll(/\s+/gu, "");

describe("a text longer than a channel carries", () => {
  it("is cut so that every piece fits, nothing but white space is lost, and no character is halved", () => {
    assert(
      property(
        oneof(string({ unit: "grapheme", maxLength: 400 }), lorem({ maxCount: 60 })),
        integer({ min: 20, max: 80 }),
        (text, limit) => {
          const pieces = splitText(text, limit);
          expect(squeezed(pieces.join(""))).toBe(squeezed(text));
          for (const piece of pieces) {
            expect(piece.length).toBeLessThanOrEqual(limit);
            expect(piece.isWellFormed()).toBe(text.isWellFormed());
          }
        },
      ),
    );
  });
  it("breaks between words and prefers the end of a line", () => {
    expect(splitText("jedna dvě tři čtyři", 10)).toEqual(["jedna dvě", "tři čtyři"]);
    expect(splitText("první řádek\ndruhý řádek a dál", 20)).toEqual(["první řádek", "druhý řádek a dál"]);
    expect(splitText("krátký", 10)).toEqual(["krátký"]);
    const long = "žluťoučký ".repeat(200).trim();
    const pieces = splitFor(long, { text: 1_000, textBytes: 1_000 });
    expect(pieces.every((piece) => Buffer.byteLength(piece) <= 1_000)).toBe(true);
    expect(pieces.join(" ")).toBe(long);
    expect(pieces.length).toBeLessThan(5);
    expect(splitFor("👋".repeat(400), { text: 1_000, textBytes: 1_000 }).every((piece) => /^(👋)+$/u.test(piece))).toBe(
      true,
    );
  });
  it("keeps an emoji family in one piece", () => {
    const family = "👨‍👩‍👧‍👦";
    expect(splitText(`${"x".repeat(15)}${family}`, 20)).toEqual(["x".repeat(15), family]);
  });
  it("is split in time that grows with its length only", () => {
    const began = performance.now();
    splitText(`${" ".repeat(50_000)}${"x".repeat(50_000)}`, 1_000);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe("after a failed send", () => {
  const codes = Object.keys(failureCodes) as FailureCode[];
  it.each(codes)("%s is retried only where the contract says so", (code) => {
    const verdict = afterFailure({ code, attempts: 1, random: 0 });
    expect(verdict.do === "retry").toBe(failureCodes[code].retry);
  });
  it("nothing is tried for ever, and no wait is shorter than the one before", () => {
    for (const code of codes) {
      let last = 0;
      let attempts = 1;
      for (; attempts < 1_000; attempts += 1) {
        const verdict = afterFailure({ code, attempts, random: 0 });
        if (verdict.do !== "retry") break;
        expect(verdict.afterMs).toBeGreaterThanOrEqual(last);
        last = verdict.afterMs;
      }
      expect(attempts).toBeLessThan(200);
    }
  });
  it("a wait the channel asked for is kept, with up to a fifth more", () => {
    for (const random of [0, 0.5, 0.999]) {
      const verdict = afterFailure({ code: "rate-limited", retryAfterMs: 5_000, attempts: 3, random });
      if (verdict.do !== "retry") throw new Error("not retried");
      expect(verdict.afterMs).toBeGreaterThanOrEqual(5_000);
      expect(verdict.afterMs).toBeLessThanOrEqual(6_000);
    }
  });
  it("a connector that keeps ending is restarted more and more slowly, at most every 2.4 minutes", () => {
    const waits = [1, 2, 3, 10, 50].map((failures) => restartAfter({ failures, random: 0 }));
    expect(waits).toEqual([1_000, 2_000, 4_000, 120_000, 120_000]);
    expect(restartAfter({ failures: 99, random: 1 })).toBe(144_000);
  });
});

describe("a delivery", () => {
  const states: readonly DeliveryState[] = deliveryState.options;
  it("can never go round in a circle by news from the channel", () => {
    const steps = states.flatMap((from) =>
      states.filter((to) => mayAdvance(from, to)).map((to) => [from, to] as const),
    );
    expect(steps.length).toBeGreaterThan(10);
    for (const [from, to] of steps) expect(deliveryRank[to]).toBeGreaterThan(deliveryRank[from]);
    expect(mayAdvance("read", "delivered")).toBe(false);
    expect(mayAdvance("uncertain", "delivered")).toBe(true);
    expect(mayAdvance("failed", "delivered")).toBe(true);
    expect(mayAdvance("held", "delivered")).toBe(false);
    expect(mayAdvance("cancelled", "read")).toBe(false);
  });
  it("can be taken back only while nothing of it has left", () => {
    for (const state of states) expect(cancellable([state])).toBe(state === "held" || state === "failed");
    expect(cancellable(["held", "sent"])).toBe(false);
    expect(cancellable([])).toBe(false);
  });
});

describe("the rules before a send", () => {
  it("close the window at its very end, and give none to a customer who never wrote", () => {
    const windowUntil = new Date("2026-01-01T12:00:00Z");
    const limits = { replyWindowHours: 24 };
    const at = (now: string) => roomFor({ limits, windowUntil, byPerson: true, now: new Date(now) });
    expect(at("2026-01-01T11:59:59.999Z")).toBe("open");
    expect(at("2026-01-01T12:00:00Z")).toBe("closed");
    expect(roomFor({ limits, windowUntil: null, byPerson: true, now: windowUntil })).toBe("closed");
    const unlimited = { replyWindowHours: false as const };
    expect(roomFor({ limits: unlimited, windowUntil: null, byPerson: false, now: windowUntil })).toBe("open");
  });
  it("let a person, and no machine, write longer where the channel grants that", () => {
    const windowUntil = new Date("2026-01-02T12:00:00Z");
    const limits = { replyWindowHours: 24, humanAgentHours: 168 };
    const at = (now: string, byPerson = true) => roomFor({ limits, windowUntil, byPerson, now: new Date(now) });
    expect(humanAgentUntil({ limits, windowUntil })).toEqual(new Date("2026-01-08T12:00:00Z"));
    expect(at("2026-01-02T11:59:00Z")).toBe("open");
    expect(at("2026-01-02T12:00:00Z")).toBe("human-agent");
    expect(at("2026-01-02T12:00:00Z", false)).toBe("closed");
    expect(at("2026-01-08T11:59:59Z")).toBe("human-agent");
    expect(at("2026-01-08T12:00:00Z")).toBe("closed");
  });
  it("give a letter ten seconds for undo and everything else none, unless the client company says otherwise", () => {
    expect(undoSeconds({ policy: {}, kind: "email" })).toBe(10);
    expect(undoSeconds({ policy: {}, kind: "chat" })).toBe(0);
    expect(undoSeconds({ policy: { undoSeconds: { email: 0, chat: 5 } }, kind: "email" })).toBe(0);
    expect(undoSeconds({ policy: { undoSeconds: { chat: 5 } }, kind: "chat" })).toBe(5);
    for (const broken of [
      null,
      "x",
      { undoSeconds: 3 },
      { undoSeconds: { email: "5" } },
      { undoSeconds: { email: NaN } },
    ])
      expect(undoSeconds({ policy: broken, kind: "email" })).toBe(10);
    expect(undoSeconds({ policy: { undoSeconds: { email: 1e9 } }, kind: "email" })).toBe(300);
  });
  it("refuse files the channel does not take, and let a note carry any", () => {
    const file = { name: "a", mime: "image/png", size: 10 };
    const limits = { bytes: 10, perMessage: 1, mimeTypes: ["image/png"] };
    expect(() => checkFiles({ limits, files: [file] })).not.toThrow();
    expect(() =>
      checkFiles({ limits: { ...limits, mimeTypes: "any" }, files: [{ ...file, mime: "x/y" }] }),
    ).not.toThrow();
    expect(() => checkFiles({ limits: null, files: [file, { ...file, size: 1e9 }] })).not.toThrow();
    expect(() => checkFiles({ limits, files: [file, file] })).toThrow(/at most 1/);
    expect(() => checkFiles({ limits, files: [{ ...file, size: 11 }] })).toThrow(/larger/);
    expect(() => checkFiles({ limits, files: [{ ...file, mime: "text/html" }] })).toThrow(/type/);
    expect(() => checkFiles({ limits: false, files: [file] })).toThrow(/no files/);
    expect(() => checkFiles({ limits: false, files: [] })).not.toThrow();
  });
  it("store a text as it can be stored", () => {
    expect(composed(" a\r\nb\rc\u0000\ud800 ")).toBe("a\nb\nc�");
  });
});

describe("a secret", () => {
  it("is taken out of every text, also as it stands in addresses, JSON and basic authentication", () => {
    const secret = 'p@ss/"word"';
    const redact = redactor([secret, "abc"]);
    const texts = [secret, encodeURIComponent(secret), JSON.stringify({ secret }), btoa(secret)];
    for (const text of texts) {
      const clean = redact(`before ${text} after`);
      expect(clean).toContain("[secret]");
      expect(clean).not.toContain("word");
    }
    expect(redact("abc is too short to be looked for")).toBe("abc is too short to be looked for");
    const fields = redactFields({ deep: [{ header: `Bearer ${secret}` }], cause: new Error(secret), n: 1 }, redact);
    expect(fields).toEqual({ deep: [{ header: "Bearer [secret]" }], cause: "[secret]", n: 1 });
  });
});
