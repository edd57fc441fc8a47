import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccountRef } from "#core/inbound";
import { type Scope, userScope } from "#core/scope";
import { uuid } from "#core/uuid";
import { recordMarketing, updateContact } from "#store/contact-edit";
import { mayMarket } from "#store/consents";
import { getContact, mergeContacts } from "#store/contacts";
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
  const userId = uuid();
  await bench.db.query({
    text: "insert into app_user (id, email, name) values ($1, 'agent@example.org', 'Agent')",
    values: [userId],
  });
  scope = userScope({
    actor: { type: "user", id: userId, name: "Agent" },
    grants: new Map([[account.tenantId, { role: "agent", profile: "normal", alias: null, queueIds: [] }]]),
  });
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

const arrives = async (sender: string): Promise<string> => {
  await bench.journal.receive({ account, event: message({ sender }) });
  return bench.published.at(-1)?.row.contactId ?? "";
};
const writes = async (own = false): Promise<string> => {
  await bench.journal.receive({ account, event: message({ sender: "jana", thread: "jana", own }) });
  return bench.published.at(-1)?.row.contactId ?? "";
};
const contact = (id: string) => getContact({ db: bench.db, scope, secrets: bench.secrets, id });

describe("where a customer likes to be answered", () => {
  it("is learned from three answers on one channel, and set by an agent over that; forgotten, it is learned again", async () => {
    const id = await writes();
    expect((await contact(id)).preferred).toBeNull();
    await writes(true);
    await writes();
    await writes();
    expect((await contact(id)).preferred).toBeNull();
    await writes();
    const learned = { channel: account.channel, source: "learned" };
    expect((await contact(id)).preferred).toEqual(learned);
    const set = { channel: "email", source: "stated" as const };
    await updateContact({ db: bench.db, scope, id, preferred: set });
    expect((await contact(id)).preferred).toEqual(set);
    await updateContact({ db: bench.db, scope, id, preferred: null });
    expect((await contact(id)).preferred).toEqual(learned);
  });

  it("and whether they want marketing is the last word in the ledger, which keeps all of them", async () => {
    const id = await writes();
    const at = Date.now();
    for (const [later, state] of (["granted", "withdrawn"] as const).entries())
      await recordMarketing({ db: bench.db, scope, id, state, now: new Date(at + later) });
    expect((await contact(id)).marketing).toBe("withdrawn");
    const rows = await bench.db.query<{ state: string; evidence: unknown }>({
      text: "select state, evidence from consent where contact_id = $1 order by created_at",
      values: [id],
    });
    expect(rows.map(({ state }) => state)).toEqual(["granted", "withdrawn"]);
    expect(rows[0]?.evidence).toMatchObject({ heardBy: scope.actor.id });
  });

  it("follows a merge: who withdrew under another record has withdrawn", async () => {
    const [kept, merged] = [await writes(), await arrives("jana-doma")];
    const at = Date.now() + 1_000;
    await recordMarketing({ db: bench.db, scope, id: kept, state: "granted", now: new Date(at) });
    await recordMarketing({ db: bench.db, scope, id: merged, state: "withdrawn", now: new Date(at + 1) });
    const ask = { q: bench.db, tenantId: account.tenantId, contactId: kept, channel: "email", now: new Date(at + 2) };
    expect(await mayMarket(ask)).toBe(true);
    await mergeContacts({ db: bench.db, scope, fromId: merged, intoId: kept, reason: "one person", now: new Date() });
    expect(await mayMarket(ask)).toBe(false);
    expect((await contact(kept)).marketing).toBe("withdrawn");
  });
});
