import { expect, it } from "vitest";
import { findings, runDrill } from "./run.ts";

it(
  "three hubs lose, double, mix up and hide nothing while they crash, freeze and restart, lines are cut and PostgreSQL dies",
  { timeout: 240_000, retry: 0 },
  async () => {
    const report = await runDrill({ seed: 1, forMs: 5_000, freezeMs: 4_000, say: () => undefined });
    expect(findings(report)).toEqual({});
    expect(Object.keys(report.struck).toSorted()).toEqual(["crash", "cut", "database", "freeze", "restart", "slow"]);
    expect(report.said).toBeGreaterThan(100);
    expect(report.answered).toBeGreaterThan(10);
  },
);
