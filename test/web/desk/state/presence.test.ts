import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPresence } from "../../../../src/web/state/presence.ts";
import { slowHub } from "./make.ts";

describe("who looks at what", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const make = () => {
    const hub = slowHub();
    const presence = createPresence({ ask: hub.ask, meId: "me", now: () => Date.now() });
    const told = () =>
      hub.open
        .splice(0)
        .map(({ takes }) => `${String(takes["conversationId"])} ${String(takes["activity"])} ${String(takes["mode"])}`);
    return { presence, told };
  };

  it("is told at once, repeated, and ended on leaving", () => {
    const { presence, told } = make();
    presence.look("a");
    vi.advanceTimersByTime(5_000);
    presence.look("b");
    presence.leave();
    vi.advanceTimersByTime(20_000);
    expect(told()).toEqual(["a viewing reply", "a viewing reply", "a gone reply", "b viewing reply", "b gone reply"]);
  });

  it("says that a note is a note, so that the customer never sees it as typing", () => {
    const { presence, told } = make();
    presence.look("a");
    told();
    presence.typed({ id: "a", mode: "note" });
    presence.typed({ id: "a", mode: "note" });
    expect(told()).toEqual(["a composing note"]);
  });

  it("says at once that the composer was left, and once only", () => {
    const { presence, told } = make();
    presence.look("a");
    presence.typed({ id: "a", mode: "note" });
    told();
    presence.rested("a");
    presence.rested("a");
    expect(told()).toEqual(["a viewing note"]);
    presence.typed({ id: "a", mode: "reply" });
    expect(told()).toEqual(["a composing reply"]);
  });

  it("leaves oneself out and forgets the others after 15 seconds of silence", () => {
    const { presence } = make();
    const viewers = [
      { userId: "me", name: "Já", activity: "viewing" as const },
      { userId: "petr", name: "Petr", activity: "composing" as const },
    ];
    presence.learn([{ conversationId: "a", viewers, customerTyping: false }]);
    expect(presence.of("a").viewers.map((one) => one.name)).toEqual(["Petr"]);
    vi.advanceTimersByTime(15_000);
    expect(presence.of("a").viewers).toEqual([]);
  });
});
