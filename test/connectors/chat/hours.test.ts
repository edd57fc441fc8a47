import { expect, it } from "vitest";
import { isOpen, parseHours } from "../../../connectors/chat/hours.ts";

const open = (at: string, hours: string[] = ["Mo-Fr 08:00-18:00", "Sa 09:00-12:00"], closedDays: string[] = []) =>
  isOpen({ hours, closedDays, timezone: "Europe/Prague", at: new Date(at) });

it.each([
  ["a Monday morning in winter", "2026-11-23T07:00:00Z", true],
  ["a minute before opening in winter", "2026-11-23T06:59:00Z", false],
  ["the same minute in summer, when clocks are an hour ahead", "2026-07-20T06:00:00Z", true],
  ["closing time itself", "2026-11-23T17:00:00Z", false],
  ["Saturday before noon", "2026-11-28T10:59:00Z", true],
  ["Sunday", "2026-11-29T10:00:00Z", false],
])("knows %s", (_, at, expected) => expect(open(at)).toBe(expected));

it("is closed all day on a holiday, by the local calendar", () => {
  expect(open("2026-12-23T22:59:00Z", ["Mo-Su 00:00-24:00"], ["2026-12-24"])).toBe(true);
  expect(open("2026-12-23T23:00:00Z", ["Mo-Su 00:00-24:00"], ["2026-12-24"])).toBe(false);
});

it("is always open without hours", () => expect(open("2026-11-29T03:00:00Z", [])).toBe(true));

it.each(["", "Po-Pá 8-18", "Fr-Mo 08:00-18:00", "Mo 18:00-08:00", "Mo 08:00-24:30", "Xx 08:00-10:00"])(
  "does not pretend to understand %j",
  (line) => expect(parseHours(line)).toBeUndefined(),
);
