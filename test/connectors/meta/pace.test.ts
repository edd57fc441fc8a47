import { expect, it } from "vitest";
import { makePace } from "../../../connectors/meta/pace.ts";

it("lets at most ten files a second through, texts beside them, and nothing once it was given up", async () => {
  const pace = makePace();
  const { signal } = new AbortController();
  const began = performance.now();
  await Promise.all(Array.from({ length: 6 }, () => pace("file", signal)));
  const files = performance.now() - began;
  // Five gaps of 100 ms; the first goes at once.
  expect(files).toBeGreaterThan(480);
  const before = performance.now();
  await pace("text", signal);
  expect(performance.now() - before).toBeLessThan(90);
  await expect(pace("file", AbortSignal.abort())).rejects.toThrow("Given up");
});
