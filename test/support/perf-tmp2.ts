import { ownPostgres } from "./postgres.ts";
import { journalBench, message, seedAccount } from "./inbound.ts";
import pg from "pg";
const times = new Map<string, [number, number]>();
const orig = pg.Client.prototype.query as any;
(pg.Client.prototype as any).query = async function (c: any, ...r: any[]) {
  const t = performance.now();
  try {
    return await orig.call(this, c, ...r);
  } finally {
    const k = c.name ?? c.text?.slice(0, 20) ?? "?";
    const e = times.get(k) ?? [0, 0];
    e[0]++;
    e[1] += performance.now() - t;
    times.set(k, e);
  }
};
const server = await ownPostgres({ durable: true });
const bench = await journalBench({ url: server.url });
try {
  const account = await seedAccount(bench.db, { kind: "loopback" });
  const n = 10000;
  const body = "Dobrý den, chtěla bych se zeptat na svou objednávku číslo 4711, kdy dorazí? ".repeat(3);
  for (let round = 0; round < 2; round++) {
    let next = 0;
    times.clear();
    const t0 = performance.now();
    if (round === 1 && process.env.TRIG) await bench.db.query({ text: process.env.TRIG });
    await Promise.all(
      Array.from({ length: 64 }, async () => {
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
    console.log(
      Math.round((n / (performance.now() - t0)) * 1000),
      [...times].map(([k, [c, t]]) => `${k}: ${(t / c).toFixed(2)}ms`).join("; "),
    );
  }
} finally {
  await bench.close();
  await server.drop();
}
