import { parseArgs } from "node:util";
import { ownPostgres, sweep } from "../support/postgres.ts";
import { runWebhooks } from "./webhooks.ts";

/** `npm run soak:webhooks [-- --quick]`: the last line is one JSON object, exit code 1 when not ok. */
const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const plan = values.quick ? { webhooks: 2_000, kills: 2 } : { webhooks: 10_000, kills: 5 };
await sweep();
const postgres = await ownPostgres({ durable: true });
const report = await runWebhooks({
  databaseUrl: postgres.url,
  ...plan,
  say: (line) => void process.stdout.write(`${line}\n`),
});
await postgres.drop();
const poison = plan.webhooks / 100;
const ok =
  report.kills === plan.kills &&
  report.messages === plan.webhooks - poison &&
  report.parked === poison &&
  report.doubled + report.lost + report.unfinished + report.seqGaps === 0;
process.stdout.write(`${JSON.stringify({ name: "soak:webhooks", quick: values.quick, ...report, ok })}\n`);
process.exit(ok ? 0 : 1);
