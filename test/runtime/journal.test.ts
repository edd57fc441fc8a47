import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Attachment, remoteId } from "#contract";
import type { AccountRef } from "#core/inbound";
import { systemScope } from "#core/scope";
import { uuid } from "#core/uuid";
import { startJournal } from "#runtime/journal";
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
const attachment = (o: { text?: string; delay?: Promise<unknown>; fails?: boolean } = {}): Attachment => ({
  name: "příloha.txt",
  mimeType: "text/plain",
  bytes: 5,
  open: async () => {
    await o.delay;
    if (o.fails === true) throw new Error("the channel forgot the file");
    return (async function* () {
      yield Buffer.from(o.text ?? "hello");
    })();
  },
});
/** PostgreSQL has no such year: an item that no retry can file. */
const poison = (id: string) => message({ id, sender: `sender-${id}`, sentAt: new Date(-8.64e15) });

describe("group commit", () => {
  it("costs the same number of statements for one message as for four hundred", async () => {
    await bench.journal.receive({ account, event: message({ sender: "warm" }) });
    const cost = async (events: number): Promise<{ statements: number; batches: number }> => {
      const before = { statements: bench.db.statements(), batches: bench.journal.stats().batches };
      await Promise.all(
        Array.from({ length: events }, (_, index) =>
          bench.journal.receive({ account, event: message({ sender: `cost-${index % 50}`, replyTo: "unknown" }) }),
        ),
      );
      return {
        statements: bench.db.statements() - before.statements,
        batches: bench.journal.stats().batches - before.batches,
      };
    };
    await cost(50);
    const one = await cost(1);
    const many = await cost(400);
    expect(one.batches).toBe(1);
    expect(many.batches).toBe(1);
    expect(many.statements).toBe(one.statements);
    expect(one.statements).toBeLessThanOrEqual(7);
  });

  it("publishes every message once, in versions without a hole, and only after it is stored", async () => {
    const account = await seedAccount(bench.db);
    const from = bench.published.length;
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        bench.journal.receive({ account, event: message({ sender: `steps-${index % 3}` }) }),
      ),
    );
    const steps = bench.published.slice(from);
    const versions = new Map<string, number>();
    for (const { prev, row, messages } of steps) {
      expect(versions.get(row.id) ?? 0).toBe(prev);
      expect(messages.map(({ version }) => version)).toEqual(messages.map((_, index) => prev + index + 1));
      versions.set(row.id, row.version);
    }
    expect([...versions.values()]).toEqual([20, 20, 20]);
    const stored = await query<{ version: number; seq: number }>(
      "select version, last_seq as seq from conversation where tenant_id = $1",
      account.tenantId,
    );
    expect(stored).toEqual([20, 20, 20].map((version) => ({ version, seq: version })));
  });

  it("takes several messages of one customer with a repeat in the middle, in their order", async () => {
    const account = await seedAccount(bench.db);
    const events = Array.from({ length: 10 }, (_, index) => message({ id: `ten-${index}`, text: `${index}` }));
    await Promise.all([...events, ...events].map((event) => bench.journal.receive({ account, event })));
    const stored = await query<{ body: string }>(
      "select body from message where account_id = $1 order by seq",
      account.id,
    );
    expect(stored.map(({ body }) => body)).toEqual(events.map(({ text }) => text));
  });

  it("lets two hubs on one database file the same events without a double or a second conversation", async () => {
    const account = await seedAccount(bench.db);
    const other = await journalBench({ url: fresh.url });
    const events = Array.from({ length: 200 }, (_, index) =>
      message({ sender: `twin-${index % 20}`, id: `twin-${index}` }),
    );
    await Promise.all(
      events.flatMap((event, index) => [
        bench.journal.receive({ account, event }),
        other.journal.receive({ account, event: events[events.length - 1 - index] ?? event }),
      ]),
    );
    await other.close();
    const [counts] = await query(
      `select (select count(*)::int from message where account_id = $1) as messages,
        (select count(*)::int from conversation where tenant_id = $2) as conversations,
        (select count(*)::int from contact where tenant_id = $2) as contacts,
        (select max(number) from conversation where tenant_id = $2) as number`,
      account.id,
      account.tenantId,
    );
    expect(counts).toEqual({ messages: 200, conversations: 20, contacts: 20, number: 20 });
    expect(bench.warnings).toEqual([]);
  });
});

describe("what cannot be filed", () => {
  it("is parked alone with its reason while the rest of its batch goes through", async () => {
    const account = await seedAccount(bench.db);
    const good = Array.from({ length: 20 }, (_, index) => message({ sender: `good-${index}` }));
    await Promise.all(
      [...good.slice(0, 7), poison("poison-1"), ...good.slice(7)].map((event) =>
        bench.journal.receive({ account, event }),
      ),
    );
    const [counts] = await query("select count(*)::int as n from message where account_id = $1", account.id);
    expect(counts).toEqual({ n: 20 });
    const parked = await query<{ dedupe: string; error: string; raw: Buffer }>(
      "select dedupe_key as dedupe, error, raw from inbound_event where account_id = $1 and state = 'parked'",
      account.id,
    );
    expect(parked).toMatchObject([{ dedupe: "m:poison-1", error: expect.stringContaining("out of range") }]);
    expect(parked[0]?.raw.toString()).toContain("counter");
    await bench.journal.receive({ account, event: poison("poison-1") });
    expect(
      await query("select from inbound_event where account_id = $1 and state = 'parked'", account.id),
    ).toHaveLength(1);
  });

  it("is replayed by an admin of its tenant once it is mended, and by nobody else", async () => {
    const account = await seedAccount(bench.db);
    await bench.journal.receive({ account, event: poison("poison-2") });
    const [parked] = await query<{ id: string }>("select id from inbound_event where account_id = $1", account.id);
    const id = parked?.id ?? "";
    const scope = systemScope({ tenantId: account.tenantId });
    await expect(bench.journal.replay({ scope, id })).rejects.toMatchObject({ code: "failed" });
    await query(
      `update inbound_event set payload = jsonb_set(payload, '{sentAt}', '"2026-11-23T10:00:00Z"') where id = $1`,
      id,
    );
    const stranger = systemScope({ tenantId: uuid() });
    await expect(bench.journal.replay({ scope: stranger, id })).rejects.toMatchObject({ code: "not-found" });
    await bench.journal.replay({ scope, id });
    expect(await query("select state, message_id is not null as filed from inbound_event where id = $1", id)).toEqual([
      { state: "done", filed: true },
    ]);
    await expect(bench.journal.replay({ scope, id })).rejects.toMatchObject({ code: "not-found" });
  });

  it("shows what a connector could not read, and files it when the connector has learnt to", async () => {
    const account = await seedAccount(bench.db);
    const learnt = message({ id: "learnt", text: "now readable" });
    const journal = startJournal({
      db: bench.db,
      files: bench.files,
      secrets: bench.secrets,
      publisher: { changes: () => undefined, customerTyping: () => undefined, tell: () => undefined },
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      now: () => new Date(),
      connection: () => ({
        reparse: (raw) => Promise.resolve([{ ...learnt, text: `${learnt.text}: ${Buffer.from(raw).toString()}` }]),
      }),
    });
    await journal.receive({
      account,
      event: {
        type: "unparsed",
        id: remoteId("odd"),
        reason: "unknown shape",
        raw: { bytes: Buffer.from("raw bytes") },
      },
    });
    const [parked] = await query<{ id: string; error: string }>(
      "select id, error from inbound_event where account_id = $1 and state = 'parked'",
      account.id,
    );
    expect(parked?.error).toBe("unknown shape");
    await journal.replay({ scope: systemScope({ tenantId: account.tenantId }), id: parked?.id ?? "" });
    expect(await query("select body from message where account_id = $1", account.id)).toEqual([
      { body: "now readable: raw bytes" },
    ]);
    await journal.stop();
  });

  it("stores texts with characters that a database refuses", async () => {
    const account = await seedAccount(bench.db);
    await bench.journal.receive({
      account,
      event: message({ text: "nul \u0000 half \ud83d end", subject: "\u0000", detail: { "k\u0000": ["\udfff"] } }),
    });
    expect(await query("select body, detail from message where account_id = $1", account.id)).toEqual([
      { body: "nul  half \ufffd end", detail: { k: ["\ufffd"] } },
    ]);
  });

  it("finishes at the next start what was journaled and not filed", async () => {
    const account = await seedAccount(bench.db);
    await bench.journal.receive({ account, event: poison("left-over") });
    await query(
      `update inbound_event set state = 'new', payload = jsonb_set(payload, '{sentAt}', '"2026-11-23T10:00:00Z"')
        where account_id = $1`,
      account.id,
    );
    await bench.journal.drain();
    expect(await query("select state from inbound_event where account_id = $1", account.id)).toEqual([
      { state: "done" },
    ]);
    expect(await query("select seq from message where account_id = $1", account.id)).toEqual([{ seq: 1 }]);
  });
});

describe("files", () => {
  it("are stored before the message is, and a letter of a megabyte leaves the row", async () => {
    const account = await seedAccount(bench.db);
    const raw = Buffer.alloc(1_000_000, "x");
    await bench.journal.receive({
      account,
      event: message({ attachments: [attachment(), attachment({ text: "second" })], raw: { bytes: raw } }),
    });
    const parts = await query<{ name: string; size: number; key: string; state: string }>(
      "select p.name, p.size, p.blob_key as key, p.state from message_part p join message m on m.id = p.message_id where m.account_id = $1 order by p.idx",
      account.id,
    );
    expect(parts).toMatchObject([
      { name: "příloha.txt", size: 5, state: "stored" },
      { size: 6, state: "stored" },
    ]);
    expect((await buffer(bench.files.read(parts[1]?.key ?? ""))).toString()).toBe("second");
    const [event] = await query<{ raw: Buffer | null; blob: string }>(
      "select raw, raw_blob as blob from inbound_event where account_id = $1",
      account.id,
    );
    expect(event?.raw).toBeNull();
    expect(await bench.files.stat(event?.blob ?? "")).toEqual({ size: 1_000_000 });
  });

  it("that the channel does not hand over leave a marked gap in a message that is stored all the same", async () => {
    const account = await seedAccount(bench.db);
    await bench.journal.receive({ account, event: message({ attachments: [attachment({ fails: true })] }) });
    expect(bench.published.at(-1)?.messages[0]?.parts).toMatchObject([{ state: "failed", blobKey: null, size: 5 }]);
  });

  it("of one message hold back the later ones of its thread and nobody else's", async () => {
    const account = await seedAccount(bench.db);
    const gate = Promise.withResolvers<void>();
    const slow = bench.journal.receive({
      account,
      event: message({ sender: "slow", text: "with file", attachments: [attachment({ delay: gate.promise })] }),
    });
    const after = bench.journal.receive({ account, event: message({ sender: "slow", text: "after it" }) });
    await bench.journal.receive({ account, event: message({ sender: "quick" }) });
    expect(await query("select from message where account_id = $1", account.id)).toHaveLength(1);
    gate.resolve();
    await Promise.all([slow, after]);
    const texts = await query<{ body: string }>(
      "select m.body from message m join conversation c on c.id = m.conversation_id join contact k on k.id = c.contact_id where m.account_id = $1 and k.name = 'slow' order by m.seq",
      account.id,
    );
    expect(texts.map(({ body }) => body)).toEqual(["with file", "after it"]);
  });
});
