import { randomUUID } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { connectors } from "#connectors";
import type { Publisher } from "#core/records";
import { makeCommands } from "#runtime/commands";
import { startJournal } from "#runtime/journal";
import { startOutbox } from "#runtime/outbox";
import { startSupervisor } from "#runtime/supervisor";
import { type Db, openDatabase } from "#store/db";
import { openFiles } from "#store/files";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seedDemo } from "../../prisma/seed.ts";
import { openSecrets, verifyPassword } from "../../src/secrets.ts";
import { freshDatabase, type FreshDatabase, silent, temporaryFolder } from "../support/database.ts";

const publisher: Publisher = { changes: () => {}, customerTyping: () => {}, tell: () => {} };
const log = { ...silent, error: () => {} };
const now = (): Date => new Date();

let database: FreshDatabase;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let db: Db;

/** The parts of a hub that the demo is played through. `breaks` stands for a crash: it throws at the n-th webhook. */
const seed = async (options: { readonly breaksAt?: number } = {}) => {
  const secrets = openSecrets({ secret: "a secret for the demo's test, long" });
  const files = openFiles({ dir: join(folder.path, "files") });
  const journal = startJournal({ db, files, secrets, publisher, log, now });
  const outbox = startOutbox({ db, files, publisher, log, now });
  const supervisor = await startSupervisor({
    db,
    files,
    connectors,
    journal,
    outbox,
    secrets,
    transcript: async () => ({ lines: [], more: false, readSeq: 0 }),
    publisher,
    log,
    now,
    nodeId: randomUUID(),
  });
  const limits = (kind: string) => connectors.find((connector) => connector.kind === kind)?.limits;
  let webhooks = 0;
  try {
    const seeded = await seedDemo({
      db,
      secrets,
      connectors,
      supervisor: {
        reload: (id) => supervisor.reload(id),
        webhook: (id, request) => {
          webhooks += 1;
          if (webhooks === options.breaksAt) throw new Error("the machine went down");
          return supervisor.webhook(id, request);
        },
      },
      commandsAt: (at) => makeCommands({ db, publisher, outbox, secrets, log, now: () => at, limits }),
      log,
      dataDir: folder.path,
      now,
    });
    await expect.poll(() => count("delivery WHERE state <> 'sent'"), { timeout: 10_000 }).toBe(0);
    return seeded;
  } finally {
    await supervisor.stop();
    await outbox.stop();
    await journal.stop();
  }
};

const one = async <Row extends object>(text: string): Promise<Row> => {
  const [row] = await db.query<Row>({ text });
  if (row === undefined) throw new Error(`nothing found: ${text}`);
  return row;
};
const count = async (from: string): Promise<number> =>
  (await one<{ n: number }>(`SELECT count(*)::int AS n FROM ${from}`)).n;
/** Everything a supervisor would see, in a form that two runs can be compared in. */
const picture = () =>
  db.query({
    text: `SELECT c.status, c.subject, c.unread, c.tags, c.priority, q.key AS queue, u.email AS owner, c.last_seq,
                  array_agg(m.direction || ' ' || m.body ORDER BY m.seq) AS said
             FROM conversation c JOIN message m ON m.conversation_id = c.id LEFT JOIN queue q ON q.id = c.queue_id
             LEFT JOIN app_user u ON u.id = c.assignee_id GROUP BY c.id, q.key, u.email ORDER BY said`,
  });

beforeEach(async () => {
  database = await freshDatabase();
  folder = await temporaryFolder();
  db = openDatabase({ url: database.url, max: 6, log });
});
afterEach(async () => {
  await db.end();
  await database.drop();
  await folder.remove();
});

describe("the demo of the first start", () => {
  it("shows two client companies at work over all channels, in every state", async () => {
    expect(await seed()).toMatchObject({ logins: true });
    expect(await count("tenant")).toBe(2);
    expect(await count("conversation")).toBeGreaterThanOrEqual(40);
    expect(await count("contact WHERE anonymous")).toBeGreaterThan(0);
    const states = await db.query<{ status: string }>({ text: "SELECT DISTINCT status FROM conversation ORDER BY 1" });
    expect(states.map(({ status }) => status)).toEqual(["closed", "open", "snoozed", "waiting"]);
    const kinds = await db.query<{ kind: string }>({ text: "SELECT DISTINCT kind FROM identity ORDER BY 1" });
    expect(kinds.map(({ kind }) => kind)).toEqual(["e164", "email", "igsid", "psid", "wa_phone"]);
    expect(await count("conversation WHERE unread > 0 AND waiting_since IS NOT NULL"), "new ones wait").toBeGreaterThan(
      8,
    );
    expect(await count("delivery WHERE state = 'sent'"), "replies reached their customers").toBeGreaterThan(25);
    expect(await count("message WHERE direction = 'note'")).toBeGreaterThan(8);
    expect(await count("conversation WHERE last_at < now() - interval '3 days'"), "spread over days").toBeGreaterThan(
      5,
    );
    expect(await count("inbound_event WHERE state <> 'done'"), "nothing is stuck").toBe(0);
    expect(await count("message WHERE occurred_at > now()"), "nothing comes from the future").toBe(0);
    expect(
      await count("conversation c WHERE last_seq <> (SELECT count(*) FROM message m WHERE m.conversation_id = c.id)"),
    ).toBe(0);
  });

  it("tells the generated passwords to the operator's eyes only, and they open the door", async () => {
    const { loginsFile } = await seed();
    expect((await stat(loginsFile)).mode & 0o777).toBe(0o600);
    const lines = (await readFile(loginsFile, "utf8")).split("\n").filter((line) => line.includes("@"));
    const users = await db.query<{ email: string; password_hash: string }>({
      text: "SELECT email, password_hash FROM app_user",
    });
    expect(lines).toHaveLength(users.length);
    const passwords = new Set<string>();
    for (const line of lines) {
      const [email = "", password = ""] = line.split(/\s+/);
      passwords.add(password);
      const hash = users.find((user) => user.email === email)?.password_hash ?? "";
      expect(await verifyPassword(password, hash), "the password of this line").toBe(true);
    }
    expect(passwords.size, "everybody has another one").toBe(lines.length);
  });

  it("does nothing on the second start", async () => {
    await seed();
    const before = await picture();
    expect(await seed()).toMatchObject({ logins: true });
    expect(await picture()).toEqual(before);
  });

  it("is finished by the next start when the first one broke off, without a line twice", async () => {
    await seed();
    const whole = await picture();
    await db.end();
    await database.drop();
    database = await freshDatabase();
    db = openDatabase({ url: database.url, max: 6, log });
    for (const breaksAt of [1, 20, 45]) await expect(seed({ breaksAt })).rejects.toThrow("the machine went down");
    await seed();
    expect(await picture()).toEqual(whole);
  });

  it("leaves a hub alone that has companies of its own", async () => {
    await db.query({ text: "INSERT INTO tenant (id, key, name) VALUES (gen_random_uuid(), 'own', 'Own')" });
    expect(await seed()).toMatchObject({ logins: false });
    expect(await count("app_user")).toBe(0);
  });
});
