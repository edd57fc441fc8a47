import type { IdentityKind } from "#contract";
import { Refused } from "#core/refused";
import { mayWork, type Scope } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { Secrets } from "../secrets.ts";
import { type Begin, keyFor, writeScope } from "./begin.ts";
import type { Db } from "./db.ts";

/** A way to a person: a thread that exists, or an account and an address on which one would begin. */
export interface WayRecord {
  readonly threadId: string | null;
  readonly accountId: string;
  readonly accountName: string;
  readonly kind: string;
  readonly channel: string;
  readonly state: string;
  readonly identityId: string | null;
  /** Masked. */
  readonly address: string;
  readonly addressKind: string;
  readonly linked: boolean;
  /** An open case other than the one asked about has the thread. */
  readonly busy: boolean;
  readonly windowUntil: Date | null;
}

interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly channel: string;
  readonly state: string;
}
interface IdentityRow {
  readonly id: string;
  readonly kind: IdentityKind;
  readonly scope: string;
  readonly enc: Buffer;
  readonly display: string;
}
interface ThreadRow {
  readonly id: string;
  readonly accountId: string;
  readonly key: string;
  readonly identityId: string | null;
  readonly identityKind: string;
  readonly display: string;
  readonly windowUntil: Date | null;
  readonly linkedTo: string | null;
  readonly linkedStatus: string | null;
}

const accountsOf = (db: Db, tenantId: string): Promise<AccountRow[]> =>
  db.query<AccountRow>({
    name: "way-accounts",
    text: "select id, name, kind, channel, state from channel_account where tenant_id = $1 and enabled order by created_at, id",
    values: [tenantId],
  });

const identitiesOf = (db: Db, tenantId: string, contactId: string): Promise<IdentityRow[]> =>
  db.query<IdentityRow>({
    name: "way-identities",
    text: `select id, kind, scope, value_enc as enc, display from identity
      where tenant_id = $1 and contact_id = $2 order by created_at, id`,
    values: [tenantId, contactId],
  });

/** The person's threads and those of the conversation, newest words of the customer first. */
const threadsOf = (db: Db, tenantId: string, contactId: string, conversationId: string | null): Promise<ThreadRow[]> =>
  db.query<ThreadRow>({
    name: "way-threads",
    text: `select t.id, t.account_id as "accountId", t.external_key as key, t.identity_id as "identityId",
        coalesce(i.kind, '') as "identityKind", coalesce(i.display, '') as display, t.window_until as "windowUntil",
        l.conversation_id as "linkedTo", c.status as "linkedStatus"
      from thread t left join identity i on i.id = t.identity_id
        left join conversation_thread l on l.thread_id = t.id and l.active_to is null
        left join conversation c on c.id = l.conversation_id
      where t.tenant_id = $1 and (l.conversation_id = $3 or i.contact_id = $2)
      order by l.conversation_id is not distinct from $3 desc,
        (select max(m.seq) from message m where m.thread_id = t.id and m.conversation_id = $3 and m.direction = 'in') desc nulls last,
        t.created_at desc limit 200`,
    values: [tenantId, contactId, conversationId],
  });

/**
 * Every way to one person: the threads of the conversation first, then others of theirs that can be answered here, then
 * what could begin. A thread on a channel that begins by itself is offered once, for the address it answers to.
 */
export const personWays = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly secrets: Pick<Secrets, "openText">;
  readonly tenantId: string;
  readonly contactId: string | null;
  readonly conversationId: string | null;
  readonly begin: Begin;
  /** Accounts whose channel can begin: their old threads are found by the key they begin with. */
  readonly begins: (accountId: string) => boolean;
}): Promise<{ readonly ways: readonly WayRecord[]; readonly accounts: readonly AccountRow[] }> => {
  const { db, scope, secrets, tenantId, contactId, conversationId, begin } = input;
  if (!scope.tenantIds.includes(tenantId)) throw new Refused("not-found", "There is no such client company.");
  if (!mayWork(scope, tenantId)) throw new Refused("forbidden", "You may only look here.");
  const accounts = await accountsOf(db, tenantId);
  if (contactId === null || !isUuid(contactId)) return { ways: [], accounts };
  const [identities, threads] = await Promise.all([
    identitiesOf(db, tenantId, contactId),
    threadsOf(db, tenantId, contactId, conversationId),
  ]);
  const byId = new Map(accounts.map((account) => [account.id, account]));
  const ways: WayRecord[] = [];
  const base = (account: AccountRow) => ({
    accountId: account.id,
    accountName: account.name,
    kind: account.kind,
    channel: account.channel,
    state: account.state,
  });
  const offered = new Set<string>();
  const offer = (thread: ThreadRow, account: AccountRow): void => {
    const linked = conversationId !== null && thread.linkedTo === conversationId;
    offered.add(`${account.id} ${thread.identityId}`);
    ways.push({
      ...base(account),
      threadId: thread.id,
      identityId: thread.identityId,
      address: thread.display,
      addressKind: thread.identityKind,
      linked,
      busy: !linked && thread.linkedTo !== null && thread.linkedStatus !== "closed",
      windowUntil: thread.windowUntil,
    });
  };
  for (const thread of threads) {
    const account = byId.get(thread.accountId);
    if (account === undefined) continue;
    const linked = conversationId !== null && thread.linkedTo === conversationId;
    const again = offered.has(`${account.id} ${thread.identityId}`);
    if (linked || (!again && !input.begins(account.id))) offer(thread, account);
  }
  for (const account of accounts)
    for (const identity of identities) {
      if (offered.has(`${account.id} ${identity.id}`)) continue;
      const value = secrets.openText("identity", identity.enc, tenantId);
      const key = keyFor(begin, account.id, { kind: identity.kind, scope: writeScope(identity.scope), value });
      if (key === null) continue;
      const known = threads.find((thread) => thread.accountId === account.id && thread.key === key);
      if (known !== undefined) offer(known, account);
      else
        ways.push({
          ...base(account),
          threadId: null,
          identityId: identity.id,
          address: identity.display,
          addressKind: identity.kind,
          linked: false,
          busy: false,
          windowUntil: null,
        });
    }
  return { ways, accounts };
};

/** Whether the customer's last words asked to be answered by e-mail: the form of a chat nobody was at. */
export const wantsEmail = async (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly conversationId: string;
}): Promise<boolean> => {
  const [last] = await input.db.query<{ wants: boolean }>({
    name: "wants-email",
    text: `select (detail -> 'wantsEmail') is not distinct from 'true'::jsonb as wants from message
      where conversation_id = $1 and tenant_id = $2 and direction = 'in' and not held order by seq desc limit 1`,
    values: [input.conversationId, input.tenantId],
  });
  return last?.wants === true;
};
