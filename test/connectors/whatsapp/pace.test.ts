import { describe, expect, test } from "vitest";
import { openPace } from "../../../connectors/whatsapp/cloud/pace.ts";

const never = new AbortController().signal;

describe("how fast WhatsApp messages go out", () => {
  test("45 messages to one customer go at once, then one every six seconds; what would wait longer than ten comes back later", async () => {
    const clock = { at: 0 };
    const pace = openPace(1_000, () => clock.at);
    for (let turn = 0; turn < 45; turn += 1) await pace.turn("jana", never);
    clock.at = 300;
    const stopped = new AbortController();
    const waiting = pace.turn("jana", stopped.signal);
    stopped.abort();
    await expect(waiting).rejects.toMatchObject({ code: "unreachable" });
    await expect(pace.turn("jana", never)).rejects.toMatchObject({ code: "later", retryAfterMs: 11_700 });
    await pace.turn("petr", never);
    clock.at += 12_000;
    await pace.turn("jana", never);
  });

  test("a number sends no more than its messages a second", async () => {
    const pace = openPace(20);
    const began = performance.now();
    await Promise.all(Array.from({ length: 30 }, (_, index) => pace.turn(`customer-${index}`, never)));
    expect(performance.now() - began).toBeGreaterThan(400);
  });
});
