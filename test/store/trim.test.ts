import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { remoteId, threadKey } from "#contract";
import type { AccountRef } from "#core/inbound";
import { systemScope } from "#core/scope";
import { listDeadLetters } from "#store/dead-letters";
import { currentCursor, syncFeed } from "#store/feed";
import { giveUpWaiting, trimEvents } from "#store/trim";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";

let fresh: FreshDatabase;
let bench: JournalBench;
let account: AccountRef;

const day = 86_400_000;
const start = Date.now();
const after = (days: number): Date => new Date(start + days * day);

beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
  account = await seedAccount(bench.db);
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

const all = async (trim: typeof trimEvents, now: Date, most: number): Promise<number> => {
  for (let steps = 1; ; steps += 1) if (!(await trim({ db: bench.db, now, most }))) return steps;
};

describe("the event log", () => {
  it("is trimmed in small steps after fifteen days, and a screen away for longer is told to read anew", async () => {
    const scope = systemScope({ tenantId: account.tenantId });
    const cursor = await currentCursor({ db: bench.db, now: after(0) });
    for (let index = 0; index < 25; index += 1)
      await bench.journal.receive({ account, event: message({ sender: `trim-${index}` }) });
    const events = async (): Promise<number> =>
      (await bench.db.query({ text: "select 1 from event where tenant_id = $1", values: [account.tenantId] })).length;
    expect(await events()).toBe(25);
    expect(await all(trimEvents, after(14.9), 10)).toBe(1);
    expect(await events()).toBe(25);

    // Read slowly, page by page: the position must not become younger than the events above it.
    const page = await syncFeed({ db: bench.db, scope, cursor, have: [], limit: 3, now: after(10) });
    expect(page).toMatchObject({ more: true, reset: false });
    const next = await syncFeed({ db: bench.db, scope, cursor: page.cursor, have: [], limit: 3, now: after(13.9) });
    expect(next).toMatchObject({ more: true, reset: false });

    expect(await all(trimEvents, after(15.1), 10)).toBe(3);
    expect(await events()).toBe(0);
    for (const old of [cursor, page.cursor, next.cursor]) {
      const late = await syncFeed({ db: bench.db, scope, cursor: old, have: [], now: after(15.1) });
      expect(late).toMatchObject({ changes: [], reset: true });
    }
  });

  it("keeps the age of the first page to the last one, whose position is no younger than the reading", async () => {
    const scope = systemScope({ tenantId: account.tenantId });
    const cursor = await currentCursor({ db: bench.db, now: after(0) });
    for (let index = 0; index < 5; index += 1)
      await bench.journal.receive({ account, event: message({ sender: `last-${index}` }) });
    const first = await syncFeed({ db: bench.db, scope, cursor, have: [], limit: 3, now: after(1) });
    const last = await syncFeed({ db: bench.db, scope, cursor: first.cursor, have: [], limit: 3, now: after(13) });
    expect([first.more, last.more]).toEqual([true, false]);
    expect(await syncFeed({ db: bench.db, scope, cursor: last.cursor, have: [], now: after(16) })).toMatchObject({
      reset: true,
    });
  });
});

describe("news whose message never came", () => {
  const at = new Date(start);
  const thread = threadKey("nowhere");
  const states = (): Promise<{ type: string; state: string; error: string | null }[]> =>
    bench.db.query({
      text: "select type, state, error from inbound_event where account_id = $1 and dedupe_key like '_:gone%' order by type",
      values: [account.id],
    });

  it("is shown to an admin after seven days with its reason; a receipt is closed with its reason", async () => {
    const id = remoteId("gone");
    await bench.journal.receive({ account, event: { type: "edit", thread, id, text: "never seen", at } });
    await bench.journal.receive({ account, event: { type: "revoke", thread, id, at } });
    await bench.journal.receive({
      account,
      event: { type: "reaction", thread, id, actor: "customer", emoji: "👍", at },
    });
    await bench.journal.receive({ account, event: { type: "receipt", thread, id, state: "read", at } });
    await all(giveUpWaiting, after(6.9), 3);
    expect((await states()).map(({ state }) => state)).toEqual(["waiting", "waiting", "waiting", "waiting"]);

    expect(await all(giveUpWaiting, after(7.1), 3)).toBe(2);
    const reason = (type: string): string => `The message this ${type} is about did not come within 7 days.`;
    expect(await states()).toEqual([
      { type: "edit", state: "parked", error: reason("edit") },
      { type: "reaction", state: "parked", error: reason("reaction") },
      { type: "receipt", state: "done", error: reason("receipt") },
      { type: "revoke", state: "parked", error: reason("revoke") },
    ]);
    const scope = systemScope({ tenantId: account.tenantId });
    const { items } = await listDeadLetters({ db: bench.db, scope });
    expect(items.map(({ type }) => type).sort()).toEqual(["edit", "reaction", "revoke"]);

    // The message comes after all: an admin replays what waited for it.
    await bench.journal.receive({ account, event: message({ sender: "gone", id: "gone", text: "first words" }) });
    for (const item of items.filter(({ type }) => type === "edit")) await bench.journal.replay({ scope, id: item.id });
    expect((await states())[0]).toMatchObject({ type: "edit", state: "done" });
    const [stored] = await bench.db.query<{ body: string }>({
      text: "select body from message where account_id = $1 and external_id = 'gone'",
      values: [account.id],
    });
    expect(stored?.body).toBe("never seen");
  });
});
