import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

const rows = <T extends object>(text: string, values: unknown[]): Promise<T[]> => bench.db.query<T>({ text, values });

describe("what arrives is stored once, whole and in order", () => {
  it("stores a message that is delivered three times at once as one row", async () => {
    const account = await seedAccount(bench.db);
    const event = message({ id: "same" });
    await Promise.all([1, 2, 3].map(() => bench.journal.receive({ account, event })));
    await bench.journal.receive({ account, event });
    expect(await rows("select seq from message where account_id = $1", [account.id])).toEqual([{ seq: 1 }]);
  });

  it("gives five simultaneous first messages of each of twenty new customers to twenty conversations", async () => {
    const account = await seedAccount(bench.db);
    const events = Array.from({ length: 100 }, (_, index) =>
      message({ sender: `new-${index % 20}`, id: `first-${index}`, text: `new-${index % 20} says ${index}` }),
    );
    await Promise.all(events.map((event) => bench.journal.receive({ account, event })));
    const filed = await rows<{ contact: string; seqs: number[]; texts: string[] }>(
      `select k.name as contact, array_agg(m.seq order by m.seq) as seqs, array_agg(m.body) as texts
        from message m join conversation c on c.id = m.conversation_id join contact k on k.id = c.contact_id
        where m.account_id = $1 group by c.id, k.name`,
      [account.id],
    );
    expect(filed).toHaveLength(20);
    for (const { contact, seqs, texts } of filed) {
      expect(seqs).toEqual([1, 2, 3, 4, 5]);
      expect(texts.every((text) => text.startsWith(`${contact} says`))).toBe(true);
    }
    const numbers = await rows<{ number: number }>(
      "select number from conversation where tenant_id = $1 order by number",
      [account.tenantId],
    );
    expect(numbers.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });
});
