import { Client } from "pg";
import { type BenchHub, benchHub, signed } from "./lib/hub.ts";
import { now } from "./lib/stats.ts";
import type { Workload } from "./lib/workload.ts";

interface Said {
  readonly id: string;
  readonly customer: string;
}

/** Posts messages in one webhook; true when it was acknowledged. A cut connection counts as "not acknowledged". */
const post = async (hub: BenchHub, said: readonly Said[]): Promise<boolean> => {
  const body = JSON.stringify({
    messages: said.map(({ id, customer }) => ({
      id,
      thread: customer,
      from: { id: customer, name: customer },
      text: `${id} od ${customer}`,
      at: new Date().toISOString(),
    })),
  });
  try {
    const response = await fetch(`${hub.address()}${hub.hookPath}`, {
      method: "POST",
      body,
      headers: signed({ secret: hub.hookSecret, body }),
    });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
};

/** B10: duplicates, batches, simultaneous first messages and kill -9 under load; everything is counted in the database. */
export const truth: Workload = async ({ quick, say }) => {
  const hub = await benchHub({ queues: 1, agents: 1 });
  try {
    const acknowledged = new Map<string, string>();
    const told = new Map<string, string>();
    const send = async (said: readonly Said[]): Promise<void> => {
      for (const { id, customer } of said) told.set(id, customer);
      if (await post(hub, said)) for (const { id, customer } of said) acknowledged.set(id, customer);
    };
    const make = (prefix: string, count: number, customers: number): Said[] =>
      Array.from({ length: count }, (_, i) => ({ id: `${prefix}-${i}`, customer: `${prefix}-c${i % customers}` }));

    const triple = make("triple", 60, 12);
    await Promise.all(triple.flatMap((said) => [send([said]), send([said]), send([said])]));
    const batches = make("batch", 200, 40);
    await Promise.all(Array.from({ length: 20 }, (_, i) => send(batches.slice(i * 10, i * 10 + 10))));
    const first = Array.from({ length: 20 }, (_, c) =>
      Array.from({ length: 5 }, (_, i) => ({ id: `first-${c}-${i}`, customer: `first-c${c}` })),
    ).flat();
    await Promise.all(first.map((said) => send([said])));

    for (let kill = 0; kill < (quick ? 1 : 3); kill++) {
      let n = 0;
      const load = { on: true };
      const lanes = Array.from({ length: 32 }, async () => {
        while (load.on) {
          const id = n++;
          await send([{ id: `kill${kill}-${id}`, customer: `kill-c${id % 100}` }]);
          // A dead hub refuses at once; do not spin on it.
          if (!acknowledged.has(`kill${kill}-${id}`)) await new Promise((resolve) => setTimeout(resolve, 20));
        }
      });
      const started = now();
      while (acknowledged.size < 360 + kill * 1000 + (quick ? 200 : 700) && now() - started < 15_000) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await hub.crash();
      load.on = false;
      await Promise.all(lanes);
      await hub.restart();
      // A channel delivers again what was not acknowledged.
      for (const [id, customer] of told) if (!acknowledged.has(id)) await send([{ id, customer }]);
      say(`kill ${kill + 1}: ${acknowledged.size} acknowledged so far`);
    }

    const database = new Client({ connectionString: hub.databaseUrl });
    await database.connect();
    try {
      const { rows } = await database.query<{ external_id: string; name: string; copies: number }>(
        `select m.external_id, min(c.name) as name, count(*)::int as copies from message m
         join conversation v on v.id = m.conversation_id join contact c on c.id = v.contact_id
         where m.direction = 'in' group by 1`,
      );
      const stored = new Map(rows.map((row) => [row.external_id, row]));
      const gaps = await database.query<{ n: number }>(
        `select count(*)::int as n from (select v.id from conversation v left join message m on m.conversation_id = v.id
         group by v.id, v.last_seq having count(m.seq) <> v.last_seq or coalesce(max(m.seq), 0) <> v.last_seq) broken`,
      );
      const split = await database.query<{ n: number }>(
        `select count(*)::int as n from (select c.name from conversation v join contact c on c.id = v.contact_id
         group by c.name having count(*) > 1) doubled`,
      );
      const unfinished = await database.query<{ n: number }>(
        "select count(*)::int as n from inbound_event where state <> 'done'",
      );
      const figures = {
        truthMessages: told.size,
        lost: [...told.keys()].filter((id) => !stored.has(id)).length,
        acknowledgedButMissing: [...acknowledged.keys()].filter((id) => !stored.has(id)).length,
        doubled: rows.filter((row) => row.copies > 1).length + (split.rows[0]?.n ?? 0),
        misattributed: rows.filter((row) => told.get(row.external_id) !== row.name).length,
        seqGaps: gaps.rows[0]?.n ?? -1,
        unfinished: unfinished.rows[0]?.n ?? -1,
      };
      say(JSON.stringify(figures));
      const zero = (
        ["lost", "acknowledgedButMissing", "doubled", "misattributed", "seqGaps", "unfinished"] as const
      ).map((name) => ({ name, value: figures[name], atMost: 0, kind: "truth" as const }));
      return { figures, targets: zero };
    } finally {
      await database.end();
    }
  } finally {
    await hub.stop();
  }
};
