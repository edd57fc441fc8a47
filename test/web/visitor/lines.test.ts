import { expect, it } from "vitest";
import { fromWire, type Line, merge, seenUpTo } from "../../../src/web/visitor/app/lines.ts";
import type { WireLine } from "../../../src/web/visitor/app/protocol.ts";

const wire = (key: string, patch: Partial<WireLine> = {}): WireLine => ({
  key,
  from: "agent",
  text: key,
  author: { name: "Jana" },
  files: [],
  at: "2026-11-23T10:00:00Z",
  ...patch,
});
const stored = (key: string, patch: Partial<WireLine> = {}) => fromWire(wire(key, patch), 0);
const keys = (lines: readonly Line[]): string => lines.map(({ key }) => key).join(" ");

it("a live line and the same line from the transcript are one line", () => {
  const lines = merge(merge([], [stored("a")]), [stored("a", { seq: 1 }), stored("b", { seq: 2 })]);
  expect(keys(lines)).toBe("a b");
});

it("whatever the order of arrival, lines stand as the hub stored them and unsent ones last", () => {
  let lines = merge([], [stored("c")]);
  lines = merge(lines, [{ ...stored("mine", { from: "visitor" }), state: "sending" }]);
  lines = merge(lines, [stored("d")]);
  expect(keys(lines)).toBe("c d mine");
  lines = merge(lines, [
    stored("a", { seq: 1 }),
    stored("b", { seq: 2 }),
    stored("d", { seq: 3 }),
    stored("c", { seq: 4 }),
  ]);
  expect(keys(lines)).toBe("a b d c mine");
});

it("what was seen stays seen when the same line comes again", () => {
  const seen = seenUpTo(merge([], [stored("a"), stored("b")]), "a");
  const again = merge(seen, [stored("a", { seq: 1 }), stored("b", { seq: 2 })]);
  expect(again.map(({ unseen }) => unseen)).toEqual([false, true]);
});

it("a file keeps its address when a line without it comes again", () => {
  const file = { name: "a.pdf", type: "application/pdf", bytes: 1 };
  const lines = merge(merge([], [stored("a", { files: [{ ...file, url: "/files/1" }] })]), [
    stored("a", { files: [file] }),
  ]);
  expect(lines[0]?.files[0]?.url).toBe("/files/1");
});
