import { spawnSync } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, DatabaseError } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { diffSchemas } from "../../scripts/setup/engine.mjs";
import { freshDatabase, type FreshDatabase } from "../support/database.ts";

let database: FreshDatabase;
let db: Client;

beforeAll(async () => {
  database = await freshDatabase();
  db = new Client({ connectionString: database.url });
  await db.connect();
});
afterAll(async () => {
  await db.end();
  await database.drop();
});
beforeEach(() => db.query("BEGIN"));
afterEach(() => db.query("ROLLBACK"));

type Row = Readonly<Record<string, unknown>>;
const insert = async (table: string, row: Row): Promise<Row> => {
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  await db.query(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${places.join(", ")})`, Object.values(row));
  return row;
};
/** The constraint, index or error that refuses a row; undefined when it is taken. */
const refusedBy = async (table: string, row: Row): Promise<string | undefined> => {
  await db.query("SAVEPOINT here");
  const refusal = await insert(table, row).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof DatabaseError) return error.constraint ?? error.message;
      throw error;
    },
  );
  await db.query("ROLLBACK TO here");
  return refusal;
};

/** A client company with a channel, a customer, a thread and a conversation. */
const company = async (key: string) => {
  const tenant = await insert("tenant", { id: randomUUID(), key, name: key });
  const own = { tenant_id: tenant["id"] };
  const queue = await insert("queue", { id: randomUUID(), ...own, key: "main", name: "Main" });
  const account = await insert("channel_account", { id: randomUUID(), ...own, kind: "email", name: "Mail" });
  const contact = await insert("contact", { id: randomUUID(), ...own, name: "Jana", search_text: "Jana Nováková" });
  const thread = await insert("thread", { id: randomUUID(), ...own, account_id: account["id"], external_key: key });
  const conversation = await insert("conversation", { id: randomUUID(), ...own, number: 1, contact_id: contact["id"] });
  const message = (more: Row = {}): Row => ({
    id: randomUUID(),
    ...own,
    conversation_id: conversation["id"],
    account_id: account["id"],
    seq: 1,
    version: 1,
    direction: "in",
    author_type: "contact",
    occurred_at: new Date(),
    ...more,
  });
  return { tenant, own, queue, account, contact, thread, conversation, message };
};

/** What Prisma cannot say: written by hand in the migrations. */
const generatedColumns = ["channel_account.channel", "contact.search", "message.search"];

test("every change of the schema has its migration", () => {
  const script = join(import.meta.dirname, "../../scripts/new-migration.mjs");
  const done = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect(done.stderr).toBe("");
  expect(done.status).toBe(0);
});

test("the migrated database has every table, column and index that the schema says", async () => {
  const fromSchema = await freshDatabase({ empty: true });
  const other = new Client({ connectionString: fromSchema.url });
  await other.connect();
  const schema = await readFile(join(import.meta.dirname, "../../prisma/schema.prisma"), "utf8");
  await other.query(await diffSchemas({ from: "", to: schema }));
  const both = async (sql: string) => ({ said: (await other.query(sql)).rows, is: (await db.query(sql)).rows });
  const columns = await both(
    `SELECT table_name, column_name, udt_name, is_nullable, datetime_precision,
            CASE WHEN table_name = 'event' AND column_name = 'xid' THEN NULL ELSE column_default END AS "default"
       FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
        AND is_generated = 'NEVER' ORDER BY 1, 2`,
  );
  expect(columns.said.length).toBeGreaterThan(300);
  expect(columns.is).toEqual(columns.said);
  const generated = await both(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
      WHERE table_schema = 'public' AND is_generated = 'ALWAYS' ORDER BY 1`,
  );
  expect(generated.said).toEqual([]);
  expect(generated.is).toEqual(generatedColumns.map((name) => ({ name })));
  const indexes = await both("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1");
  expect(indexes.is).toEqual(expect.arrayContaining(indexes.said));
  await other.end();
  await fromSchema.drop();
});

describe("nothing is doubled", () => {
  test("the same message of a channel, the same send of an agent, the same place in a conversation", async () => {
    const bank = await company("bank");
    await insert("message", bank.message({ external_id: "<1@mail>", client_key: "k1" }));
    expect(await refusedBy("message", bank.message({ seq: 2, external_id: "<1@mail>" }))).toBe(
      "message_account_external_id_key",
    );
    expect(await refusedBy("message", bank.message({ seq: 2, client_key: "k1" }))).toBe(
      "message_conversation_client_key_key",
    );
    expect(await refusedBy("message", bank.message())).toBe("message_conversation_id_seq_key");
    expect(await refusedBy("message", bank.message({ seq: 2 }))).toBeUndefined();
  });

  test("a thread belongs to one conversation at a time, and to others before", async () => {
    const bank = await company("bank");
    const link = { ...bank.own, conversation_id: bank.conversation["id"], thread_id: bank.thread["id"] };
    await insert("conversation_thread", { ...link, active_from: "2026-01-01", active_to: "2026-01-02" });
    await insert("conversation_thread", link);
    expect(await refusedBy("conversation_thread", { ...link, active_from: "2026-01-03" })).toBe(
      "conversation_thread_active_key",
    );
  });

  test("an address is one channel account, while accounts without an address may be many", async () => {
    const bank = await company("bank");
    const shop = await company("shop");
    const account = (own: Row, address: string): Row => ({
      id: randomUUID(),
      ...own,
      kind: "email",
      name: "Mail",
      address,
    });
    await insert("channel_account", account(bank.own, "help@example.com"));
    expect(await refusedBy("channel_account", account(shop.own, "help@example.com"))).toBe(
      "channel_account_kind_address_key",
    );
    expect(await refusedBy("channel_account", account(shop.own, ""))).toBeUndefined();
  });
});

describe("a client company's rows never point into another's", () => {
  test.each([
    ["a message into a conversation", "message_conversation_fkey"],
    ["a conversation to a contact", "conversation_contact_fkey"],
    ["a conversation into a queue", "conversation_queue_fkey"],
    ["a thread to a channel account", "thread_account_fkey"],
    ["an identity to a contact", "identity_contact_fkey"],
    ["a thread's link to a conversation", "conversation_thread_conversation_fkey"],
  ])("%s", async (_, constraint) => {
    const bank = await company("bank");
    const shop = await company("shop");
    const id = randomUUID();
    const rows: Readonly<Record<string, readonly [table: string, row: Row]>> = {
      message_conversation_fkey: ["message", bank.message({ tenant_id: shop.tenant["id"] })],
      conversation_contact_fkey: ["conversation", { id, ...shop.own, number: 2, contact_id: bank.contact["id"] }],
      conversation_queue_fkey: [
        "conversation",
        { id, ...shop.own, number: 2, contact_id: shop.contact["id"], queue_id: bank.queue["id"] },
      ],
      thread_account_fkey: ["thread", { id, ...shop.own, account_id: bank.account["id"], external_key: "x" }],
      identity_contact_fkey: [
        "identity",
        {
          id,
          ...shop.own,
          contact_id: bank.contact["id"],
          kind: "email",
          value_hash: randomBytes(32),
          value_enc: randomBytes(40),
          display: "j•••@example.com",
        },
      ],
      conversation_thread_conversation_fkey: [
        "conversation_thread",
        { ...shop.own, conversation_id: bank.conversation["id"], thread_id: shop.thread["id"] },
      ],
    };
    const [table, row] = rows[constraint] ?? ["", {}];
    expect(await refusedBy(table, row)).toBe(constraint);
  });
});

describe("values outside a closed set are refused", () => {
  test.each([
    ["conversation", { status: "lost" }, "conversation_status_known"],
    ["conversation", { status: "snoozed" }, "conversation_snoozed_wakes"],
    ["conversation", { unread: -1 }, "conversation_counters_not_negative"],
    ["conversation", { number: 0 }, "conversation_number_positive"],
    ["message", { seq: 0 }, "message_seq_positive"],
    ["message", { direction: "sideways" }, "message_direction_known"],
    ["message", { kind: "hologram" }, "message_kind_known"],
    ["message", { author_type: "ghost" }, "message_author_type_known"],
    ["channel_account", { state: "broken" }, "channel_account_state_known"],
    ["app_user", { email: "Anna@example.com" }, "app_user_email_lower_case"],
    ["tenant", { key: "Česká banka" }, "tenant_key_form"],
  ])("%s %o", async (table, more, constraint) => {
    const bank = await company("bank");
    const rows: Readonly<Record<string, Row>> = {
      conversation: { id: randomUUID(), ...bank.own, number: 2, contact_id: bank.contact["id"] },
      message: bank.message(),
      channel_account: { id: randomUUID(), ...bank.own, kind: "email", name: "Mail" },
      app_user: { id: randomUUID(), email: "anna@example.com", name: "Anna" },
      tenant: { id: randomUUID(), key: "other", name: "Other" },
    };
    const row = rows[table] ?? {};
    expect(await refusedBy(table, row)).toBeUndefined();
    expect(await refusedBy(table, { ...row, ...more })).toBe(constraint);
  });
});

describe("ledgers only grow", () => {
  const change = async (sql: string): Promise<string> => {
    await db.query("SAVEPOINT here");
    const said = await db.query(sql).then(
      () => "done",
      (error: unknown) => String(error),
    );
    await db.query("ROLLBACK TO here");
    return said;
  };

  test("an audit entry is never changed or removed", async () => {
    const hashes = { prev_hash: randomBytes(32), hash: randomBytes(32) };
    const entry = { id: randomUUID(), no: 1, actor_id: "a", action: "read", target: "t", at: new Date(), ...hashes };
    await insert("audit_entry", entry);
    for (const sql of ["UPDATE audit_entry SET reason = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]) {
      expect(await change(sql)).toContain("audit_entry is append-only");
    }
    expect(await refusedBy("audit_entry", { ...entry, id: randomUUID() })).toBe("audit_entry_chain_key");
  });

  test("consent is changed only by an erasure that says so", async () => {
    const bank = await company("bank");
    const consent = { purpose: "marketing_call", state: "granted", evidence: {}, valid_from: new Date() };
    await insert("consent", { id: randomUUID(), ...bank.own, contact_id: bank.contact["id"], ...consent });
    expect(await change("DELETE FROM consent")).toContain("consent is append-only");
    await db.query("SET LOCAL linka.allow_erase = 'on'");
    expect(await change("DELETE FROM consent")).toBe("done");
  });
});

describe("search", () => {
  test("finds words of one client company through the index, and a huge letter does not fail", async () => {
    const bank = await company("bank");
    const shop = await company("shop");
    await insert("message", bank.message({ search_text: "faktura číslo 4711" }));
    await insert("message", shop.message({ search_text: "faktura za boty" }));
    const letter = Array.from({ length: 400_000 }, (_, index) => `slovo${index}`).join(" ");
    await insert("message", bank.message({ seq: 2, search_text: letter }));
    await db.query("SET LOCAL enable_seqscan = off");
    const sql = `SELECT search_text AS text FROM message WHERE tenant_id = $1 AND search @@ plainto_tsquery('simple', 'faktura')`;
    const found = await db.query(sql, [bank.tenant["id"]]);
    expect(found.rows).toEqual([{ text: "faktura číslo 4711" }]);
    const plan = await db.query(`EXPLAIN ${sql.replace("$1", `'${String(bank.tenant["id"])}'`)}`);
    expect(JSON.stringify(plan.rows)).toContain("message_tenant_search_idx");
  });
});

test("an event knows the transaction that wrote it without being told", async () => {
  const bank = await company("bank");
  await insert("event", { ...bank.own, type: "test" });
  const found = await db.query("SELECT xid = pg_current_xact_id()::text::bigint AS right FROM event");
  expect(found.rows).toEqual([{ right: true }]);
});
