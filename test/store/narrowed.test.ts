import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccountRef } from "#core/inbound";
import { type Scope, systemScope } from "#core/scope";
import { uuid } from "#core/uuid";
import { listView } from "#store/conversations";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";

let fresh: FreshDatabase;
let bench: JournalBench;
let account: AccountRef;
let scope: Scope;

beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
  account = await seedAccount(bench.db);
  scope = systemScope({ tenantId: account.tenantId });
  for (let index = 0; index < 5; index += 1)
    await bench.journal.receive({ account, event: message({ sender: `reader-${index}`, text: `Dotaz ${index}` }) });
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

describe("the inbox list", () => {
  it("is narrowed by channel, tag, person, urgency and waiting customers", async () => {
    const find = async (view: object): Promise<string[]> =>
      (await listView({ db: bench.db, scope, view: { kind: "all", ...view } })).rows.map(({ id }) => id);
    const [first = "", second = "", third = ""] = await find({});
    const person = uuid();
    await bench.db.query({
      text: "insert into app_user (id, email, name) values ($1, $2, 'Somebody')",
      values: [person, `${person}@filter.test`],
    });
    await bench.db.query({
      text: `update conversation set tags = case when id = $1 then '{vip}'::text[] else tags end,
          priority = case when id = $2 then 1 else 0 end, assignee_id = case when id = $3 then $4::uuid end,
          waiting_since = case when id = $1 then null else waiting_since end
        where id = any(array[$1, $2, $3]::uuid[])`,
      values: [first, second, third, person],
    });
    expect(await find({ tag: "vip" })).toEqual([first]);
    expect(await find({ urgent: true })).toEqual([second]);
    expect(await find({ assigneeId: person })).toEqual([third]);
    expect(await find({ unanswered: true })).toEqual((await find({})).filter((id) => id !== first));
    expect(await find({ channel: "carrier-pigeon" })).toEqual([]);
    expect(await find({ channel: account.channel })).toEqual(await find({}));
    expect(await find({ assigneeId: "nobody" })).toEqual([]);
  });
});
