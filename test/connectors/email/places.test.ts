import { describe, expect, it } from "vitest";
import { makeGate } from "../../../connectors/email/gate.ts";
import { contains, type Ranges, withAll } from "../../../connectors/email/ranges.ts";

const never = new AbortController().signal;

describe("places at a mail server", () => {
  it("no more mailboxes sign in at once than there are places, and each gets its turn", async () => {
    const gate = makeGate({ places: 3 });
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const leave = await gate.enter("mail.example.com", never);
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
        leave();
        leave();
      }),
    );
    expect({ most, inside }).toEqual({ most: 3, inside: 0 });
  });

  it("one busy server keeps nobody from another", async () => {
    const gate = makeGate({ places: 1 });
    await gate.enter("busy.example.com", never);
    const leave = await gate.enter("idle.example.com", never);
    expect(leave).toBeTypeOf("function");
  });

  it("a mailbox that is stopped while it waits gives up its turn", async () => {
    const gate = makeGate({ places: 1 });
    const leave = await gate.enter("mail.example.com", never);
    const stopped = new AbortController();
    const waiting = gate.enter("mail.example.com", stopped.signal);
    const next = gate.enter("mail.example.com", never);
    stopped.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    leave();
    await expect(next).resolves.toBeTypeOf("function");
  });
});

describe("the numbers of letters we have", () => {
  it("neighbours grow together, gaps stay", () => {
    const ranges = withAll(withAll([], [5, 6, 9]), [7, 1]);
    expect(ranges).toEqual([
      [1, 1],
      [5, 7],
      [9, 9],
    ]);
    expect([0, 1, 4, 5, 7, 8, 9, 10].filter((each) => contains(ranges, each))).toEqual([1, 5, 7, 9]);
  });

  it("a mailbox full of gaps is remembered within bounds, its newest part exactly", () => {
    let ranges: Ranges = [];
    for (let at = 2; at <= 6_000; at += 2) ranges = withAll(ranges, [at]);
    expect(ranges.length).toBeLessThanOrEqual(1_000);
    expect([contains(ranges, 6_000), contains(ranges, 5_999), contains(ranges, 4_003)]).toEqual([true, false, false]);
  });
});
