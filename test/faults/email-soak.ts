import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Client } from "pg";
import { freePort } from "../../src/postgres/port.ts";
import { hasDovecot, password, startDovecot } from "../fakes/dovecot.ts";
import { inFolder } from "../fakes/mailbox.ts";
import { hasPostfix, startPostfix } from "../fakes/postfix.ts";
import { startSmtp } from "../fakes/smtp.ts";
import { seedFixture } from "../support/fixture.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { ownPostgres, sweep, temporaryFolder } from "../support/postgres.ts";
import { makeAnswerer, makeCustomers, type Received } from "./email-people.ts";

/**
 * `npm run soak:email [-- --quick]`: a mailbox on a real Dovecot behind a real Postfix (as root; otherwise a small relay),
 * customers with mail programs of their own, and a hub that is killed while mail goes both ways, the server cuts
 * connections and renumbers the mailbox. The last line is one JSON object; exit code 1 when not ok.
 */
const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const plan = values.quick
  ? { letters: 120, answers: 30, kills: 3, kicks: 6, renumberings: 1, customers: 6 }
  : { letters: 2_000, answers: 500, kills: 30, kicks: 40, renumberings: 3, customers: 50 };
const began = performance.now();
const seconds = (): number => Math.round((performance.now() - began) / 100) / 10;
const say = (line: string): void => void process.stdout.write(`${seconds().toFixed(1).padStart(6)} s  ${line}\n`);

const support = "podpora@hub.test";
const customerDomain = "zakaznik.test";
await sweep();
if (!hasDovecot()) process.exit(1);
const dovecot = await startDovecot({ connectionsPerUser: 50 });
const postfix = hasPostfix()
  ? await startPostfix({ domains: ["hub.test", customerDomain], lmtpPort: dovecot.ports.lmtp })
  : null;
const relay =
  postfix ??
  (await startSmtp({
    take: async ({ raw, to }) => {
      for (const recipient of to) await dovecot.deliver({ raw }, recipient);
    },
  }));
const postgres = await ownPostgres({ durable: true });
const folder = await temporaryFolder();
const secret = randomBytes(32).toString("hex");
const fixture = await seedFixture({
  databaseUrl: postgres.url,
  secret,
  queues: 1,
  agents: 1,
  admin: true,
  mailbox: {
    address: support,
    password,
    imapPort: dovecot.ports.imap,
    certificate: dovecot.certificate,
    smtpPort: relay.port,
    plusAddressing: true,
  },
});
const db = new Client({ connectionString: postgres.url });
await db.connect();
await db.query(`update tenant set policy = '{"undoSeconds":{"email":0}}'`);
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const env = { PORT: String(port), DATABASE_URL: postgres.url, LINKA_SECRET: secret, LINKA_DEMO: "0" };
let hub: HubProcess = await startHub({ dataDir: folder.path, env });
const customers = makeCustomers({
  dovecot,
  names: Array.from({ length: plan.customers }, (_, nth) => `z${nth}`),
  domain: customerDomain,
  support,
  smtpPort: relay.port,
});
const agent = makeAnswerer({ url, cookie: fixture.users[0]?.cookie ?? "" });
say(`ready, ${postfix === null ? "a small relay" : "Postfix"} between Dovecot and the hub`);

const over = new AbortController();
let kills = 0;
let kicks = 0;
let renumberings = 0;

const until = async (says: string, holds: () => Promise<boolean>, withinMs: number): Promise<void> => {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) return say(`NOT IN TIME: ${says}`);
    await pause(200);
  }
};

/** Which letter of ours a letter of a customer answers, by its text. */
const answers = new Map<string, string>();

/** Customers write; who has had an answer of ours answers it with every second letter. */
const writing = async (): Promise<void> => {
  const latest = new Map<string, Received>();
  const look = async (): Promise<void> => {
    for (const name of customers.names) {
      const [letter] = (await customers.read(name)).slice(-1);
      if (letter !== undefined) latest.set(name, letter);
    }
  };
  for (let nth = 0; nth < plan.letters; nth++) {
    const name = customers.names[nth % customers.names.length] ?? "";
    // The first answers are waited for: without them nobody could answer one.
    if (nth % Math.floor(plan.letters / 5) === 20)
      await until("an answer came", async () => (await look(), latest.size > 2), 15_000);
    const to = nth % 2 === 0 ? latest.get(name) : undefined;
    if (to !== undefined) answers.set(`in-${nth}`, to.messageId);
    await customers.write(name, `in-${nth}`, to);
    // Slow enough that the agent's answers come in between.
    await pause(values.quick ? 40 : 25);
  }
};

/** The agent answers whatever case is the longest without an answer of this run. */
const answering = async (): Promise<void> => {
  for (let nth = 0; nth < plan.answers;) {
    const { rows } = await db.query<{ id: string }>(
      `select c.id from conversation c where exists (select 1 from message m where m.conversation_id = c.id and m.direction = 'in')
        order by (select count(*) from message o where o.conversation_id = c.id and o.direction = 'out'), c.created_at limit 20`,
    );
    for (const { id } of rows.slice(0, plan.answers - nth)) await agent.answer(id, `out-${nth}`, `soak-key-${nth++}`);
    if (rows.length === 0) await pause(100);
  }
};

const killing = async (every: number): Promise<void> => {
  while (kills < plan.kills) {
    await pause(every * (0.5 + Math.random()));
    await hub.kill("SIGKILL");
    kills += 1;
    hub = await startHub({ dataDir: folder.path, env });
  }
};

const cutting = async (every: number): Promise<void> => {
  while (!over.signal.aborted && (kicks < plan.kicks || renumberings < plan.renumberings)) {
    await pause(every, undefined, { signal: over.signal }).catch(() => undefined);
    if (over.signal.aborted) return;
    await dovecot.doveadm("kick", support).catch(() => undefined);
    kicks += 1;
    if (
      kicks % Math.max(1, Math.floor(plan.kicks / (plan.renumberings + 1))) === 0 &&
      renumberings < plan.renumberings
    ) {
      const validity = String(Math.floor(Date.now() / 1000) + 1_000 * (renumberings + 1));
      await dovecot.doveadm("mailbox", "update", "-u", support, "--uid-validity", validity, "INBOX");
      await dovecot.doveadm("kick", support).catch(() => undefined);
      renumberings += 1;
      say(`the mailbox was renumbered (${renumberings})`);
    }
  }
};

const count = async (text: string, parameters: readonly unknown[] = []): Promise<number> =>
  Number((await db.query<{ n: string }>(text, [...parameters])).rows[0]?.n ?? 0);
const pace = values.quick ? 1_200 : 3_500;
const cuts = cutting(values.quick ? 900 : 2_500);
await Promise.all([
  writing().then(() => say("all letters are written")),
  answering().then(() => say("all answers are given")),
  killing(pace).then(() => say("all kills are done")),
]);
await until("the server's cuts", async () => kicks >= plan.kicks && renumberings >= plan.renumberings, 60_000);
over.abort();
await cuts;

const distinctIn = () =>
  count("select count(distinct body) as n from message where direction = 'in' and body ~ '^in-[0-9]+$'");
await until("every letter is in the hub", async () => (await distinctIn()) >= plan.letters, 120_000);
await until(
  "nothing waits to go out",
  async () => (await count("select count(*) as n from delivery where state in ('held', 'queued', 'sending')")) === 0,
  120_000,
);

/** What lies at the customers now. */
const received = async (): Promise<readonly Received[]> => {
  const all: Received[] = [];
  for (const name of customers.names) all.push(...(await customers.read(name)));
  return all;
};
const arrivedOnce = async (texts: ReadonlySet<string>): Promise<boolean> => {
  const there = new Set((await received()).map(({ text }) => text));
  return [...texts].every((text) => there.has(text));
};

// What a person does about an answer of which nobody knows: they look, and send it again when it is not there.
const uncertain = await db.query<{ id: string; body: string }>(
  "select m.id, m.body from message m join delivery d on d.message_id = m.id where d.state = 'uncertain'",
);
// A relay may still hold what it has taken: who looks too early sees nothing.
await postfix?.idle();
await pause(1_000);
const there = new Set((await received()).map(({ text }) => text));
const missing = uncertain.rows.filter(({ body }) => !there.has(body));
for (const { id } of missing) await agent.retry(id);
const expected = new Set(Array.from({ length: plan.answers }, (_, nth) => `out-${nth}`));
await until("every answer is at its customer", () => arrivedOnce(expected), 60_000);

const letters = await received();
const times = Map.groupBy(letters, ({ text }) => text);
const inbound = await db.query<{ body: string; n: string }>(
  "select body, count(*) as n from message where direction = 'in' and body ~ '^in-[0-9]+$' group by body",
);
const misthreaded = await count(
  `select count(*) as n from json_to_recordset($1::json) as a(text text, "to" text)
    where not exists (select 1 from message m join message o on o.conversation_id = m.conversation_id
      where m.body = a.text and m.direction = 'in' and o.external_id = a."to")`,
  [JSON.stringify([...answers].map(([text, to]) => ({ text, to })))],
);
const copies = (): Promise<readonly string[]> =>
  inFolder({ dovecot, user: support, folder: "Sent" }, async (client) => {
    if (client.mailbox === false || client.mailbox.exists === 0) return [];
    return (await client.fetchAll("1:*", { envelope: true })).map(({ envelope }) => envelope?.messageId ?? "");
  });
// A copy is filed in its own time; of a letter over which the hub died there may be none.
const due = expected.size - uncertain.rows.length - plan.kills;
await until("the copies are filed", async () => (await copies()).length >= due, 45_000);
const filed = await copies();
const report = {
  lettersIn: inbound.rows.length,
  lettersOut: expected.size,
  kills,
  kicks,
  renumberings,
  realPostfix: postfix !== null,
  lostIn: plan.letters - inbound.rows.length,
  doubledIn: inbound.rows.filter(({ n }) => Number(n) > 1).length,
  lostOut: [...expected].filter((text) => !times.has(text)).length,
  doubledOut: [...times.values()].filter((copies) => copies.length > 1).length,
  withoutThreading: letters.filter(({ inReplyTo, references }) => inReplyTo === "" || references.length === 0).length,
  answersOfCustomers: answers.size,
  misthreaded,
  uncertain: uncertain.rows.length,
  sentAgainByAPerson: missing.length,
  doubledSentCopies: filed.length - new Set(filed).size,
  sentCopies: filed.length,
  sentCopiesMissing: Math.max(0, due - filed.length),
  deadLetters: await count("select count(*) as n from inbound_event where state = 'parked'"),
  failedOut: await count("select count(*) as n from delivery where state = 'failed'"),
  conversations: await count("select count(*) as n from conversation"),
  seconds: Math.round(seconds()),
};
const faults = [
  "lostIn",
  "doubledIn",
  "lostOut",
  "doubledOut",
  "withoutThreading",
  "misthreaded",
  "doubledSentCopies",
  "sentCopiesMissing",
  "deadLetters",
  "failedOut",
] as const;
const ok = faults.every((name) => report[name] === 0) && kills === plan.kills && renumberings === plan.renumberings;

agent.close();
customers.close();
await hub.kill("SIGKILL");
await db.end();
await relay.stop();
await dovecot.stop();
await postgres.drop();
await folder.remove();
process.stdout.write(`${JSON.stringify({ name: "soak:email", quick: values.quick, ...report, ok })}\n`);
process.exit(ok ? 0 : 1);
