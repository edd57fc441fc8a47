import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccountRef } from "#core/inbound";
import { acknowledgeDue, readAutoReply, writeAutoReply } from "#store/acknowledge";
import { goneAmong, markGone } from "#store/gone";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { email, type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";

let fresh: FreshDatabase;
let bench: JournalBench;
let account: AccountRef;
let offset = 0;
const now = (): Date => new Date(Date.now() + offset);

beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url, now });
  account = await seedAccount(bench.db, { kind: "email" });
  await bench.db.query({
    text: "update channel_account set address = 'support@acme.test' where id = $1",
    values: [account.id],
  });
  const settings = { on: true, text: "Děkujeme.", closedText: "", hours: [] };
  await writeAutoReply({ db: bench.db, accountId: account.id, settings });
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

let nth = 0;
const arrives = async (from: string, more: Parameters<typeof message>[0] = {}): Promise<void> => {
  nth += 1;
  await bench.journal.receive({
    account,
    event: message({
      thread: `<t${nth}@x>`,
      from: { addresses: [email(from)], name: from },
      detail: { from: [{ address: from, name: "" }] },
      participants: [email(from)],
      sentAt: now(),
      ...more,
    }),
  });
};
const look = async (at = now()) => {
  const settled = await acknowledgeDue({ db: bench.db, secrets: bench.secrets, now: at });
  return settled.map(({ decision }) => (decision.send ? "sent" : decision.because));
};
const outgoing = () =>
  bench.db.query<{ recipient: string; body: string; automatic: boolean; author: string }>({
    text: `select d.recipient, m.body, (m.detail ->> 'automatic')::boolean as automatic, m.author_type as author
      from delivery d join message m on m.id = d.message_id order by d.created_at`,
  });

describe("acknowledgements of a mailbox", () => {
  it("go to the sender once a day, whatever they write and however often the hub looks", async () => {
    await arrives("jan@seznam.cz");
    await arrives("jan@seznam.cz");
    expect(await look()).toEqual(["sent", "recently"]);
    expect(await look()).toEqual([]);
    expect(await outgoing()).toEqual([
      { recipient: "jan@seznam.cz", body: "Děkujeme.", automatic: true, author: "system" },
    ]);
    // They leave the case as it was: unread, and waiting for a person.
    const [row] = await bench.db.query<{ unread: number; waits: boolean; direction: string }>({
      text: `select c.unread, c.waiting_since is not null as waits, c.last_direction as direction from conversation c
        join message m on m.conversation_id = c.id and m.author_type = 'system'`,
    });
    expect(row).toEqual({ unread: 1, waits: true, direction: "in" });
  });

  it("do not go to machines, to strangers that are held, to ourselves, or for a mailbox that is switched off", async () => {
    await arrives("stroj@x.cz", { automatic: true });
    await arrives("support@acme.test");
    await arrives("spam@x.cz", { spam: true, automatic: true });
    expect(await look()).toEqual(["automatic", "own", "apart"]);
    const off = { on: false, text: "Děkujeme.", closedText: "", hours: [] };
    await writeAutoReply({ db: bench.db, accountId: account.id, settings: off });
    await arrives("eva@x.cz");
    expect(await look()).toEqual([]);
    await writeAutoReply({ db: bench.db, accountId: account.id, settings: { ...off, on: true } });
    expect(await look()).toEqual(["sent"]);
  });

  it("stop, and say so in the case, when one sender writes like a machine", async () => {
    for (let letter = 0; letter < 8; letter++) await arrives("robot@x.cz");
    expect(await look()).toEqual(["sent", "recently", "recently", "recently", "recently", "storm", "storm", "storm"]);
    const events = await bench.db.query({ text: "select 1 from message where detail ->> 'event' = 'storm'" });
    expect(events).toHaveLength(3);
  });

  it("are forgotten by a hub that was down: what is older than an hour gets none", async () => {
    await arrives("pozde@x.cz", { sentAt: new Date(Date.now() - 2 * 3_600_000) });
    expect(await look()).toEqual(["late"]);
  });

  it("are kept as settings of the mailbox", async () => {
    const settings = { on: true, text: "A", closedText: "B", hours: [{ days: [1], from: "08:00", to: "16:00" }] };
    await writeAutoReply({ db: bench.db, accountId: account.id, settings });
    expect(await readAutoReply({ db: bench.db, accountId: account.id })).toEqual(settings);
  });
});

describe("an address that a server calls unknown", () => {
  it("is marked until somebody writes from it, in this client company only", async () => {
    const { db, secrets } = bench;
    const { tenantId } = account;
    const among = (id = tenantId) =>
      goneAmong({ q: db, secrets, tenantId: id, addresses: ["Jan@seznam.cz", "eva@x.cz", "nikdo@x.cz"] });
    expect(await among()).toEqual([]);
    await markGone({ q: db, secrets, tenantId, address: "JAN@seznam.cz", says: "550 5.1.1", now: new Date() });
    await markGone({ q: db, secrets, tenantId, address: "nikdo@x.cz", says: "550 5.1.1", now: new Date() });
    expect(await among()).toEqual(["Jan@seznam.cz"]);
    const other = await seedAccount(db, { kind: "email" });
    expect(await among(other.tenantId)).toEqual([]);
    offset += 1_000;
    await arrives("jan@seznam.cz");
    expect(await among()).toEqual([]);
    offset = 0;
  });
});
