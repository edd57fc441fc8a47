import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Grant, type Scope, systemScope, userScope } from "#core/scope";
import type { AccountRef } from "#core/inbound";
import { uuid } from "#core/uuid";
import { getContact, searchContacts } from "#store/contacts";
import { listView, openConversation, viewCounts } from "#store/conversations";
import { currentCursor, syncFeed } from "#store/feed";
import { messagesBefore, messagesSince } from "#store/messages";
import { messageSource } from "#store/sources";
import { transcript } from "#store/transcript";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { email, type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";

let fresh: FreshDatabase;
let bench: JournalBench;
let account: AccountRef;
let scope: Scope;

beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
  account = await seedAccount(bench.db);
  scope = systemScope({ tenantId: account.tenantId });
  for (let index = 0; index < 30; index += 1)
    await bench.journal.receive({
      account,
      event: message({ sender: `reader-${index % 10}`, text: `Dotaz číslo ${index}` }),
    });
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

const agent = (grant: Partial<Grant>): Scope =>
  userScope({
    actor: { type: "user", id: uuid(), name: "Agent" },
    grants: new Map([[account.tenantId, { role: "agent", profile: "normal", alias: null, queueIds: [], ...grant }]]),
  });

describe("the inbox list", () => {
  it("pages through every conversation once, newest first", async () => {
    const seen: string[] = [];
    const times: number[] = [];
    let after: string | undefined;
    do {
      const page = await listView({
        db: bench.db,
        scope,
        view: { kind: "all" },
        limit: 3,
        ...(after === undefined ? {} : { after }),
      });
      seen.push(...page.rows.map(({ id }) => id));
      times.push(...page.rows.map(({ lastAt }) => lastAt.getTime()));
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(new Set(seen).size).toBe(10);
    expect(seen).toHaveLength(10);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(await viewCounts({ db: bench.db, scope })).toEqual({ mine: 0, unassigned: 10, all: 10, snoozed: 0 });
  });

  it("finds a conversation by a word in another case and without accents, by contact and by number", async () => {
    const find = async (query: string): Promise<string[]> =>
      (await listView({ db: bench.db, scope, view: { kind: "all", query } })).rows.map(
        ({ contactName }) => contactName,
      );
    await bench.journal.receive({
      account,
      event: message({ sender: "Božena Němcová", text: "Ztratila jsem peněženku v Černošicích" }),
    });
    expect(await find("penezenka")).toEqual(["Božena Němcová"]);
    expect(await find("nemcove")).toEqual(["Božena Němcová"]);
    expect(await find("#11")).toEqual(["Božena Němcová"]);
    expect(await find("vanoce")).toEqual([]);
  });

  it("confirms no guess to an agent from whom personal data is masked: by number yes, by words, digits or address no", async () => {
    const secret = "602777123";
    await bench.journal.receive({
      account,
      event: message({
        from: { addresses: [{ ...email("tajna@private.example"), verified: true }], name: "Radomila Skrytá" },
        thread: "guess",
        text: `Volejte ${secret} nebo pište na tajna@private.example`,
      }),
    });
    const guesses = [secret, "602", "tajna@private.example", "private", "radomila", "skryta"];
    const elsewhere = await seedAccount(bench.db);
    await bench.journal.receive({ account: elsewhere, event: message({ sender: "other", text: secret }) });
    const both = (profile: Grant["profile"]): Scope =>
      userScope({
        actor: { type: "user", id: uuid(), name: "Agent" },
        grants: new Map(
          [account.tenantId, elsewhere.tenantId].map((id) => [
            id,
            {
              role: "agent",
              profile: id === account.tenantId ? profile : "normal",
              alias: null,
              queueIds: [],
            },
          ]),
        ),
      });
    const rows = async (asking: Scope, query: string): Promise<readonly string[]> =>
      (await listView({ db: bench.db, scope: asking, view: { kind: "all", query } })).rows
        .filter(({ tenantId }) => tenantId === account.tenantId)
        .map(({ number }) => `#${number}`);
    const people = (asking: Scope, query: string) =>
      searchContacts({ db: bench.db, scope: asking, secrets: bench.secrets, tenantId: account.tenantId, query });
    for (const guess of guesses)
      expect([guess, await rows(both("normal"), guess)]).toEqual([guess, [expect.anything()]]);
    const [number = ""] = await rows(both("normal"), secret);
    for (const profile of ["restricted", "crisis"] as const) {
      for (const guess of guesses) {
        expect([guess, await rows(both(profile), guess)]).toEqual([guess, []]);
        expect(await people(both(profile), guess)).toEqual([]);
      }
      expect(await rows(both(profile), number)).toEqual([number]);
      expect(await rows(both(profile), number.slice(1))).toEqual([number]);
      const page = await listView({ db: bench.db, scope: both(profile), view: { kind: "all", query: secret } });
      expect(page.rows.map(({ tenantId }) => tenantId)).toEqual([elsewhere.tenantId]);
    }
    expect(await people(both("normal"), "tajna@private.example")).toHaveLength(1);
  });

  it("shows an agent of one queue neither rows nor counts of another", async () => {
    const blind = agent({ queueIds: [uuid()] });
    expect((await listView({ db: bench.db, scope: blind, view: { kind: "all" } })).rows).toEqual([]);
    expect((await viewCounts({ db: bench.db, scope: blind })).all).toBe(0);
    const seeing = agent({ queueIds: [account.queueId ?? ""] });
    expect((await listView({ db: bench.db, scope: seeing, view: { kind: "all" } })).rows.length).toBeGreaterThan(0);
  });
});

describe("one conversation", () => {
  const openOne = async () => {
    const { rows } = await listView({ db: bench.db, scope, view: { kind: "all", query: "reader-3" } });
    return rows[0]?.id ?? "";
  };

  it("opens with its contact's readable address, its thread and its newest page", async () => {
    const detail = await openConversation({
      db: bench.db,
      scope,
      secrets: bench.secrets,
      id: await openOne(),
      limit: 2,
    });
    expect(detail.contact.identities.map(({ value, display }) => [value, display])).toEqual([["reader-3", "•••r-3"]]);
    expect(detail.threads).toMatchObject([{ channel: "loopback", accountName: "Account", active: true }]);
    expect(detail.messages.map(({ seq, body }) => [seq, body])).toEqual([
      [2, "Dotaz číslo 13"],
      [3, "Dotaz číslo 23"],
    ]);
    expect(detail.more).toBe(true);
    const older = await messagesBefore({ db: bench.db, scope, id: detail.row.id, seq: 2 });
    expect(older.messages.map(({ seq }) => seq)).toEqual([1]);
    expect(older.more).toBe(false);
  });

  it("gives what changed above a version page by page, nothing twice and nothing left out", async () => {
    const id = await openOne();
    const got: number[] = [];
    let version = 0;
    for (;;) {
      const page = await messagesSince({ db: bench.db, scope, id, version, limit: 1 });
      got.push(...page.messages.map(({ seq }) => seq));
      version = Math.max(version, ...page.messages.map((message) => message.version));
      if (!page.more) break;
    }
    expect(got).toEqual([1, 2, 3]);
  });

  it("is not found by somebody of another tenant", async () => {
    const stranger = systemScope({ tenantId: uuid() });
    await expect(
      openConversation({ db: bench.db, scope: stranger, secrets: bench.secrets, id: await openOne() }),
    ).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("the feed", () => {
  /** The position once it has passed all that is stored: other tests' transactions on the same server hold it back. */
  const settled = async (): Promise<string> => {
    const passed = (): Promise<{ all: boolean }[]> =>
      bench.db.query({
        text: "select coalesce(max(xid) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint, true) as all from event",
        values: [],
      });
    while ((await passed())[0]?.all !== true) await new Promise((resolve) => setTimeout(resolve, 10));
    return currentCursor({ db: bench.db, now: new Date() });
  };

  it("gives exactly what changed since a position: whole for held conversations, the row alone for others", async () => {
    const start = await settled();
    await bench.journal.receive({ account, event: message({ sender: "reader-1", text: "first" }) });
    await bench.journal.receive({ account, event: message({ sender: "reader-1", text: "second" }) });
    await bench.journal.receive({ account, event: message({ sender: "reader-2", text: "third" }) });
    const [held] = (await listView({ db: bench.db, scope, view: { kind: "all", query: "reader-1" } })).rows;
    const have = [{ id: held?.id ?? "", version: (held?.version ?? 0) - 2 }];
    const page = await syncFeed({ db: bench.db, scope, cursor: start, have, now: new Date() });
    expect(page).toMatchObject({ more: false, reset: false });
    const told = page.changes.map(({ prev, row, messages }) => [
      row.contactName,
      row.version - prev,
      messages.map(({ body }) => body),
    ]);
    expect(new Set(told)).toEqual(
      new Set([
        ["reader-1", 2, ["first", "second"]],
        ["reader-2", 0, []],
      ]),
    );
  });

  it("tells a client whose position is too old, or of another database, to read its views anew", async () => {
    const cursor = await currentCursor({ db: bench.db, now: new Date(Date.now() - 15 * 86_400_000) });
    for (const bad of [cursor, "nonsense", "9999999999.0.9999999999"]) {
      const page = await syncFeed({ db: bench.db, scope, cursor: bad, have: [], now: new Date() });
      expect(page).toMatchObject({ reset: true, changes: [] });
    }
  });

  it("never skips what a slow transaction commits after a quick one", async () => {
    const start = await settled();
    const slow = await bench.db.pool.connect();
    const [row] = (await listView({ db: bench.db, scope, view: { kind: "all", query: "reader-5" } })).rows;
    await slow.query("begin");
    await slow.query(
      "insert into event (tenant_id, conversation_id, type, version) values ($1, $2, 'message.added', 1)",
      [account.tenantId, row?.id],
    );
    await bench.journal.receive({ account, event: message({ sender: "reader-6", text: "quick" }) });
    const early = await syncFeed({ db: bench.db, scope, cursor: start, have: [], now: new Date() });
    await slow.query("commit");
    slow.release();
    const late = await syncFeed({ db: bench.db, scope, cursor: early.cursor, have: [], now: new Date() });
    const names = ({ changes }: typeof early): string[] => changes.map((change) => change.row.contactName).sort();
    // What is committed is told at once although something older is still running; the cursor waits for that.
    expect(names(early)).toContain("reader-6");
    expect(names(early)).not.toContain("reader-5");
    expect(names(late)).toContain("reader-5");
  });

  it("gives a long absence page by page, every conversation at least once, and comes to an end", async () => {
    const start = await settled();
    const senders = Array.from({ length: 9 }, (_, index) => `reader-${index}`);
    for (const sender of [...senders, ...senders])
      await bench.journal.receive({ account, event: message({ sender, text: "while you were away" }) });
    const seen = new Set<string>();
    let cursor = start;
    let pages = 0;
    for (let more = true; more; pages += 1) {
      expect(pages).toBeLessThan(30);
      const page = await syncFeed({ db: bench.db, scope, cursor, have: [], limit: 3, now: new Date() });
      expect(page.changes.length).toBeLessThanOrEqual(3);
      for (const { row } of page.changes) seen.add(row.contactName);
      ({ cursor, more } = page);
    }
    expect([...seen].sort()).toEqual(senders);
    expect(pages).toBeGreaterThan(3);
  });
});

describe("people", () => {
  it("are found by name without accents and by a whole address, and shown masked", async () => {
    await bench.journal.receive({
      account,
      event: message({
        thread: "mail-1",
        from: { addresses: [email("Jan.Novak@Example.cz")], name: "Jan Novák" },
      }),
    });
    const find = (query: string) =>
      searchContacts({ db: bench.db, scope, secrets: bench.secrets, tenantId: account.tenantId, query });
    for (const query of ["novak", "Nováka", "jan.novak@example.cz"])
      expect(await find(query)).toMatchObject([{ name: "Jan Novák", identities: ["J•••@e•••.cz".toLowerCase()] }]);
    expect(await find("jan.novak@example.c")).toEqual([]);
    const [hit] = await find("novak");
    const contact = await getContact({ db: bench.db, scope, secrets: bench.secrets, id: hit?.id ?? "" });
    expect(contact.conversations).toHaveLength(1);
  });
});

describe("what the customer sees of the thread", () => {
  it("holds their own lines in order and pages both ways", async () => {
    const read = (page: { after?: number; before?: number; limit: number }) =>
      transcript({
        db: bench.db,
        tenantId: account.tenantId,
        accountId: account.id,
        thread: "reader-9",
        page,
        fileUrl: ({ key }) => key,
      });
    const all = await read({ before: Infinity, limit: 10 });
    expect(all.lines.map(({ text }) => text)).toEqual(["Dotaz číslo 9", "Dotaz číslo 19", "Dotaz číslo 29"]);
    const newest = await read({ before: Infinity, limit: 2 });
    expect(newest.lines.map(({ text }) => text)).toEqual(["Dotaz číslo 19", "Dotaz číslo 29"]);
    expect(newest.more).toBe(true);
    const on = await read({ after: all.lines[0]?.seq ?? 0, limit: 10 });
    expect(on.lines.map(({ text }) => text)).toEqual(["Dotaz číslo 19", "Dotaz číslo 29"]);
    expect(on.lines[0]?.clientId).toMatch(/^id-/);
  });
});

describe("what a channel sent", () => {
  it("is found again for its message, byte for byte", async () => {
    await bench.journal.receive({
      account,
      event: message({ sender: "source", raw: { bytes: Buffer.from("as it came") } }),
    });
    const [stored] = bench.published.at(-1)?.messages ?? [];
    const source = await messageSource({ db: bench.db, scope, messageId: stored?.id ?? "" });
    expect(source?.raw?.toString()).toBe("as it came");
  });
});
