import { parseArgs } from "node:util";
import { sweep } from "../support/postgres.ts";
import { points, runFaults } from "./run.ts";

/** `npm run soak [-- --quick]`: the fault test for longer; the last line is one JSON object, exit code 1 when not ok. */
const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
await sweep();
const report = await runFaults({
  points: values.quick ? points.filter((_, index) => index % 4 === 0) : [...points, ...points, ...points],
  randomKills: values.quick ? 2 : 60,
  databaseKills: values.quick ? 1 : 10,
  say: (line) => process.stdout.write(`${line}\n`),
});
const counts = {
  said: report.said,
  answered: report.answered,
  kills: report.kills,
  databaseRestarts: report.databaseRestarts,
  cuts: report.cuts,
  lost: report.lost.length,
  doubled: report.doubled.length,
  misordered: report.misordered.length,
  misattributed: report.misattributed.length,
  seqGaps: report.seqGaps,
  unfinished: report.unfinished,
  undelivered: report.undelivered,
  unexplainedDeadLetters: report.deadLetters.length,
  deskDiffers: report.deskDiffers.length,
  unreached: report.unreached.length,
};
const faults = Object.entries(counts).filter(
  ([key, value]) => !["said", "answered", "kills", "databaseRestarts", "cuts"].includes(key) && value !== 0,
);
process.stdout.write(`${JSON.stringify({ name: "soak", quick: values.quick, ...counts, ok: faults.length === 0 })}\n`);
process.exit(faults.length === 0 ? 0 : 1);
