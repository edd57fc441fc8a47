import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createDrafts } from "../../../../src/web/state/drafts.ts";
import { settle, slowHub } from "./make.ts";

const a = { id: "a", mode: "reply" } as const;
const b = { id: "b", mode: "reply" } as const;

describe("unsent text", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const make = () => {
    const hub = slowHub();
    return { hub, drafts: createDrafts({ ask: hub.ask, delayMs: 100 }) };
  };

  it("is saved a moment after the last key", async () => {
    const { hub, drafts } = make();
    drafts.write({ ...a, body: "A" });
    drafts.write({ ...a, body: "Ahoj" });
    await vi.advanceTimersByTimeAsync(100);
    expect(hub.open.map((one) => one.takes)).toEqual([{ conversationId: "a", mode: "reply", body: "Ahoj", rev: 0 }]);
  });

  it("never lands in another conversation when the agent goes there and back during a save", async () => {
    const { hub, drafts } = make();
    drafts.write({ ...a, body: "pro Annu" });
    drafts.flush();
    const first = await hub.next("draft.save");
    drafts.write({ ...b, body: "pro Bořka" });
    drafts.flush();
    drafts.write({ ...a, body: "pro Annu víc" });
    first.answer({ draft: { mode: "reply", body: "pro Annu", rev: 1 } });
    await settle();
    await vi.advanceTimersByTimeAsync(200);
    expect(drafts.body(a)).toBe("pro Annu víc");
    expect(drafts.body(b)).toBe("pro Bořka");
    expect(hub.open.map(({ takes }) => [takes["conversationId"], takes["body"], takes["rev"]])).toEqual([
      ["b", "pro Bořka", 0],
      ["a", "pro Annu víc", 1],
    ]);
  });

  it("is saved one write at a time", async () => {
    const { hub, drafts } = make();
    drafts.write({ ...a, body: "1" });
    drafts.flush();
    drafts.write({ ...a, body: "2" });
    drafts.flush();
    await vi.advanceTimersByTimeAsync(500);
    expect(hub.open).toHaveLength(1);
  });

  it("of another tab is taken over, unless something newer is being typed here", async () => {
    const { drafts } = make();
    drafts.learn({ id: "a", draft: { mode: "reply", body: "z jiné karty", rev: 3 } });
    expect(drafts.body(a)).toBe("z jiné karty");
    drafts.write({ ...a, body: "právě píšu" });
    drafts.learn({ id: "a", draft: { mode: "reply", body: "zase odjinud", rev: 4 } });
    expect(drafts.body(a)).toBe("právě píšu");
  });

  it("keeps reply and note apart", () => {
    const { drafts } = make();
    drafts.write({ ...a, body: "odpověď" });
    drafts.write({ id: "a", mode: "note", body: "poznámka" });
    expect(drafts.body(a)).toBe("odpověď");
    expect(drafts.body({ id: "a", mode: "note" })).toBe("poznámka");
  });

  it("is saved again after a lost connection", async () => {
    const { hub, drafts } = make();
    drafts.write({ ...a, body: "Ahoj" });
    drafts.flush();
    (await hub.next("draft.save")).refuse("unavailable");
    await vi.advanceTimersByTimeAsync(100);
    expect((await hub.next("draft.save")).takes["body"]).toBe("Ahoj");
    expect(drafts.unsaved()).toBe(1);
  });

  it("wins over the other tab when both wrote", async () => {
    const { hub, drafts } = make();
    drafts.write({ ...a, body: "tady" });
    drafts.flush();
    (await hub.next("draft.save")).refuse("conflict", { draft: { mode: "reply", body: "tam", rev: 8 } });
    await vi.advanceTimersByTimeAsync(100);
    expect((await hub.next("draft.save")).takes).toMatchObject({ body: "tady", rev: 8 });
  });
});
