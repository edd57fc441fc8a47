import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccountRef } from "#core/inbound";
import { type Scope, systemScope, userScope } from "#core/scope";
import { uuid } from "#core/uuid";
import { getContact, mergeContacts, undoMerge } from "#store/contacts";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { email, type JournalBench, journalBench, loopback, message, seedAccount } from "../support/inbound.ts";

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

const arrive = async (sender: string): Promise<string> => {
  await bench.journal.receive({ account, event: message({ sender }) });
  return bench.published.at(-1)?.row.contactId ?? "";
};
const addresses = async (id: string): Promise<string[]> =>
  (await getContact({ db: bench.db, scope, secrets: bench.secrets, id })).identities.map(({ value }) => value).sort();
const merge = (fromId: string, intoId: string) =>
  mergeContacts({ db: bench.db, scope, fromId, intoId, reason: "same person", now: new Date() });

describe("two contacts that are one person", () => {
  it("become one, keep answering under one name, and come apart exactly as they were", async () => {
    const phone = await arrive("anna-phone");
    const chat = await arrive("anna-chat");
    const { mergeId, changes } = await merge(phone, chat);
    expect(changes.map(({ prev, row }) => [row.contactId, row.version - prev])).toEqual([[chat, 1]]);
    expect(await addresses(chat)).toEqual(["anna-chat", "anna-phone"]);
    expect(await addresses(phone)).toEqual(["anna-chat", "anna-phone"]);
    expect(await arrive("anna-phone")).toBe(chat);

    await undoMerge({ db: bench.db, scope, id: mergeId, now: new Date() });
    expect(await addresses(chat)).toEqual(["anna-chat"]);
    expect(await addresses(phone)).toEqual(["anna-phone"]);
    expect(await arrive("anna-phone")).toBe(phone);
    await expect(undoMerge({ db: bench.db, scope, id: mergeId, now: new Date() })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("keep what came after the merge where it came when the merge is undone", async () => {
    const a = await arrive("late-a");
    const b = await arrive("late-b");
    const { mergeId } = await merge(a, b);
    await bench.journal.receive({
      account,
      event: message({
        thread: "late-new",
        from: {
          addresses: [
            { ...loopback("late-b"), verified: true },
            { ...email("new@example.cz"), verified: true },
          ],
        },
      }),
    });
    await undoMerge({ db: bench.db, scope, id: mergeId, now: new Date() });
    expect(await addresses(b)).toEqual(["late-b", "new@example.cz"]);
    expect(await addresses(a)).toEqual(["late-a"]);
  });

  it("cannot be merged twice, with themselves, across clients or by somebody who only looks", async () => {
    const [a, b, c] = [await arrive("twice-a"), await arrive("twice-b"), await arrive("twice-c")];
    await merge(a, b);
    await expect(merge(a, c)).rejects.toMatchObject({ code: "conflict" });
    await expect(merge(b, b)).rejects.toMatchObject({ code: "bad-request" });
    const other = await seedAccount(bench.db);
    await bench.journal.receive({ account: other, event: message({ sender: "elsewhere" }) });
    const foreign = bench.published.at(-1)?.row.contactId ?? "";
    await expect(merge(foreign, c)).rejects.toMatchObject({ code: "not-found" });
    const viewer = userScope({
      actor: scope.actor,
      grants: new Map([[account.tenantId, { role: "client_viewer", profile: "normal", alias: null, queueIds: [] }]]),
    });
    await expect(
      mergeContacts({ db: bench.db, scope: viewer, fromId: b, intoId: c, reason: "no", now: new Date() }),
    ).rejects.toMatchObject({ code: "forbidden" });
    await expect(
      mergeContacts({ db: bench.db, scope: systemScope(account), fromId: b, intoId: c, reason: "no", now: new Date() }),
    ).rejects.toMatchObject({ code: "forbidden" });
  });

  it("lose no message that arrives while they are merged", async () => {
    const a = await arrive("storm-a");
    const b = await arrive("storm-b");
    const [, ...rest] = await Promise.all([
      merge(a, b),
      ...Array.from({ length: 40 }, (_, index) =>
        bench.journal.receive({ account, event: message({ sender: "storm-a", thread: `storm-${index}` }) }),
      ),
    ]);
    expect(rest).toHaveLength(40);
    const [left] = await bench.db.query<{ n: number }>({
      text: "select count(*)::int as n from conversation where contact_id = $1",
      values: [a],
    });
    expect(left?.n).toBe(0);
  });
});
