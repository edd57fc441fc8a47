import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { freePort } from "../../src/postgres/port.ts";
import { startGraph } from "../fakes/graph/server.ts";
import { bodyOf } from "../fakes/graph/webhooks.ts";
import { addWhatsApp } from "../fakes/graph/whatsapp.ts";
import { seedFixture } from "../support/fixture.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { temporaryFolder } from "../support/postgres.ts";

export interface WebhookReport {
  readonly webhooks: number;
  readonly deliveries: number;
  readonly kills: number;
  readonly messages: number;
  readonly doubled: number;
  readonly lost: number;
  readonly parked: number;
  readonly unfinished: number;
  readonly seqGaps: number;
  readonly seconds: number;
}

const lanes = 24;
const customers = 200;

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);

/**
 * WhatsApp webhooks as Meta delivers them on a bad day: each three times, in no order, one in a hundred unreadable, and
 * a hub that is killed while it takes them. Whatever is not answered 200 comes again, the same bytes.
 */
export const runWebhooks = async (input: {
  readonly databaseUrl: string;
  readonly webhooks: number;
  readonly kills: number;
  readonly say: (line: string) => void;
}): Promise<WebhookReport> => {
  const { webhooks, kills, say } = input;
  const began = performance.now();
  const graph = await startGraph();
  const number = addWhatsApp(graph).number();
  const folder = await temporaryFolder();
  const secret = randomBytes(32).toString("hex");
  const fixture = await seedFixture({
    databaseUrl: input.databaseUrl,
    secret,
    queues: 1,
    agents: 1,
    whatsapp: number.settings,
  });
  const env = {
    PORT: String(await freePort()),
    DATABASE_URL: input.databaseUrl,
    LINKA_SECRET: secret,
    LINKA_DEMO: "0",
  };
  const start = (): Promise<HubProcess> => startHub({ dataDir: folder.path, env });
  let hub = await start();
  graph.webhooks.connect(number.app, `${hub.url}/hooks/${fixture.whatsappAccountId}`);

  const users = Array.from({ length: customers }, (_, index) => number.user({ name: `Zákazník ${index}` }));
  const bodies = Array.from({ length: webhooks }, (_, index) => {
    const user = users[index % customers];
    if (user === undefined) throw new Error("no customer");
    const poison = index % 100 === 99;
    const message = user.item("text", { text: poison ? { words: index } : { body: `zpráva ${index}` } });
    const value = {
      messaging_product: "whatsapp",
      metadata: number.metadata,
      contacts: [user.who()],
      messages: [message],
    };
    return bodyOf({
      object: "whatsapp_business_account",
      entry: [{ id: number.businessAccountId, changes: [{ field: "messages", value }] }],
    });
  });
  const queue = shuffled([...bodies, ...bodies, ...bodies]);
  const deliveries = queue.length;

  let done = 0;
  let killed = 0;
  let restarting: Promise<void> | undefined;
  const killWhenDue = (): void => {
    if (killed >= kills || restarting !== undefined || done < ((killed + 1) * deliveries) / (kills + 1)) return;
    killed += 1;
    say(`kill ${killed} after ${done} deliveries`);
    restarting = (async () => {
      await hub.kill("SIGKILL");
      hub = await start();
      restarting = undefined;
    })();
  };
  const lane = async (): Promise<void> => {
    for (let body = queue.pop(); body !== undefined; body = queue.pop()) {
      await graph.webhooks.deliver(number.app, body, { attempts: 1_000 });
      done += 1;
      killWhenDue();
    }
  };
  const client = new Client({ connectionString: input.databaseUrl });
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
    await restarting;
    await client.connect();
    const count = async (sql: string): Promise<number> =>
      Number((await client.query<{ n: string }>(`select ${sql} as n`)).rows[0]?.n ?? -1);
    const poison = Math.trunc(webhooks / 100);
    const messages = await count("(select count(*) from message where direction = 'in')");
    const different = await count("(select count(distinct body) from message where direction = 'in')");
    return {
      webhooks,
      deliveries,
      kills: killed,
      messages,
      doubled: messages - different,
      lost: webhooks - poison - different,
      parked: await count("(select count(*) from inbound_event where state = 'parked')"),
      unfinished: await count("(select count(*) from inbound_event where state not in ('done', 'parked'))"),
      seqGaps: await count(
        "(select count(*) from conversation c where last_seq <> (select count(*) from message m where m.conversation_id = c.id))",
      ),
      seconds: Math.round((performance.now() - began) / 100) / 10,
    };
  } finally {
    await client.end().catch(() => undefined);
    await hub.kill("SIGKILL");
    await graph.stop();
    await folder.remove();
  }
};
