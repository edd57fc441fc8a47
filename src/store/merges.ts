import type { StoredChange } from "#core/records";
import { Refused } from "#core/refused";
import { mayWork, type Scope } from "#core/scope";
import { isUuid, uuid } from "#core/uuid";
import type { Db, Queryable } from "./db.ts";
import { lockAddresses } from "./ingest-lock.ts";
import { finishSteps } from "./step.ts";

interface Person {
  readonly id: string;
  readonly tenantId: string;
  readonly mergedIntoId: string | null;
}

/** Locks contacts in id order; those of other tenants are not found. */
const lockContacts = (q: Queryable, scope: Scope, ids: readonly string[]): Promise<Person[]> =>
  q.query<Person>({
    text: `select id, tenant_id as "tenantId", merged_into_id as "mergedIntoId" from contact
      where id = any($1::uuid[]) and tenant_id = any($2::uuid[]) order by id for update`,
    values: [ids.filter(isUuid), scope.tenantIds],
  });

const holdArrivals = async (q: Queryable, scope: Scope, ids: readonly string[]): Promise<void> => {
  const rows = await q.query<{ hash: string }>({
    text: `select encode(value_hash, 'hex') as hash from identity
      where contact_id = any($1::uuid[]) and tenant_id = any($2::uuid[])`,
    values: [ids.filter(isUuid), scope.tenantIds],
  });
  await lockAddresses({ q, hashes: rows.map(({ hash }) => hash) });
};

/** Moves rows to a contact and gives the ids of those that moved. Conversations are locked in id order first. */
const move = async (
  q: Queryable,
  o: {
    tenantId: string;
    from: string;
    to: string;
    identities: readonly string[] | null;
    conversations: readonly string[] | null;
  },
): Promise<{ identities: string[]; conversations: string[] }> => {
  const identities = await q.query<{ id: string }>({
    text: `update identity set contact_id = $3 where contact_id = $2 and tenant_id = $1 and ($4::uuid[] is null or id = any($4))
      returning id`,
    values: [o.tenantId, o.from, o.to, o.identities],
  });
  const conversations = await q.query<{ id: string }>({
    text: `with locked as (
        select id from conversation
        where contact_id = $2 and tenant_id = $1 and ($4::uuid[] is null or id = any($4)) order by id for update)
      update conversation c set contact_id = $3 from locked where c.id = locked.id returning c.id`,
    values: [o.tenantId, o.from, o.to, o.conversations],
  });
  return { identities: identities.map(({ id }) => id), conversations: conversations.map(({ id }) => id) };
};

const told = (q: Queryable, tenantId: string, conversations: readonly string[]): Promise<StoredChange[]> =>
  finishSteps({
    q,
    steps: conversations.map((conversationId) => ({
      conversationId,
      tenantId,
      messageIds: [],
      type: "conversation.changed" as const,
    })),
  });

const workIn = (scope: Scope, person: Person | undefined): Person => {
  if (person === undefined) throw new Refused("not-found", "There is no such contact.");
  if (!mayWork(scope, person.tenantId)) throw new Refused("forbidden", "You may look at this contact only.");
  return person;
};

/**
 * Makes one contact of two: addresses and conversations of `fromId` move to `intoId`, the empty one points there. What
 * moved is written down, so that `undoMerge` restores exactly that. Publish `changes` after it resolves. Refused
 * not-found, forbidden, bad-request (two tenants, the same contact), conflict (one is merged already).
 */
export const mergeContacts = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly fromId: string;
  readonly intoId: string;
  readonly reason: string;
  readonly now: Date;
}): Promise<{ readonly mergeId: string; readonly contactId: string; readonly changes: StoredChange[] }> => {
  const { scope, fromId, intoId, now } = input;
  const actorId = scope.actor.type === "user" ? scope.actor.id : null;
  if (actorId === null) throw new Refused("forbidden", "Only a person can merge contacts.");
  if (fromId === intoId) throw new Refused("bad-request", "A contact cannot be merged into itself.");
  return input.db.tx(async (q) => {
    await holdArrivals(q, scope, [fromId, intoId]);
    const people = await lockContacts(q, scope, [fromId, intoId]);
    const from = workIn(
      scope,
      people.find(({ id }) => id === fromId),
    );
    const into = workIn(
      scope,
      people.find(({ id }) => id === intoId),
    );
    const { tenantId } = into;
    if (from.tenantId !== tenantId) throw new Refused("bad-request", "These contacts belong to two clients.");
    if (from.mergedIntoId !== null || into.mergedIntoId !== null)
      throw new Refused("conflict", "One of these contacts was merged already.");
    const moved = await move(q, { tenantId, from: fromId, to: intoId, identities: null, conversations: null });
    const mergeId = uuid();
    await q.query({ text: "update contact set merged_into_id = $2 where id = $1", values: [fromId, intoId] });
    await q.query({
      text: `insert into contact_merge (id, tenant_id, from_contact_id, into_contact_id, moved_identities, moved_conversations,
          reason, actor_id, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      values: [
        mergeId,
        tenantId,
        fromId,
        intoId,
        JSON.stringify(moved.identities),
        JSON.stringify(moved.conversations),
        input.reason,
        actorId,
        now,
      ],
    });
    return { mergeId, contactId: intoId, changes: await told(q, tenantId, moved.conversations) };
  });
};

/** The client company of a merge; refuses with `not-found`. */
export const mergeTenant = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly id: string;
}): Promise<string> => {
  const [merge] = isUuid(input.id)
    ? await input.db.query<{ tenantId: string }>({
        text: `select tenant_id as "tenantId" from contact_merge where id = $1 and tenant_id = any($2::uuid[])`,
        values: [input.id, input.scope.tenantIds],
      })
    : [];
  if (merge === undefined) throw new Refused("not-found", "There is no such merge.");
  return merge.tenantId;
};

/**
 * Takes a merge back: what it moved and what is still there returns; what came since stays where it came. Refused
 * not-found, forbidden, conflict (undone already, or the contact was itself merged later: undo that first).
 */
export const undoMerge = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly id: string;
  readonly now: Date;
}): Promise<{ readonly contactId: string; readonly changes: StoredChange[] }> => {
  const { scope, id, now } = input;
  return input.db.tx(async (q) => {
    const [merge] = isUuid(id)
      ? await q.query<{
          from: string;
          into: string;
          identities: string[];
          conversations: string[];
          undone: Date | null;
        }>({
          text: `select from_contact_id as from, into_contact_id as into, moved_identities as identities,
              moved_conversations as conversations, undone_at as undone
            from contact_merge where id = $1 and tenant_id = any($2::uuid[]) for update`,
          values: [id, scope.tenantIds],
        })
      : [];
    if (merge === undefined) throw new Refused("not-found", "There is no such merge.");
    await holdArrivals(q, scope, [merge.from, merge.into]);
    const people = await lockContacts(q, scope, [merge.from, merge.into]);
    const into = workIn(
      scope,
      people.find((person) => person.id === merge.into),
    );
    if (merge.undone !== null) throw new Refused("conflict", "This merge was undone already.");
    if (into.mergedIntoId !== null) throw new Refused("conflict", "The contact was merged once more: undo that first.");
    const { tenantId } = into;
    await q.query({ text: "update contact set merged_into_id = null where id = $1", values: [merge.from] });
    const moved = await move(q, {
      tenantId,
      from: merge.into,
      to: merge.from,
      identities: merge.identities,
      conversations: merge.conversations,
    });
    await q.query({ text: "update contact_merge set undone_at = $2 where id = $1", values: [id, now] });
    return { contactId: merge.into, changes: await told(q, tenantId, moved.conversations) };
  });
};
