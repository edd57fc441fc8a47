import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { threadKey } from "#contract";
import type { AccountRef } from "#core/inbound";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";

let fresh: FreshDatabase;
let bench: JournalBench;
let account: AccountRef;

beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
  account = await seedAccount(bench.db);
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

const query = <T extends object>(text: string, ...values: unknown[]): Promise<T[]> =>
  bench.db.query<T>({ text, values });

describe("a customer who types", () => {
  it("is shown in their conversation, and nothing of it is stored", async () => {
    await bench.journal.receive({ account, event: message({ sender: "typist" }) });
    const conversationId = bench.published.at(-1)?.row.id;
    const before = await query("select count(*)::int as n from inbound_event");
    await bench.journal.receive({ account, event: { type: "typing", thread: threadKey("typist"), active: true } });
    await bench.journal.receive({ account, event: { type: "typing", thread: threadKey("unknown"), active: true } });
    expect(bench.typing).toEqual([{ conversationId, active: true }]);
    expect(await query("select count(*)::int as n from inbound_event")).toEqual(before);
  });
});

describe("a journal that is full or stopped", () => {
  it("refuses more than five thousand waiting events, so that the channel keeps them", async () => {
    const account = await seedAccount(bench.db);
    const blocker = await bench.db.pool.connect();
    await blocker.query("begin");
    await blocker.query("lock table inbound_event in access exclusive mode");
    const waiting = Array.from({ length: 5_000 }, (_, index) =>
      bench.journal.receive({ account, event: message({ sender: `full-${index % 100}` }) }),
    );
    await expect(bench.journal.receive({ account, event: message() })).rejects.toMatchObject({ code: "unavailable" });
    const refusing = bench.journal.stats();
    expect(refusing.waiting).toBe(5_000);
    await blocker.query("rollback");
    blocker.release();
    await Promise.all(waiting);
    await bench.journal.receive({ account, event: message() });
    expect(bench.journal.stats().waiting).toBe(0);
  });

  it("settles what it took before it stops, and takes nothing more", async () => {
    const own = await journalBench({ url: fresh.url });
    const account = await seedAccount(own.db);
    const taken = Array.from({ length: 20 }, () => own.journal.receive({ account, event: message() }));
    await own.journal.stop();
    await Promise.all(taken);
    await expect(own.journal.receive({ account, event: message() })).rejects.toMatchObject({ code: "unavailable" });
    expect(await query("select from message where account_id = $1", account.id)).toHaveLength(20);
    await own.close();
  });
});
