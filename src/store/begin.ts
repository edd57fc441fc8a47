import { type Address, ConnectorError, type IdentityKind, type ThreadKey } from "#contract";
import { inAccount } from "#core/batch";
import { hashedText, maskAddress, normalValue } from "#core/identity";
import { Refused } from "#core/refused";
import { searchable } from "#core/search";
import { isUuid, uuid } from "#core/uuid";
import type { Secrets } from "../secrets.ts";
import type { Queryable } from "./db.ts";
import { lockAddresses } from "./ingest-lock.ts";

/** The thread a first message to this address opens; null when the account is not open here or its channel cannot begin. */
export type Begin = (accountId: string, to: Address) => ThreadKey | null;

/** Where a conversation or a thread is to begin. */
interface Way {
  readonly accountId: string;
  readonly identityId?: string | undefined;
  readonly address?: string | undefined;
}

export interface Goal {
  readonly accountId: string;
  readonly queueId: string | null;
  readonly channel: string;
  readonly to: { readonly kind: IdentityKind; readonly scope: string; readonly value: string };
  /** Null: the address was typed in. */
  readonly identityId: string | null;
  readonly key: ThreadKey;
}

/** Kinds an address typed by hand may be of, likeliest first. */
const typedKinds = (address: string): readonly IdentityKind[] =>
  address.includes("@") ? ["email", "loopback"] : ["wa_phone", "e164", "loopback"];

const mailbox = /^[^\s@<>,;"]{1,64}@[^\s@<>,;"]+\.[^\s@<>,;."]{2,}$/;
const number = /^\+?[\d\s()/-]{5,24}$/;

const isAddress = (kind: IdentityKind, value: string): boolean =>
  kind === "email" ? mailbox.test(value) : kind === "loopback" ? value !== "" : number.test(value);

/** Null also for an address the channel cannot reach. */
export const keyFor = (begin: Begin, accountId: string, to: Address): ThreadKey | null => {
  try {
    return begin(accountId, to);
  } catch (thrown) {
    if (thrown instanceof ConnectorError) return null;
    throw thrown;
  }
};

/** What a person merely claimed (`claimed:`) is an address like any other to whoever writes to it. */
export const writeScope = (scope: string): string => (scope.startsWith("claimed:") ? "" : scope);

/** Resolves an account with an identity of the contact, or with a typed address. Throws Refused. */
export const goalOf = async (input: {
  readonly q: Queryable;
  readonly secrets: Pick<Secrets, "openText">;
  readonly tenantId: string;
  /** Whose identities may be named; null = anybody's of the tenant. */
  readonly contactId: string | null;
  readonly way: Way;
  /** Whether the asker may begin on an account of this queue; absent = on any. */
  readonly sees?: (queueId: string | null) => boolean;
  readonly begin: Begin;
}): Promise<Goal> => {
  const { q, tenantId, way, begin } = input;
  const [account] = isUuid(way.accountId)
    ? await q.query<{ id: string; channel: string; enabled: boolean; queueId: string | null }>({
        name: "goal-account",
        text: `select id, channel, enabled, queue_id as "queueId" from channel_account where id = $1 and tenant_id = $2`,
        values: [way.accountId, tenantId],
      })
    : [];
  if (account === undefined || input.sees?.(account.queueId) === false)
    throw new Refused("not-found", "There is no such channel.");
  if (!account.enabled) throw new Refused("unavailable", "This channel is switched off.");
  const base = { accountId: account.id, channel: account.channel, queueId: account.queueId };
  if (way.identityId !== undefined) {
    const [identity] = isUuid(way.identityId)
      ? await q.query<{ kind: IdentityKind; scope: string; enc: Buffer }>({
          name: "goal-identity",
          text: `select kind, scope, value_enc as enc from identity
            where id = $1 and tenant_id = $2 and ($3::uuid is null or contact_id = $3)`,
          values: [way.identityId, tenantId, input.contactId],
        })
      : [];
    if (identity === undefined) throw new Refused("not-found", "This person has no such address.");
    const value = input.secrets.openText("identity", identity.enc, tenantId);
    const to = { kind: identity.kind, scope: writeScope(identity.scope), value };
    const key = keyFor(begin, account.id, to);
    if (key === null) throw new Refused("bad-request", "This address cannot be reached on this channel.");
    return { ...base, to, identityId: way.identityId, key };
  }
  const typed = (way.address ?? "").trim();
  for (const kind of typedKinds(typed)) {
    const value = normalValue(kind, typed);
    if (!isAddress(kind, value)) continue;
    const key = keyFor(begin, account.id, { kind, value });
    if (key !== null) return { ...base, to: { kind, scope: "", value }, identityId: null, key };
  }
  throw new Refused("bad-request", "This address cannot be reached on this channel.");
};

const addContact = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly name: string;
}): Promise<string> => {
  const id = uuid();
  await input.q.query({
    name: "goal-contact",
    text: "insert into contact (id, tenant_id, name, search_text) values ($1, $2, $3, $4)",
    values: [id, input.tenantId, input.name, searchable(input.name)],
  });
  return id;
};

/**
 * The thread of a goal, found or made, with the person it answers to. Arrivals of the same thread and address wait
 * meanwhile. A typed address nobody has goes to `owner`, or to a new contact.
 */
export const openGoal = async (input: {
  readonly q: Queryable;
  readonly secrets: Pick<Secrets, "keyedHash" | "seal">;
  readonly tenantId: string;
  readonly goal: Goal;
  readonly owner: string | null;
  readonly name?: string;
  readonly subject: string | null;
}): Promise<{ readonly threadId: string; readonly contactId: string }> => {
  const { q, secrets, tenantId, goal } = input;
  const { kind, scope, value } = goal.to;
  const hash = secrets.keyedHash("identity", hashedText({ tenantId, kind, scope, value: normalValue(kind, value) }));
  await lockAddresses({ q, hashes: [inAccount(goal.accountId, goal.key), hash.toString("hex")] });
  const [known] = await q.query<{ id: string; contactId: string }>({
    name: "goal-known",
    text: `select id, contact_id as "contactId" from identity where tenant_id = $1 and id = coalesce($2::uuid,
      (select i.id from identity i where i.tenant_id = $1 and i.kind = $3 and i.scope = $4 and i.value_hash = $5))`,
    values: [tenantId, goal.identityId, kind, scope, hash],
  });
  const contactId =
    known?.contactId ?? input.owner ?? (await addContact({ q, tenantId, name: (input.name ?? "").trim() }));
  const identityId = known?.id ?? uuid();
  if (known === undefined)
    await q.query({
      name: "goal-add-identity",
      text: `insert into identity (id, tenant_id, contact_id, kind, scope, value_hash, value_enc, display, origin)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 'agent')`,
      values: [
        identityId,
        tenantId,
        contactId,
        kind,
        scope,
        hash,
        Buffer.from(secrets.seal("identity", value, tenantId)),
        maskAddress(kind, value),
      ],
    });
  const [thread] = await q.query<{ id: string }>({
    name: "goal-thread",
    text: `insert into thread (id, tenant_id, account_id, external_key, identity_id, subject) values ($1, $2, $3, $4, $5, $6)
      on conflict (account_id, external_key) do update set identity_id = coalesce(thread.identity_id, excluded.identity_id)
      returning id`,
    values: [uuid(), tenantId, goal.accountId, goal.key, identityId, input.subject],
  });
  if (thread === undefined) throw new Error("a thread just written was not found");
  return { threadId: thread.id, contactId };
};
