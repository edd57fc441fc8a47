import { expect, it } from "vitest";
import { drillRestore } from "./restore.ts";

it(
  "a copy made while customers write starts as a hub with everything that was acknowledged before",
  { timeout: 120_000, retry: 0 },
  async () => {
    const report = await drillRestore({ messages: 300, say: () => undefined });
    expect(report).toMatchObject({ lost: [], seqGaps: 0, filesMissing: 0, parked: 0, takesMore: true });
    expect(report.acknowledged).toBeGreaterThanOrEqual(300);
    expect(report.filesChecked).toBeGreaterThan(50);
  },
);
