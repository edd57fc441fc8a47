import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startJournal } from "#runtime/journal";
import { type Db, DatabaseUnavailable } from "#store/db";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";

let fresh: FreshDatabase;
let bench: JournalBench;
beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

it("shows what was stored although the answer to the commit was lost, also when the database was away right after", async () => {
  const account = await seedAccount(bench.db);
  let answers = 0;
  let asked = 0;
  const db: Db = {
    ...bench.db,
    tx: async (work, options) => {
      const value = await bench.db.tx(work, options);
      answers += 1;
      if (answers === 1) throw new DatabaseUnavailable(new Error("cut off"), { maybeStored: true });
      return value;
    },
    query: async (statement) => {
      asked += 1;
      if (asked <= 2) throw new DatabaseUnavailable(new Error("still away"));
      return bench.db.query(statement);
    },
  };
  const changes = vi.fn();
  const { files, secrets } = bench;
  const quiet = () => undefined;
  const journal = startJournal({
    db,
    files,
    secrets,
    publisher: { changes, customerTyping: quiet, tell: quiet },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    now: () => new Date(),
  });
  const event = message({ text: "Jsem tu" });
  await expect(journal.receive({ account, event })).rejects.toThrow(DatabaseUnavailable);
  // The channel delivers again, as it must: the message is known, so nobody is told of it a second time.
  await journal.receive({ account, event });
  await vi.waitFor(() => expect(changes).toHaveBeenCalledTimes(1), { timeout: 5_000 });
  expect(changes.mock.lastCall?.[0]).toMatchObject([{ messages: [{ body: "Jsem tu" }] }]);
  await journal.stop();
});
