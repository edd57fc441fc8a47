import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { array, assert, asyncProperty, integer } from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccountRef } from "#core/inbound";
import { type Scope, systemScope, userScope } from "#core/scope";
import { Refused } from "#core/refused";
import { uuid } from "#core/uuid";
import { mergeContacts } from "#store/contacts";
import { currentCursor } from "#store/feed";
import { openPrisma, type Prisma } from "#store/prisma";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { email, type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";
import { asked, type Call, inside, type Loot, now, type World } from "./tenants.cases.ts";

/**
 * A tenant's data never crosses: every function of the store that answers somebody is asked as tenant A for everything
 * of tenant B, over random data of both. A function that nobody has put into one of the two lists of tenants.cases.ts fails the first test.
 */
const folder = new URL("../../src/store/", import.meta.url);
const exported = async (): Promise<Map<string, Call>> => {
  const found = new Map<string, Call>();
  for (const file of await readdir(folder)) {
    if (!file.endsWith(".ts")) continue;
    const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      const isClass = typeof value === "function" && /^class\s/.test(Function.prototype.toString.call(value));
      if (typeof value === "function" && !isClass) found.set(`${file.slice(0, -3)}.${name}`, value as Call);
    }
  }
  return found;
};

let fresh: FreshDatabase;
let bench: JournalBench;
let prisma: Prisma;
let closePrisma: () => Promise<void>;

beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
  const opened = openPrisma({ pool: bench.db.pool });
  prisma = opened;
  closePrisma = () => opened.$disconnect();
});
afterAll(async () => {
  await closePrisma();
  await bench.close();
  await fresh.drop();
});

const administrator = (userId: string, tenantId: string): Scope =>
  userScope({
    actor: { type: "user", id: userId, name: "Administrator" },
    grants: new Map([[tenantId, { role: "admin", profile: "normal", alias: null, queueIds: [] }]]),
  });

/** Fills a tenant through the front door, with words that only it knows, and makes a user who administers it. */
const settle = async (word: string, shape: readonly number[]): Promise<{ account: AccountRef; userId: string }> => {
  const account = await seedAccount(bench.db);
  const userId = uuid();
  const { db } = bench;
  const run = (text: string, ...values: unknown[]): Promise<object[]> => db.query({ text, values });
  await run(
    "insert into app_user (id, email, name) values ($1, $2, $3)",
    userId,
    `${userId}@example.org`,
    `${word} agent`,
  );
  await run("insert into membership (tenant_id, user_id, role) values ($1, $2, 'admin')", account.tenantId, userId);
  for (const [customer, messages] of shape.entries())
    for (let index = 0; index < messages; index += 1)
      await bench.journal.receive({
        account,
        event: message({
          thread: `${word}-${customer}`,
          from: {
            addresses: [email(`customer${customer === 0 ? "" : customer}@${word}.example`)],
            name: `${word} ${customer}`,
          },
          text: `${word} says ${index}`,
        }),
      });
  await bench.journal.receive({
    account,
    event: message({ sender: word, text: `${word} poison`, sentAt: new Date(-8.64e15) }),
  });
  await run(
    "insert into canned_reply (id, tenant_id, shortcut, title, body) values ($1, $2, 'hi', $3, $3)",
    uuid(),
    account.tenantId,
    `${word} canned`,
  );
  await run(
    "insert into api_token (id, tenant_id, name, token_hash, hint, scopes, created_by) values ($1, $2, $3, $5, 'xxxx', '{read}', $4)",
    uuid(),
    account.tenantId,
    `${word} token`,
    userId,
    randomBytes(32),
  );
  const people = await db.query<{ id: string }>({
    text: "select id from contact where tenant_id = $1 order by id",
    values: [account.tenantId],
  });
  await mergeContacts({
    db,
    scope: administrator(userId, account.tenantId),
    fromId: people.at(-1)?.id ?? "",
    intoId: people.at(-2)?.id ?? "",
    reason: `${word} knows`,
    now: now(),
  });
  await run(
    `with k as (insert into call (id, tenant_id, thread_id, direction, state)
                select gen_random_uuid(), tenant_id, id, 'in', 'ended' from thread where tenant_id = $1 limit 1 returning id)
     insert into recording (id, tenant_id, call_id, blob_key, notice_version, keep_until, sha256)
     select $2, $1, id, $3, $3, now(), sha256('x') from k`,
    account.tenantId,
    uuid(),
    `${word} recording`,
  );
  // Who has no queue is seen by everybody of the tenant, and by nobody else.
  await run("update conversation set queue_id = null where tenant_id = $1 and number % 2 = 0", account.tenantId);
  const statuses = ["closed", "snoozed", "waiting"];
  await run(
    `update conversation c set status = s.status, assignee_id = $2, snoozed_until = now() + interval '1 day'
      from (select id, ($3::text[])[1 + number % 3] as status from conversation where tenant_id = $1 and number % 4 > 0) s
      where c.id = s.id`,
    account.tenantId,
    userId,
    statuses,
  );
  return { account, userId };
};

const lootOf = async (tenantId: string): Promise<Loot> => {
  const ids = async (text: string): Promise<string[]> =>
    (await bench.db.query<{ id: string }>({ text, values: [tenantId] })).map(({ id }) => id);
  return {
    tenantId,
    conversations: await ids("select id from conversation where tenant_id = $1"),
    messages: await ids("select id from message where tenant_id = $1"),
    contacts: await ids("select id from contact where tenant_id = $1 order by id"),
    threads: await ids("select id from thread where tenant_id = $1"),
    parked: await ids("select id from inbound_event where tenant_id = $1 and state = 'parked'"),
    canned: await ids("select id from canned_reply where tenant_id = $1"),
    channels: await ids("select id from channel_account where tenant_id = $1"),
    tokens: await ids("select id from api_token where tenant_id = $1"),
    queues: await ids("select id from queue where tenant_id = $1"),
    users: await ids("select user_id as id from membership where tenant_id = $1"),
    recordings: await ids("select id from recording where tenant_id = $1"),
    merges: await ids("select id from contact_merge where tenant_id = $1"),
  };
};

/** A picture of everything a tenant owns. */
const picture = async (tenantId: string): Promise<string> => {
  const tables = await bench.db.query<{ name: string }>({
    text: "select table_name as name from information_schema.columns where column_name = 'tenant_id' and table_schema = 'public' order by 1",
  });
  const parts: string[] = [];
  for (const { name } of tables) {
    const [row] = await bench.db.query<{ sum: string }>({
      text: `select coalesce(md5(string_agg(to_jsonb(t)::text, '' order by to_jsonb(t)::text)), '') as sum from "${name}" t where tenant_id = $1`,
      values: [tenantId],
    });
    parts.push(`${name} ${row?.sum}`);
  }
  return parts.join("\n");
};

describe("a tenant's data never crosses", () => {
  it("has a case for every function of the store, or a reason why there is none", async () => {
    const names = [...(await exported()).keys()];
    const missing = names.filter(
      (name) =>
        asked[name] === undefined && inside[name] === undefined && inside[name.split(".")[0] ?? ""] === undefined,
    );
    expect(missing).toEqual([]);
    expect(Object.keys(asked).filter((name) => !names.includes(name))).toEqual([]);
  });

  it("gives tenant A nothing of tenant B and changes nothing of B, whatever A asks for", async () => {
    const functions = await exported();
    const shape = array(integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 6 });
    await assert(
      asyncProperty(shape, shape, async (ours, theirs) => {
        const cursor = await currentCursor({ db: bench.db, now: now() });
        const a = await settle("qqq", ours);
        const b = await settle("zzz", theirs);
        const loot = await lootOf(b.account.tenantId);
        const scope = administrator(a.userId, a.account.tenantId);
        const own = await lootOf(a.account.tenantId);
        const world: World = { db: bench.db, prisma, bench, scope, loot, own, cursor };
        const secret = new Set(Object.values(loot).flat());
        const before = await picture(b.account.tenantId);
        for (const [name, inputs] of Object.entries(asked)) {
          for (const input of inputs(world)) {
            const answer = await Promise.resolve()
              .then(() => functions.get(name)?.(input))
              .catch((thrown: unknown) => ({ refused: thrown instanceof Refused ? thrown.code : String(thrown) }));
            const refused =
              typeof answer === "object" && answer !== null && "refused" in answer ? answer.refused : "not-found";
            // Any other refusal would tell that it exists.
            expect([name, refused]).toEqual([name, "not-found"]);
            const said = JSON.stringify(answer ?? null);
            expect([name, said.includes("zzz")]).toEqual([name, false]);
            for (const id of said.match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? [])
              expect([name, secret.has(id)]).toEqual([name, false]);
          }
        }
        expect(await picture(b.account.tenantId)).toBe(before);
      }),
      { numRuns: 5 },
    );
  }, 60_000);

  it("would notice: asked in B's own name, the same questions find B's data", async () => {
    const b = await settle("zzz", [2, 2, 1]);
    const loot = await lootOf(b.account.tenantId);
    const functions = await exported();
    const scope = systemScope({ tenantId: b.account.tenantId });
    const world: World = { db: bench.db, prisma, bench, scope, loot, own: loot, cursor: "1.0.9999999999" };
    for (const name of [
      "conversations.listView",
      "conversations.openConversation",
      "messages.messagesSince",
      "contacts.getContact",
      "feed.syncFeed",
      "dead-letters.listDeadLetters",
    ]) {
      const answers = await Promise.all((asked[name]?.(world) ?? []).map((input) => functions.get(name)?.(input)));
      expect([name, JSON.stringify(answers).includes("zzz")]).toEqual([name, true]);
    }
  });
});
