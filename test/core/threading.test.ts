import { describe, expect, it } from "vitest";
import { authority, changesSubject, continuation } from "#core/threading";

describe("who may join a thread", () => {
  const known = { letter: true, own: false, suspicious: false, participant: true };
  it.each([
    ["a participant, by reference", { ...known, match: "reference" }, null, false],
    ["a participant, by token", { ...known, match: "token" }, null, false],
    ["a stranger, by reference", { ...known, match: "reference", participant: false }, "stranger", false],
    ["a stranger, by the letter's own thread key", { ...known, match: "key", participant: false }, "stranger", false],
    ["a stranger who holds the token", { ...known, match: "token", participant: false }, null, true],
    [
      "a participant whose sender check failed",
      { ...known, match: "reference", suspicious: true },
      "suspicious",
      false,
    ],
    ["a failed sender check, even with the token", { ...known, match: "token", suspicious: true }, "suspicious", false],
    ["anybody connected to a chat", { ...known, match: "key", letter: false, participant: false }, null, false],
    ["our own side", { ...known, match: "reference", own: true, participant: false }, null, false],
  ] as const)("%s", (_, input, held, newParticipant) => {
    expect(authority(input)).toEqual({ held, newParticipant });
  });
});

describe("what a message does to its conversation", () => {
  const now = new Date("2026-11-23T12:00:00Z");
  const closed = (days: number) => ({
    status: "closed" as const,
    closedAt: new Date(now.getTime() - days * 86_400_000),
  });
  it.each([
    ["an open one goes on", { status: "open" as const, closedAt: null }, true, "append"],
    ["a sleeping one wakes", { status: "snoozed" as const, closedAt: null }, true, "reopen"],
    ["a waiting one comes back", { status: "waiting" as const, closedAt: null }, true, "reopen"],
    ["a lately closed one opens again", closed(6.9), true, "reopen"],
    ["one closed long ago is followed by a new one", closed(7.1), true, "new"],
    ["a machine's letter opens nothing", closed(1), false, "append"],
    ["a machine's letter starts nothing anew", closed(100), false, "append"],
  ] as const)("%s", (_, conversation, wakes, expected) => {
    expect(continuation({ ...conversation, reopenDays: 7, now, wakes })).toBe(expected);
  });
});

describe("an old letter used to write about something else", () => {
  it.each([
    ["Reklamace pračky", "Nová objednávka", true],
    ["Re: Reklamace pračky", "Faktura 2026", true],
    ["Reklamace pračky", "Re: Reklamace pračky", false],
    ["Reklamace pračky", "RE: Nová objednávka", false],
    ["Reklamace pračky", "Odp: Nová objednávka", false],
    ["Reklamace pračky", "[EXTERNAL] reklamace pračky.", false],
    ["Reklamace pračky", "Reklamace pračky - doplnění", false],
    ["Reklamace pračky", "REKLAMACE PRACKY", false],
    ["Reklamace pračky", undefined, false],
    ["Reklamace pračky", "...", false],
    [null, "Nová objednávka", false],
  ])("%s, then %s: another matter is %s", (was, is, anotherMatter) => {
    expect(changesSubject({ was, is })).toBe(anotherMatter);
  });
});
