import { Client } from "pg";
import { type Desk, openDesk } from "./lib/desk.ts";
import { fill, frequentWord, middlingWord, rareWord } from "./lib/fill.ts";
import { benchHub } from "./lib/hub.ts";
import { now, quantile, round } from "./lib/stats.ts";
import type { Workload } from "./lib/workload.ts";

interface Page {
  readonly ok: boolean;
  readonly value?: { readonly rows: readonly { readonly id: string }[]; readonly next: string | null };
}

/** Latencies in ms of `times` answers, after a few that are not counted. */
const timed = async (times: number, ask: (n: number) => Promise<unknown>): Promise<number[]> => {
  for (let n = 0; n < 5; n++) await ask(n);
  const latencies: number[] = [];
  for (let n = 0; n < times; n++) {
    const began = now();
    await ask(n);
    latencies.push(now() - began);
  }
  return latencies;
};

const open = async (desk: Desk, view: object): Promise<NonNullable<Page["value"]>> => {
  const page = (await desk.ask("view.open", view)) as Page;
  if (!page.ok || page.value === undefined) throw new Error(`refused: ${JSON.stringify(page)}`);
  return page.value;
};

/** Inbox window, Czech search and conversation open over a full database, as the administrator who sees all of it. */
export const list: Workload = async ({ quick, say }) => {
  const conversations = quick ? 20_000 : 1_000_000;
  const hub = await benchHub({ queues: 20, agents: 2 });
  try {
    const began = now();
    await fill({ databaseUrl: hub.databaseUrl, conversations, say });
    say(`filled in ${((now() - began) / 1000).toFixed(0)} s`);
    const db = new Client({ connectionString: hub.databaseUrl });
    await db.connect();
    await db.query("update membership set role = 'admin', queue_ids = '{}'");
    await db.end();
    const desk = await openDesk({ url: hub.url, cookie: hub.cookies[1] ?? "", onFrame: () => undefined });
    const times = quick ? 30 : 200;
    const latencies: Record<string, number[]> = {};
    latencies["inbox"] = await timed(times, () => open(desk, { kind: "all", limit: 50 }));
    latencies["closed"] = await timed(times, () => open(desk, { kind: "closed", limit: 50 }));
    const first = await open(desk, { kind: "closed", limit: 200 });
    let { next } = first;
    latencies["closedPage"] = await timed(times, async () => {
      const page = await open(desk, { kind: "closed", limit: 50, ...(next !== null && { after: next }) });
      next = page.next;
    });
    latencies["open"] = await timed(times, (n) =>
      desk.ask("conversation.open", { id: first.rows[n % first.rows.length]?.id ?? "" }),
    );
    const queries = {
      searchRare: rareWord,
      searchMiddling: middlingWord,
      searchFrequent: frequentWord,
      searchTwo: `${frequentWord} ${middlingWord}`,
      searchPrefix: middlingWord.slice(0, 4),
    };
    for (const [name, query] of Object.entries(queries))
      latencies[name] = await timed(Math.ceil(times / 4), () => open(desk, { kind: "closed", limit: 50, query }));
    desk.close();
    const figures: Record<string, number> = { conversations, messages: conversations * 10 };
    for (const [name, values] of Object.entries(latencies)) {
      figures[`${name}P50Ms`] = round(quantile(values, 0.5));
      figures[`${name}P99Ms`] = round(quantile(values, 0.99));
    }
    say(JSON.stringify(figures));
    return {
      figures,
      targets: Object.keys(latencies).map((name) => ({
        name: `${name}P99Ms`,
        value: figures[`${name}P99Ms`] ?? Number.NaN,
        atMost: name.startsWith("search") ? 50 : 20,
        kind: "speed" as const,
      })),
    };
  } finally {
    await hub.stop();
  }
};
