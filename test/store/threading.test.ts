import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InboundMessage } from "#contract";
import type { AccountRef } from "#core/inbound";
import type { StoredChange } from "#core/records";
import { systemScope } from "#core/scope";
import { storeAccept } from "#store/commands-message";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { email, type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";

let fresh: FreshDatabase;
let bench: JournalBench;
let account: AccountRef;
let clock = new Date("2026-11-20T10:00:00Z");
const day = 86_400_000;

beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url, now: () => clock });
  account = await seedAccount(bench.db, { kind: "email", replyWindowHours: 24 });
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

let letters = 0;
/** A letter: it names what it answers and whom it is for, as mail does. */
const letter = (from: string, o: Parameters<typeof message>[0] = {}): InboundMessage => {
  letters += 1;
  return message({
    thread: `<thread-${letters}>`,
    id: `<letter-${letters}@test>`,
    from: { addresses: [email(from)], name: from },
    references: [],
    sentAt: clock,
    ...o,
  });
};
const receive = async (event: InboundMessage): Promise<StoredChange> => {
  await bench.journal.receive({ account, event });
  const change = bench.published.at(-1);
  if (change === undefined) throw new Error("nothing was published");
  return change;
};
const first = (change: StoredChange) => {
  const [stored] = change.messages;
  if (stored === undefined) throw new Error("no message");
  return stored;
};
const close = (id: string, at: Date): Promise<unknown> =>
  bench.db.query({
    text: "update conversation set status = 'closed', closed_at = $2, waiting_since = null, unread = 0 where id = $1",
    values: [id, at],
  });
const token = async (threadId: string | null, value: string): Promise<void> => {
  await bench.db.query({
    text: "insert into reply_token (token, tenant_id, account_id, thread_id, recipient_hash) values ($1, $2, $3, $4, '\\x00')",
    values: [value, account.tenantId, account.id, threadId],
  });
};

describe("the authority rule: a match says where, the sender says whether", () => {
  it("appends a participant's answer to the letter it answers", async () => {
    const opened = await receive(letter("jana@example.cz", { id: "<j1>" }));
    const answer = await receive(letter("jana@example.cz", { references: ["<j1>"] }));
    expect(answer.row.id).toBe(opened.row.id);
    expect(answer.row).toMatchObject({ unread: 2, lastSeq: 2 });
    expect(first(answer)).toMatchObject({ held: false, seq: 2 });
  });

  it("appends an answer of somebody who was on the copy of an earlier letter", async () => {
    const opened = await receive(
      letter("petr@example.cz", { id: "<p1>", participants: [email("petra@example.cz"), email("support@shop.cz")] }),
    );
    const answer = await receive(letter("petra@example.cz", { references: ["<p1>"] }));
    expect([answer.row.id, first(answer).held]).toEqual([opened.row.id, false]);
  });

  it("joins an answer to an answer we never saw, by the references of the letter that names both", async () => {
    const opened = await receive(letter("ivan@example.cz", { id: "<i1>" }));
    await receive(letter("ivan@example.cz", { id: "<i3>", references: ["<i2-never-seen>", "<i1>"] }));
    const late = await receive(letter("ivan@example.cz", { references: ["<i2-never-seen>"] }));
    expect(late.row.id).toBe(opened.row.id);
  });

  it("holds a stranger who copied the references: no unread, no clock, no preview, no reopening", async () => {
    const opened = await receive(letter("karel@example.cz", { id: "<k1>", text: "Kde je zásilka?" }));
    await close(opened.row.id, clock);
    const held = await receive(letter("thief@example.org", { references: ["<k1>"], text: "Pošlete ji sem" }));
    expect(held.row).toMatchObject({
      id: opened.row.id,
      status: "closed",
      unread: 0,
      waitingSince: null,
      preview: "Kde je zásilka?",
    });
    expect(first(held)).toMatchObject({ held: true, detail: { held: "stranger" }, seq: 2 });
    expect(held.row.version).toBe(held.prev + 1);
  });

  it("holds a participant's letter that failed the check of its sender", async () => {
    const opened = await receive(letter("lenka@example.cz", { id: "<l1>" }));
    const held = await receive(letter("lenka@example.cz", { references: ["<l1>"], suspicious: true }));
    expect([held.row.id, first(held).held, first(held).detail]).toEqual([
      opened.row.id,
      true,
      { held: "suspicious", suspicious: true },
    ]);
  });

  it("does not let a held letter claim ids of letters still to come", async () => {
    await receive(letter("milan@example.cz", { id: "<m1>" }));
    await receive(letter("thief@example.org", { references: ["<m1>", "<victims-next-letter>"] }));
    const victim = await receive(letter("victim@example.cz", { references: ["<victims-next-letter>"] }));
    expect(first(victim)).toMatchObject({ held: false, seq: 1 });
  });

  it("appends whoever holds a reply token, but says that they are new and asks again the next time", async () => {
    const opened = await receive(letter("nina@example.cz", { id: "<n1>" }));
    await token(first(opened).threadId, "token-of-nina-0001");
    const forwarded = await receive(letter("boss@example.cz", { replyToken: "token-of-nina-0001" }));
    expect([forwarded.row.id, first(forwarded).held, first(forwarded).detail]).toEqual([
      opened.row.id,
      false,
      { newParticipant: true },
    ]);
    const later = await receive(letter("boss@example.cz", { references: ["<n1>"] }));
    expect(first(later).held).toBe(true);
  });

  it("prefers the token over references and the channel's key, and ignores a revoked one", async () => {
    const a = await receive(letter("olga@example.cz", { id: "<o1>" }));
    const b = await receive(letter("olga@example.cz", { id: "<o2>" }));
    expect(a.row.id).not.toBe(b.row.id);
    await token(first(a).threadId, "token-of-olga-0001");
    const joined = await receive(letter("olga@example.cz", { replyToken: "token-of-olga-0001", references: ["<o2>"] }));
    expect(joined.row.id).toBe(a.row.id);
    await bench.db.query({ text: "update reply_token set revoked_at = now() where token = 'token-of-olga-0001'" });
    const other = await receive(letter("olga@example.cz", { replyToken: "token-of-olga-0001", references: ["<o2>"] }));
    expect(other.row.id).toBe(b.row.id);
  });

  it("takes the same Message-ID in another client's mailbox for another letter", async () => {
    const ours = await receive(letter("same@example.cz", { id: "<same-id>" }));
    const other = await seedAccount(bench.db, { kind: "email" });
    await bench.journal.receive({ account: other, event: letter("same@example.cz", { id: "<same-id>" }) });
    const theirs = bench.published.at(-1);
    expect(theirs?.row.tenantId).toBe(other.tenantId);
    expect(theirs?.row.contactId).not.toBe(ours.row.contactId);
    await bench.journal.receive({ account: other, event: letter("same@example.cz", { references: ["<same-id>"] }) });
    expect(bench.published.at(-1)?.row.id).toBe(theirs?.row.id);
  });
});

describe("a held letter that an agent accepts", () => {
  it("makes its sender a participant: the next one is appended", async () => {
    const opened = await receive(letter("anna@example.cz", { id: "<a1>" }));
    const held = await receive(letter("annas-sister@example.cz", { references: ["<a1>"] }));
    const scope = systemScope({ tenantId: account.tenantId });
    await bench.db.tx((q) => storeAccept({ q, scope, messageId: first(held).id, now: clock }));
    const next = await receive(letter("annas-sister@example.cz", { references: ["<a1>"] }));
    expect([next.row.id, first(next).held]).toEqual([opened.row.id, false]);
  });
});

describe("a conversation that goes on", () => {
  it("opens again when the customer writes within the days of the policy, and anew after them", async () => {
    const opened = await receive(letter("radka@example.cz", { id: "<r1>" }));
    await close(opened.row.id, clock);
    clock = new Date(clock.getTime() + 6 * day);
    const again = await receive(letter("radka@example.cz", { references: ["<r1>"] }));
    expect(again.row).toMatchObject({ id: opened.row.id, status: "open", unread: 1, waitingSince: clock });
    await close(opened.row.id, clock);
    clock = new Date(clock.getTime() + 8 * day);
    const anew = await receive(letter("radka@example.cz", { references: ["<r1>"] }));
    expect(anew.row.id).not.toBe(opened.row.id);
    expect(first(anew)).toMatchObject({ seq: 1, detail: { previousConversationId: opened.row.id } });
    const next = await receive(letter("radka@example.cz", { references: ["<r1>"] }));
    expect(next.row.id).toBe(anew.row.id);
  });

  it("is left asleep by a machine's letter and by imported history, and woken by a person", async () => {
    const opened = await receive(letter("sona@example.cz", { id: "<s1>" }));
    await bench.db.query({
      text: "update conversation set status = 'snoozed', snoozed_until = $2, waiting_since = null where id = $1",
      values: [opened.row.id, new Date(clock.getTime() + day)],
    });
    const machine = await receive(letter("sona@example.cz", { references: ["<s1>"], automatic: true }));
    expect(machine.row).toMatchObject({ status: "snoozed", waitingSince: null, unread: 2 });
    const old = await receive(
      letter("sona@example.cz", { references: ["<s1>"], historic: true, sentAt: new Date(clock.getTime() - 90 * day) }),
    );
    expect(old.row).toMatchObject({ status: "snoozed", unread: 2, lastAt: machine.row.lastAt });
    const person = await receive(letter("sona@example.cz", { references: ["<s1>"] }));
    expect(person.row).toMatchObject({ status: "open", snoozedUntil: null, unread: 3, waitingSince: clock });
  });

  it("counts as answered when somebody of ours answers outside the hub", async () => {
    const opened = await receive(letter("tana@example.cz", { id: "<t1>" }));
    expect(opened.row.waitingSince).toEqual(clock);
    const ours = await receive(
      letter("support@shop.cz", { references: ["<t1>"], own: true, participants: [email("tana@example.cz")] }),
    );
    expect(ours.row).toMatchObject({ id: opened.row.id, unread: 0, waitingSince: null, lastDirection: "out" });
    expect(first(ours)).toMatchObject({ direction: "out", authorType: "device", authorId: null });
    expect(ours.row.contactId).toBe(opened.row.contactId);
  });

  it("starts with the customer as contact when our side wrote first", async () => {
    const ours = await receive(
      letter("support@shop.cz", { own: true, participants: [email("ursula@example.cz")], id: "<u1>" }),
    );
    expect(ours.row).toMatchObject({ status: "waiting", unread: 0 });
    const answer = await receive(letter("ursula@example.cz", { references: ["<u1>"] }));
    expect(answer.row).toMatchObject({ id: ours.row.id, status: "open", contactId: ours.row.contactId });
    expect(first(answer).held).toBe(false);
  });

  it("keeps the reply window open for a day after the customer's last message", async () => {
    const opened = await receive(letter("vera@example.cz"));
    const [thread] = await bench.db.query<{ until: Date }>({
      text: "select window_until as until from thread where id = $1",
      values: [first(opened).threadId],
    });
    expect(thread?.until).toEqual(new Date(clock.getTime() + day));
  });

  it("is put into its account's queue as one piece of work", async () => {
    const opened = await receive(letter("work@example.cz", { id: "<w1>" }));
    await receive(letter("work@example.cz", { references: ["<w1>"] }));
    await close(opened.row.id, clock);
    await receive(letter("work@example.cz", { references: ["<w1>"] }));
    const work = await bench.db.query({
      text: "select state, queue_id as queue from work_item where conversation_id = $1",
      values: [opened.row.id],
    });
    expect(work).toEqual([{ state: "queued", queue: account.queueId }]);
  });
});

describe("who a customer is", () => {
  it("believes a new address only when the channel vouches for it", async () => {
    const visitor = { kind: "visitor", value: "visitor-000001" } as const;
    const owner = await receive(letter("owner@example.cz"));
    const claim = await receive(message({ thread: "v1", from: { addresses: [visitor, email("owner@example.cz")] } }));
    expect(claim.row.contactId).not.toBe(owner.row.contactId);
    const later = await receive(letter("owner@example.cz"));
    expect(later.row.contactId).toBe(owner.row.contactId);
    const proved = await receive(
      message({
        thread: "v2",
        from: {
          addresses: [
            { kind: "visitor", value: "visitor-000002" },
            { ...email("owner@example.cz"), verified: true },
          ],
        },
      }),
    );
    expect(proved.row.contactId).toBe(owner.row.contactId);
  });

  it("makes one anonymous contact for each thread of somebody who left no address", async () => {
    const nobody = { addresses: [] };
    const a1 = await receive(message({ thread: "anonymous-1", from: nobody }));
    const a2 = await receive(message({ thread: "anonymous-1", from: nobody }));
    const b = await receive(message({ thread: "anonymous-2", from: nobody }));
    expect(a1.row).toMatchObject({ contactAnonymous: true, contactName: "" });
    expect([a2.row.contactId === a1.row.contactId, b.row.contactId === a1.row.contactId]).toEqual([true, false]);
  });

  it("keeps addresses sealed and shows their mask", async () => {
    await receive(letter("secret@example.cz"));
    const [row] = await bench.db.query<{ display: string; enc: Buffer }>({
      text: "select display, value_enc as enc from identity where kind = 'email' order by id desc limit 1",
    });
    expect(row?.display).toBe("s•••@e•••.cz");
    expect(row?.enc.includes("secret@example.cz")).toBe(false);
    expect(bench.secrets.openText("identity", row?.enc ?? Buffer.alloc(0), account.tenantId)).toBe("secret@example.cz");
  });
});

describe("an old letter used to write about something else", () => {
  it("opens a conversation of its own that names the old one, and answers to either find their own", async () => {
    const old = await receive(letter("jan", { id: "<s1@test>", subject: "Reklamace" }));
    const other = await receive(
      letter("jan", { id: "<s2@test>", thread: "<s1@test>", subject: "Nová objednávka", references: ["<s1@test>"] }),
    );
    expect(other.row.id).not.toBe(old.row.id);
    expect(first(other)).toMatchObject({ seq: 1, detail: { previousConversationId: old.row.id } });
    const toOld = await receive(
      letter("jan", { id: "<s3@test>", thread: "<s1@test>", subject: "Re: Reklamace", references: ["<s1@test>"] }),
    );
    const toOther = await receive(
      letter("jan", {
        id: "<s4@test>",
        thread: "<s1@test>",
        subject: "Re: Nová objednávka",
        references: ["<s2@test>", "<s1@test>"],
      }),
    );
    expect([toOld.row.id, toOther.row.id]).toEqual([old.row.id, other.row.id]);
  });

  it("from a stranger stays a held card in the old one", async () => {
    const old = await receive(letter("eva", { id: "<s5@test>", subject: "Účet" }));
    const stranger = await receive(
      letter("mallory", { id: "<s6@test>", thread: "<s5@test>", subject: "Pošlete výpis", references: ["<s5@test>"] }),
    );
    expect(stranger.row.id).toBe(old.row.id);
    expect(first(stranger).held).toBe(true);
  });
});
