import { createHmac, randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startCallback } from "../contract/callback.ts";
import { makeWatcher } from "../faults/agent.ts";
import { freshDatabase, type FreshDatabase, temporaryFolder } from "../support/database.ts";
import { type Fixture, seedFixture } from "../support/fixture.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { type Agent, signIn, until } from "./agent.ts";

/** Two hubs behind one address: an agent is at one of them, the channel calls whichever it finds. */
const secret = randomBytes(32).toString("hex");
const hookSecret = randomBytes(16).toString("hex");
const customers = ["adam", "bela", "cyril"];
let database: FreshDatabase;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let callback: Awaited<ReturnType<typeof startCallback>>;
let fixture: Fixture;
let client: Client;

beforeAll(async () => {
  database = await freshDatabase();
  folder = await temporaryFolder();
  callback = await startCallback([hookSecret]);
  fixture = await seedFixture({
    databaseUrl: database.url,
    secret,
    queues: 2,
    agents: 1,
    admin: true,
    hookSecret,
    callbackUrl: callback.url,
  });
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await callback.stop();
  await database.drop();
  await folder.remove();
});

const hub = async (): Promise<HubProcess> => {
  const started = await startHub({
    dataDir: folder.path,
    env: { DATABASE_URL: database.url, LINKA_SECRET: secret, LINKA_DEMO: "0" },
  });
  onTestFinished(() => started.kill("SIGKILL"));
  return started;
};
const agentAt = async ({ url }: HubProcess): Promise<Agent> => {
  const agent = await signIn({ url, email: fixture.users[0]?.email ?? "", password: fixture.password });
  onTestFinished(() => agent.leave());
  return agent;
};
const watch = ({ url }: HubProcess) => {
  const watcher = makeWatcher({ url, cookie: fixture.users[0]?.cookie ?? "" });
  onTestFinished(() => watcher.close());
  void watcher.desk.inbox.open({ kind: "all" });
  return watcher;
};

let written = 0;
const write = async (at: HubProcess, customer: string): Promise<string> => {
  written += 1;
  const text = `${customer} ${written}`;
  const message = { id: `m-${written}`, thread: customer, text, at: new Date().toISOString(), from: { id: customer } };
  const body = JSON.stringify({ messages: [message] });
  const signature = createHmac("sha256", hookSecret).update(body).digest("hex");
  const answer = await fetch(at.url + (fixture.accounts[0]?.hookPath ?? ""), {
    method: "POST",
    headers: { "x-signature-256": `sha256=${signature}` },
    body,
  });
  expect(answer.status).toBe(200);
  return text;
};

/** What the desk shows and the database does not say, or the other way round. */
const differences = async ({ desk }: ReturnType<typeof makeWatcher>): Promise<readonly string[]> => {
  const { rows } = await client.query<{ id: string; version: number; queue: string; seqs: number[] }>(
    `select v.id, v.version, v.queue_id as queue, array_agg(m.seq order by m.seq) as seqs
     from conversation v join message m on m.conversation_id = v.id group by v.id`,
  );
  return rows.flatMap(({ id, version, queue, seqs }) => {
    const held = desk.conversations.get(id);
    const shown = held?.messages.map((message) => message.seq) ?? [];
    const says = `${held?.row?.version} ${held?.version} ${held?.row?.queueId} ${shown.join()}`;
    const is = `${version} ${version} ${queue} ${seqs.join()}`;
    return says === is ? [] : [`${id} shows ${says}, is ${is}`];
  });
};
const agrees = async (says: string, watcher: ReturnType<typeof makeWatcher>): Promise<void> => {
  let last: readonly string[] = [];
  await until(says, async () => (last = await differences(watcher)).length === 0, 6_000).catch(() => undefined);
  expect({ says, differences: last }).toEqual({ says, differences: [] });
};
const pick = <T>(from: readonly T[]): T => {
  const hit = from[Math.floor(Math.random() * from.length)];
  if (hit === undefined) throw new Error("nothing to pick from");
  return hit;
};

test(
  "an agent at one hub sees in order and at once what happens at the other, and goes on when that one dies",
  { timeout: 30_000 },
  async () => {
    const [one, two] = await Promise.all([hub(), hub()]);
    const [first, second] = await Promise.all([agentAt(one), agentAt(two)]);
    const begin = await first.ask("view.open", { kind: "all" });
    const [atOne, atTwo] = [watch(one), watch(two)];
    const ids = new Map<string, string>();
    const tookMs: number[] = [];
    for (const customer of customers) {
      const text = await write(one, customer);
      const from = performance.now();
      const { frame, at } = await second.heard(text, ({ changes }) => changes.some(({ row }) => row.preview === text));
      tookMs.push(at - from);
      ids.set(customer, frame.changes.find(({ row }) => row.preview === text)?.row.id ?? "");
    }
    process.stdout.write(`two nodes: heard at the other hub after ${tookMs.map(Math.round).join(", ")} ms\n`);

    let keys = 0;
    const act = async (agent: Agent, conversationId: string): Promise<void> => {
      keys += 1;
      const key = `two-nodes-${keys}`;
      const queueId = pick(fixture.queueIds);
      await pick([
        () => agent.ask("message.send", { conversationId, clientKey: key, mode: "note", text: key }),
        () => agent.ask("message.send", { conversationId, clientKey: key, mode: "reply", text: key }),
        () => agent.ask("conversation.update", { id: conversationId, set: { tags: [key] } }),
        () => agent.ask("conversation.update", { id: conversationId, set: { queueId } }),
      ])().catch((thrown: unknown) => {
        // Somebody was faster: a stale answer is refused, as it must be.
        if (!/stale|conflict/.test(String(thrown))) throw thrown;
      });
    };
    const mix = (hubs: readonly HubProcess[], agents: readonly Agent[], rounds: number): Promise<unknown> =>
      Promise.all(
        customers.map(async (customer) => {
          for (let round = 0; round < rounds; round += 1) {
            await write(pick(hubs), customer);
            await act(pick(agents), ids.get(customer) ?? "");
          }
        }),
      );
    await mix([one, two], [first, second], 25);
    await agrees("the desk at the first hub", atOne);
    await agrees("the desk at the second hub", atTwo);

    const dying = mix([two], [second], 15);
    await write(one, "dora");
    await one.kill("SIGKILL");
    await dying;
    await agrees("the desk at the hub that is left", atTwo);

    const { rows } = await client.query<{ id: string }>("select id from conversation");
    const missed = new Set<string>();
    let cursor = begin.cursor;
    for (;;) {
      const page = await second.ask("sync", { cursor, have: [], limit: 2 });
      for (const { row } of page.changes) missed.add(row.id);
      cursor = page.cursor;
      if (!page.more) break;
    }
    expect([...missed].toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
  },
);
