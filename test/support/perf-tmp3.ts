import { ownPostgres } from "./postgres.ts";
import { journalBench, message, seedAccount } from "./inbound.ts";
import pg from "pg";
let last: any = {};
const orig = pg.Client.prototype.query as any;
(pg.Client.prototype as any).query = function (c: any, ...r: any[]) {
  if (c.name) last[c.name] = c;
  return orig.call(this, c, ...r);
};
const server = await ownPostgres({ durable: true });
const bench = await journalBench({ url: server.url });
try {
  const account = await seedAccount(bench.db, { kind: "loopback" });
  const n = 10000;
  const body = "Dobrý den, chtěla bych se zeptat na svou objednávku číslo 4711, kdy dorazí? ".repeat(3);
  let next = 0;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (next < n) {
        const i = next++;
        await bench.journal.receive({
          account,
          event: message({ sender: `c${i % 2000}`, id: `m-${i}`, text: body, raw: { bytes: Buffer.alloc(600, 97) } }),
        });
      }
    }),
  );
  const c = new pg.Client({ connectionString: server.url });
  await c.connect();
  await orig.call(c, "analyze");
  await orig.call(c, "set enable_seqscan=off; set enable_hashjoin=off; set enable_mergejoin=off");
  const q = last[process.argv[2] ?? "ingest-lookups"];
  await orig.call(c, "begin");
  const r = await orig.call(c, { text: "explain (analyze, costs on) " + q.text, values: q.values });
  console.log(r.rows.map((x: any) => x["QUERY PLAN"]).join("\n"));
  await orig.call(c, "rollback");
  await c.end();
} finally {
  await bench.close();
  await server.drop();
}
