import { describe, expect, it } from "vitest";
import type { ConversationRow } from "#wire";
import { createInbox } from "../../../../src/web/state/inbox.ts";
import { minute, row, slowHub } from "./make.ts";

const page = (rows: ConversationRow[], next: string | null = null) => ({
  rows,
  next,
  counts: { mine: rows.length, unassigned: 0, all: rows.length, snoozed: 0 },
  cursor: "c1",
});
const three = [row("a", { lastAt: minute(3) }), row("b", { lastAt: minute(2) }), row("c", { lastAt: minute(1) })];

const opened = async (rows = three, next: string | null = null) => {
  const hub = slowHub();
  const flushes: (() => void)[] = [];
  const inbox = createInbox({
    ask: hub.ask,
    meId: "me",
    schedule: (flush) => flushes.push(flush),
    onCursor: () => undefined,
  });
  const work = inbox.open({ kind: "mine" });
  (await hub.next("view.open")).answer(page(rows, next));
  await work;
  const flush = () => {
    for (const one of flushes.splice(0)) one();
  };
  return { hub, inbox, flush, flushes, order: () => inbox.window.get().order };
};

describe("the inbox list", () => {
  it("puts a conversation with a new message first", async () => {
    const { inbox, flush, order } = await opened();
    inbox.push([row("c", { version: 2, lastAt: minute(9) })]);
    flush();
    expect(order()).toEqual(["c", "a", "b"]);
  });

  it("shows a burst of news in one step and wakes only the rows that changed", async () => {
    const { inbox, flush, flushes } = await opened();
    let woken = 0;
    let others = 0;
    inbox.subscribeRow("b", () => (woken += 1));
    inbox.subscribeRow("a", () => (others += 1));
    for (let version = 2; version < 50; version++)
      inbox.push([row("b", { version, lastAt: minute(2), preview: `${version}` })]);
    expect(flushes).toHaveLength(1);
    flush();
    expect(inbox.row("b")?.preview).toBe("49");
    expect(woken).toBeGreaterThan(0);
    expect(others).toBe(0);
  });

  it("ignores news older than what it shows", async () => {
    const { inbox, flush } = await opened();
    inbox.push([row("a", { version: 5, preview: "nové" })]);
    inbox.push([row("a", { version: 4, preview: "staré" })]);
    flush();
    expect(inbox.row("a")?.preview).toBe("nové");
  });

  it("stands still under the pointer, counts what waits, and moves when let go", async () => {
    const { inbox, flush, order } = await opened();
    inbox.freeze(true);
    inbox.push([
      row("c", { version: 2, lastAt: minute(9), lastDirection: "in", preview: "čerstvé" }),
      row("d", { lastAt: minute(10) }),
    ]);
    flush();
    expect(order()).toEqual(["a", "b", "c"]);
    expect(inbox.row("c")?.preview).toBe("čerstvé");
    expect(inbox.window.get().waiting).toBe(2);
    inbox.freeze(false);
    expect(order()).toEqual(["d", "c", "a", "b"]);
    expect(inbox.window.get().waiting).toBe(0);
  });

  it("lets a conversation go that no longer belongs to the view", async () => {
    const { inbox, flush, order } = await opened();
    inbox.push([row("b", { version: 2, assigneeId: "petr" }), row("c", { version: 2, status: "closed" })]);
    flush();
    expect(order()).toEqual(["a"]);
  });

  it("does not show a conversation below the part of the list that is loaded", async () => {
    const { inbox, flush, order } = await opened(three, "next");
    inbox.push([row("old", { lastAt: minute(-50) })]);
    flush();
    expect(order()).toEqual(["a", "b", "c"]);
  });

  it("joins pages without showing anybody twice", async () => {
    const { inbox, hub, order } = await opened(three, "n1");
    const work = inbox.loadMore();
    const asked = await hub.next("view.open");
    expect(asked.takes).toMatchObject({ after: "n1" });
    asked.answer(page([row("c", { lastAt: minute(1) }), row("d", { lastAt: minute(0) })]));
    await work;
    expect(order()).toEqual(["a", "b", "c", "d"]);
    expect(inbox.window.get().more).toBe(false);
  });

  it("keeps news that came while the view was being opened", async () => {
    const hub = slowHub();
    const flushes: (() => void)[] = [];
    const inbox = createInbox({
      ask: hub.ask,
      meId: "me",
      schedule: (flush) => flushes.push(flush),
      onCursor: () => undefined,
    });
    const work = inbox.open({ kind: "mine" });
    const asked = await hub.next("view.open");
    inbox.push([row("a", { version: 7, preview: "čerstvé", lastAt: minute(3) })]);
    for (const flush of flushes.splice(0)) flush();
    asked.answer(page(three));
    await work;
    expect(inbox.row("a")?.preview).toBe("čerstvé");
    expect(inbox.window.get().order).toEqual(["a", "b", "c"]);
  });

  it("forgets the answer to a view that was left meanwhile", async () => {
    const { inbox, hub, order } = await opened();
    const first = inbox.open({ kind: "all" });
    const slow = await hub.next("view.open");
    const second = inbox.open({ kind: "snoozed" });
    (await hub.next("view.open")).answer(page([row("s", { status: "snoozed" })]));
    await second;
    slow.answer(page(three));
    await first;
    expect(order()).toEqual(["s"]);
  });

  it("adds nothing to the result of a search", async () => {
    const { inbox, hub, flush, order } = await opened();
    const work = inbox.open({ kind: "all", query: "faktura" });
    (await hub.next("view.open")).answer(page([row("a")]));
    await work;
    inbox.push([row("x", { lastAt: minute(99) })]);
    flush();
    expect(order()).toEqual(["a"]);
  });

  it("takes in and lets go by the filter of its view", async () => {
    const { inbox, hub, flush, order } = await opened();
    const work = inbox.open({ kind: "mine", tag: "vip", unanswered: true });
    (await hub.next("view.open")).answer(page([]));
    await work;
    const fits = row("d", { version: 2, tags: ["vip"], waitingSince: minute(1) });
    inbox.push([fits, row("e", { version: 2, tags: ["vip"], waitingSince: null }), row("f", { version: 2, tags: [] })]);
    flush();
    expect(order()).toEqual(["d"]);
    inbox.push([{ ...fits, version: 3, waitingSince: null }]);
    flush();
    expect(order()).toEqual([]);
  });
});
