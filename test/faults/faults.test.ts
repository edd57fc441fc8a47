import { expect, it } from "vitest";
import { points, runFaults } from "./run.ts";

it(
  "loses, doubles and mixes up nothing while the hub is killed at every marked instant",
  { timeout: 240_000, retry: 0 },
  async () => {
    const lines: string[] = [];
    const report = await runFaults({
      points,
      randomKills: 3,
      databaseKills: 1,
      say: (line) => lines.push(line),
    });
    expect(report.unreached).toEqual([]);
    expect(report.lost).toEqual([]);
    expect(report.doubled).toEqual([]);
    expect(report.misattributed).toEqual([]);
    expect(report.misordered).toEqual([]);
    expect(report.deadLetters).toEqual([]);
    expect(report.deskDiffers).toEqual([]);
    expect(report).toMatchObject({ seqGaps: 0, unfinished: 0, undelivered: 0 });
    expect(report.said).toBeGreaterThan(100);
    expect(report.answered).toBeGreaterThan(10);
  },
);
