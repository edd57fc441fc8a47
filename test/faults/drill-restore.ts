import { parseArgs } from "node:util";
import { sweep } from "../support/postgres.ts";
import { drillRestore } from "./restore.ts";

/** `npm run drill:restore [-- --quick]`: backup under load, kill, restore; the last line is one JSON object. */
const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
await sweep();
const { lost, ...report } = await drillRestore({
  messages: values.quick ? 1_000 : 100_000,
  say: (line) => process.stdout.write(`${line}\n`),
});
const ok =
  lost.length === 0 && report.seqGaps === 0 && report.filesMissing === 0 && report.parked === 0 && report.takesMore;
process.stdout.write(
  `${JSON.stringify({ name: "drill:restore", quick: values.quick, ...report, lost: lost.length, ok })}\n`,
);
process.exit(ok ? 0 : 1);
