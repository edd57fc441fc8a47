import { acknowledge, type Decision, type Ledger, mailboxMost, storm } from "#core/acknowledge";
import { normalValue } from "#core/identity";
import { plainAddress } from "#core/recipients";
import type { StoredChange } from "#core/records";
import { searchable } from "#core/search";
import { uuid, uuidAt } from "#core/uuid";
import { autoReply, type AutoReply } from "#wire";
import type { Secrets } from "../secrets.ts";
import type { Db, Queryable } from "./db.ts";
import { addDeliveries } from "./outgoing.ts";
import { appendMessages, eventMessage, finishSteps, type NewMessage } from "./step.ts";

const minute = 60_000;
/** How far back messages are looked at: a hub that was down for longer acknowledges nothing of that time. */
const lookBackMs = 15 * minute;
const atOnce = 50;

interface Candidate {
  readonly id: string;
  readonly tenantId: string;
  readonly accountId: string;
  readonly conversationId: string;
  readonly threadId: string;
  readonly settings: unknown;
  readonly timeZone: string | null;
}

interface Facts {
  readonly authorId: string | null;
  readonly receivedAt: Date;
  readonly held: boolean;
  readonly automatic: boolean;
  readonly spam: boolean;
  readonly answered: boolean;
  readonly from: string | null;
  readonly version: number;
  readonly lastSeq: number;
}

const candidates = (db: Db, now: Date): Promise<Candidate[]> =>
  db.query<Candidate>({
    name: "acknowledge-candidates",
    text: `select m.id, m.tenant_id as "tenantId", m.account_id as "accountId", m.conversation_id as "conversationId",
        m.thread_id as "threadId", a.auto_reply as settings, t.policy ->> 'timezone' as "timeZone"
      from channel_account a join tenant t on t.id = a.tenant_id
        join message m on m.account_id = a.id and m.id > $1 and m.direction = 'in'
      where a.enabled and (a.auto_reply ->> 'on')::boolean is true
        and not exists (select 1 from acknowledgement k where k.message_id = m.id)
      order by m.id limit $2`,
    values: [uuidAt(new Date(now.getTime() - lookBackMs)), atOnce],
  });

const factsOf = async (q: Queryable, { id, conversationId }: Candidate): Promise<Facts | undefined> => {
  const [facts] = await q.query<Facts>({
    name: "acknowledge-facts",
    text: `select m.author_id as "authorId", least(m.occurred_at, m.created_at) as "receivedAt", m.held,
        m.detail ->> 'automatic' is not null as automatic,
        'spam' = any(c.tags) as spam, m.detail #>> '{from,0,address}' as "from", c.version, c.last_seq as "lastSeq",
        exists (select 1 from message o where o.conversation_id = c.id and o.seq > m.seq and o.direction = 'out'
          and o.author_type <> 'system') as answered
      from message m join conversation c on c.id = m.conversation_id
      where m.id = $1 and c.id = $2 and not exists (select 1 from acknowledgement k where k.message_id = m.id)
      for update of c`,
    values: [id, conversationId],
  });
  return facts;
};

interface Sender {
  readonly address: string;
  readonly hash: Buffer;
}

/** The address the letter came from, among those of its author; else the one the thread answers to. */
const senderOf = async (
  q: Queryable,
  secrets: Pick<Secrets, "openText">,
  { tenantId, threadId }: Candidate,
  { authorId, from }: Facts,
): Promise<Sender | null> => {
  const rows = await q.query<{ enc: Buffer; hash: Buffer; answered: boolean }>({
    name: "acknowledge-sender",
    text: `select i.value_enc as enc, i.value_hash as hash, t.id is not null as answered
      from identity i left join thread t on t.identity_id = i.id and t.id = $3
      where i.tenant_id = $1 and i.contact_id = $2 and i.kind = 'email' and i.scope = ''`,
    values: [tenantId, authorId, threadId],
  });
  const all = rows.map(({ enc, ...row }) => ({ ...row, address: secrets.openText("identity", enc, tenantId) }));
  const wrote = from === null ? "" : normalValue("email", from);
  return all.find(({ address }) => address === wrote) ?? all.find(({ answered }) => answered) ?? null;
};

const ledgerOf = async (q: Queryable, candidate: Candidate, hash: Buffer, now: Date): Promise<Ledger> => {
  const before = (ms: number): Date => new Date(now.getTime() - ms);
  const [row] = await q.query<Ledger>({
    name: "acknowledge-ledger",
    text: `select
        (select max(at) from acknowledgement where account_id = $1 and sender_hash = $2 and sent) as "lastToSender",
        exists (select 1 from acknowledgement where conversation_id = $3 and account_id = $1 and sent) as "inConversation",
        (select count(*)::int + 1 from acknowledgement k where k.account_id = $1 and k.sender_hash = $2 and k.at > $4
          and not exists (select 1 from message o where o.conversation_id = k.conversation_id and o.direction = 'out'
            and o.author_type = 'agent' and o.created_at > k.at)) as "fromSender",
        (select count(*)::int from acknowledgement where account_id = $1 and at > $5 and sent) as "fromMailbox"`,
    values: [candidate.accountId, hash, candidate.conversationId, before(storm.ms), before(mailboxMost.ms)],
  });
  if (row === undefined) throw new Error("a count gave no row");
  return row;
};

const ownAddresses = async (q: Queryable): Promise<ReadonlySet<string>> => {
  const rows = await q.query<{ address: string }>({
    name: "own-addresses",
    text: "select address from channel_account where position('@' in address) > 0",
  });
  return new Set(rows.map(({ address }) => plainAddress(address)));
};

const letterOf = (candidate: Candidate, text: string): NewMessage => ({
  id: uuid(),
  threadId: candidate.threadId,
  accountId: candidate.accountId,
  direction: "out",
  authorType: "system",
  authorId: null,
  authorName: "",
  clientKey: null,
  replyToId: candidate.id,
  subject: null,
  body: text,
  detail: { automatic: true },
  searchText: searchable(text),
});

const settle = async (input: {
  readonly q: Queryable;
  readonly secrets: Pick<Secrets, "openText">;
  readonly candidate: Candidate;
  readonly settings: AutoReply;
  readonly now: Date;
}): Promise<{ readonly decision: Decision; readonly changes: StoredChange[] } | null> => {
  const { q, secrets, candidate, settings, now } = input;
  const { tenantId, accountId, conversationId } = candidate;
  const facts = await factsOf(q, candidate);
  if (facts === undefined) return null;
  const sender = await senderOf(q, secrets, candidate, facts);
  const decision = acknowledge({
    settings,
    timeZone: candidate.timeZone ?? "Europe/Prague",
    message: {
      sender: sender?.address ?? null,
      receivedAt: facts.receivedAt,
      apart: facts.held || facts.spam,
      automatic: facts.automatic,
      answered: facts.answered,
    },
    ledger: await ledgerOf(q, candidate, sender?.hash ?? Buffer.alloc(0), now),
    own: await ownAddresses(q),
    now,
  });
  await q.query({
    name: "acknowledge-note",
    text: `insert into acknowledgement (message_id, tenant_id, account_id, conversation_id, sender_hash, sent, reason, at)
      values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      candidate.id,
      tenantId,
      accountId,
      conversationId,
      sender?.hash ?? Buffer.alloc(0),
      decision.send,
      decision.send ? "sent" : decision.because,
      now,
    ],
  });
  const stopped = !decision.send && (decision.because === "storm" || decision.because === "mailbox-storm");
  const message = decision.send
    ? letterOf(candidate, decision.text)
    : stopped
      ? eventMessage({ actor: { type: "system", id: null, name: "" }, detail: { event: decision.because } })
      : null;
  if (message === null) return { decision, changes: [] };
  const conversation = { id: conversationId, tenantId, version: facts.version, lastSeq: facts.lastSeq };
  const seq = await appendMessages({ q, conversation, messages: [message], now });
  if (decision.send && sender !== null)
    await addDeliveries({
      q,
      tenantId,
      conversationId,
      thread: { id: candidate.threadId, accountId },
      messages: [{ id: message.id, seq }],
      recipients: [{ recipient: sender.address, role: "to" }],
      heldUntil: null,
      scheduled: false,
      now,
    });
  const steps = [{ conversationId, tenantId, messageIds: [message.id], type: "message.added" as const }];
  return { decision, changes: await finishSteps({ q, steps }) };
};

/** What the hub did by itself about one message. */
export interface Settled {
  readonly accountId: string;
  readonly conversationId: string;
  readonly decision: Decision;
  readonly changes: readonly StoredChange[];
}

/**
 * Decides about every message of mailboxes that acknowledge, once each, and writes the answers into the outbox. Hub-wide:
 * a timer's own work. Gives what to publish and what to send.
 */
export const acknowledgeDue = async (input: {
  readonly db: Db;
  readonly secrets: Pick<Secrets, "openText">;
  readonly now: Date;
}): Promise<readonly Settled[]> => {
  const { db, now } = input;
  const done: Settled[] = [];
  for (const candidate of await candidates(db, now)) {
    const settings = autoReply.safeParse(candidate.settings).data;
    if (settings === undefined) continue;
    const settled = await db.tx((q) => settle({ ...input, q, candidate, settings }));
    if (settled !== null) done.push({ ...candidate, ...settled });
  }
  return done;
};

const shown = autoReply.catch(autoReply.parse({}));

/** How an account acknowledges; Refused-free: the caller has checked the account. */
export const readAutoReply = async (input: { readonly db: Db; readonly accountId: string }): Promise<AutoReply> => {
  const [row] = await input.db.query<{ settings: unknown }>({
    name: "read-auto-reply",
    text: "select auto_reply as settings from channel_account where id = $1",
    values: [input.accountId],
  });
  return shown.parse(row?.settings ?? {});
};

export const writeAutoReply = async (input: {
  readonly db: Db;
  readonly accountId: string;
  readonly settings: AutoReply;
}): Promise<void> => {
  await input.db.query({
    name: "write-auto-reply",
    text: "update channel_account set auto_reply = $2 where id = $1",
    values: [input.accountId, JSON.stringify(input.settings)],
  });
};
