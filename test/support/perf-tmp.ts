import { ownPostgres } from "./postgres.ts";
import { journalBench, message, seedAccount } from "./inbound.ts";
const server = await ownPostgres({ durable: true });
const bench = await journalBench({ url: server.url });
try {
  const account = await seedAccount(bench.db, { kind: "loopback" });
  const n = Number(process.argv[2] ?? 15000);
  const senders = Number(process.argv[3] ?? 64);
  const body = "Dobrý den, chtěla bych se zeptat na svou objednávku číslo 4711, kdy dorazí? ".repeat(3);
  for (let round = 0; round < 3; round++) {
    let next = 0;
    const t0 = performance.now();
    const cpu0 = process.cpuUsage();
    const s0 = bench.db.statements();
    const b0 = bench.journal.stats().batches;
    await Promise.all(
      Array.from({ length: senders }, async () => {
        while (next < n) {
          const i = next++;
          await bench.journal.receive({
            account,
            event: message({
              sender: `c${i % 2000}`,
              id: `m${round}-${i}`,
              text: body,
              raw: { bytes: Buffer.alloc(600, 97) },
            }),
          });
        }
      }),
    );
    const ms = performance.now() - t0;
    const cpu = process.cpuUsage(cpu0);
    bench.published.length = 0;
    console.log(
      round,
      Math.round((n / ms) * 1000),
      "msg/s; node ms/msg",
      ((cpu.user + cpu.system) / 1000 / n).toFixed(3),
      "batches",
      bench.journal.stats().batches - b0,
      "stmts/batch",
      ((bench.db.statements() - s0) / (bench.journal.stats().batches - b0)).toFixed(2),
    );
  }
  console.log(bench.warnings.slice(0, 3));
} finally {
  await bench.close();
  await server.drop();
}
