import { parseArgs } from "node:util";
import { sweep } from "../support/postgres.ts";
import { isClean, runDrill } from "./run.ts";

/**
 * `npm run drill [-- --quick] [-- --seeds 10] [-- --minutes 5] [-- --seed 3]`: three nodes under a seeded schedule of
 * faults; the last line is one JSON object, exit code 1 when anything was found.
 */
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seeds: { type: "string", default: "10" },
    minutes: { type: "string", default: "5" },
    seed: { type: "string" },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
await sweep();
const seeds =
  values.seed !== undefined
    ? [Number(values.seed)]
    : Array.from({ length: values.quick ? 1 : Number(values.seeds) }, (_, n) => n + 1);
const totals = { seeds: 0, said: 0, answered: 0, faults: 0, lost: 0, doubled: 0, misordered: 0, misattributed: 0 };
const more = { seqGaps: 0, unfinished: 0, undelivered: 0, deadLetters: 0, deskDiffers: 0 };
let ok = true;
for (const seed of seeds) {
  const report = await runDrill({
    seed,
    forMs: values.quick ? 5_000 : Number(values.minutes) * 60_000,
    freezeMs: values.quick ? 4_000 : 30_000,
    say: (line) => say(`seed ${seed}: ${line}`),
  });
  ok &&= isClean(report);
  if (!isClean(report)) say(JSON.stringify(report, undefined, 1));
  totals.seeds += 1;
  totals.said += report.said;
  totals.answered += report.answered;
  totals.faults += Object.values(report.struck).reduce((sum, times) => sum + times, 0);
  for (const key of ["lost", "doubled", "misordered", "misattributed"] as const) totals[key] += report[key].length;
  for (const key of ["deadLetters", "deskDiffers"] as const) more[key] += report[key].length;
  for (const key of ["seqGaps", "unfinished", "undelivered"] as const) more[key] += report[key];
}
say(JSON.stringify({ name: "drill", quick: values.quick, ...totals, ...more, ok }));
process.exit(ok ? 0 : 1);
