import { parseArgs } from "node:util";
import { sweep } from "../test/support/postgres.ts";
import { agents } from "./agents.ts";
import { ingest } from "./ingest.ts";
import { list } from "./list.ts";
import type { Workload } from "./lib/workload.ts";
import { mail } from "./mail.ts";
import { truth } from "./truth.ts";
import { webhooks } from "./webhooks.ts";
import { whatsappWeb } from "./whatsappWeb.ts";

/** `npm run bench [-- --only NAME] [-- --quick]`: the last line printed is one JSON object; exit code 1 when not ok. */
const workloads: Readonly<Record<string, Workload>> = {
  ingest,
  agents,
  truth,
  list,
  webhooks,
  "whatsapp-web": whatsappWeb,
  mail,
};

const { values } = parseArgs({ options: { only: { type: "string" }, quick: { type: "boolean", default: false } } });
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const chosen = Object.entries(workloads).filter(([name]) => values.only === undefined || values.only === name);
if (chosen.length === 0) {
  say(`There is no workload "${values.only}". Known: ${Object.keys(workloads).join(", ")}.`);
  process.exit(1);
}

await sweep();
const figures: Record<string, number> = {};
const missed: string[] = [];
for (const [name, workload] of chosen) {
  say(`\n# ${name}`);
  const result = await workload({ quick: values.quick, say });
  for (const target of result.targets) {
    const met = target.atMost === undefined ? target.value >= target.atLeast : target.value <= target.atMost;
    say(
      `${met ? "met   " : "MISSED"} ${target.name} = ${target.value} (${target.atMost === undefined ? `at least ${target.atLeast}` : `at most ${target.atMost}`})`,
    );
    // A quick run is a check of the code paths and of the counts; speed is judged by the full run only.
    if (!met && (target.kind === "truth" || !values.quick)) missed.push(target.name);
  }
  Object.assign(figures, result.figures);
}
say(JSON.stringify({ name: values.only ?? "bench", quick: values.quick, ...figures, missed, ok: missed.length === 0 }));
process.exit(missed.length === 0 ? 0 : 1);
