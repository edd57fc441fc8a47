import type { Content, IdentityKind } from "#contract";
import type { DeliveryState } from "#wire";
import type { StoredChange } from "#core/records";
import type { Db } from "./db.ts";
import { finishSteps } from "./step.ts";

/** Proof that the caller leads the account; a claim with a lease that was lost claims nothing. */
export interface LeaseProof {
  readonly name: string;
  readonly owner: string;
  readonly fencing: bigint;
}

/** One delivery taken for sending, with everything its message needs. */
export interface Claimed {
  readonly id: string;
  readonly recipient: string;
  readonly attempts: number;
  readonly messageId: string;
  readonly conversationId: string;
  readonly threadKey: string;
  readonly windowUntil: Date | null;
  /** Written by a person, not by a machine. */
  readonly byPerson: boolean;
  readonly subject: string | null;
  readonly body: string;
  readonly html: string | null;
  readonly content: Content | null;
  /** The hub wrote it by itself. */
  readonly automatic: boolean;
  /** Nobody knew whether it had arrived, and a person sends it again. */
  readonly insisted: boolean;
  /** Everybody the message is for, those it reached already included. */
  readonly recipients: readonly { readonly recipient: string; readonly role: "to" | "cc" | "bcc" }[];
  readonly authorName: string;
  readonly avatarUrl: string | null;
  readonly writtenAt: Date;
  readonly identityKind: IdentityKind | null;
  readonly identityScope: string | null;
  readonly answers: string | null;
  /** Newest first. */
  readonly references: readonly string[];
  readonly replyToken: string | null;
  readonly parts: readonly {
    readonly name: string;
    readonly mime: string;
    readonly size: number;
    readonly blobKey: string;
    readonly contentId: string | null;
    readonly inline: boolean;
  }[];
}

/**
 * Takes at most `limit` due deliveries of one account. A message waits while an earlier one of its thread is held,
 * queued or being sent; a failed or uncertain one holds nobody back. The lease's row is share-locked, so that a new
 * leader sees every claim of the old one.
 */
export const claimDue = (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly accountId: string;
  readonly lease: LeaseProof;
  /** Under whose name the claim stands: one for each time an account is started. */
  readonly claim: string;
  readonly now: Date;
  readonly limit: number;
}): Promise<Claimed[]> =>
  input.db.query<Claimed>({
    name: "claim-due",
    text: `with lead as materialized (
        select 1 from lease where name = $4 and owner = $5 and fencing = $6 and until > now() for share),
      due as materialized (
        select d.id, d.error_code from delivery d
        where d.account_id = $1 and d.tenant_id = $2 and d.state in ('held', 'queued') and d.next_at <= $3
          and exists (select 1 from lead)
          and not exists (select 1 from delivery e where e.thread_id = d.thread_id and e.seq < d.seq
            and e.conversation_id = d.conversation_id and e.state in ('held', 'queued', 'sending')
            and not (e.scheduled and e.state = 'held'))
          and not exists (select 1 from delivery e where e.thread_id = d.thread_id
            and e.conversation_id <> d.conversation_id and e.created_at < d.created_at
            and e.state in ('held', 'queued', 'sending') and not (e.scheduled and e.state = 'held'))
        order by d.next_at limit $7 for update of d skip locked),
      taken as (
        update delivery d set state = 'sending', rank = 2, attempts = d.attempts + 1, claimed_by = $8,
          claimed_until = now() + interval '90 seconds', updated_at = $3,
          error_code = case when due.error_code = 'insisted' then null else due.error_code end
        from due where d.id = due.id
        returning d.id, d.recipient, d.attempts, d.message_id, d.conversation_id, d.thread_id, d.seq,
          due.error_code is not distinct from 'insisted' as insisted)
      select d.id, d.recipient, d.attempts, d.message_id as "messageId", d.conversation_id as "conversationId",
        t.external_key as "threadKey", t.window_until as "windowUntil",
        m.author_type = 'agent' as "byPerson", coalesce(m.subject, t.subject) as subject, m.body,
        m.body_html as html, m.detail -> 'content' as content, m.author_type = 'system' as automatic, d.insisted,
        (select json_agg(json_build_object('recipient', x.recipient, 'role', x.role) order by x.id)
          from delivery x where x.message_id = m.id and x.state <> 'cancelled') as recipients,
        m.author_name as "authorName", u.avatar_url as "avatarUrl", m.occurred_at as "writtenAt",
        i.kind as "identityKind", i.scope as "identityScope",
        (select a.external_id from message a where a.id = m.reply_to_id) as answers,
        array(select r.external_id from message r where r.conversation_id = m.conversation_id and r.seq < m.seq
          and r.thread_id = m.thread_id and r.external_id is not null and not r.held
          order by r.seq desc limit 30) as "references",
        (select k.token from reply_token k where k.thread_id = d.thread_id and k.revoked_at is null
          order by k.created_at desc limit 1) as "replyToken",
        coalesce((select json_agg(json_build_object('name', p.name, 'mime', p.mime, 'size', p.size, 'blobKey', p.blob_key,
          'contentId', p.content_id, 'inline', p.inline) order by p.idx)
          from message_part p where p.message_id = m.id and p.state = 'stored'), '[]') as parts
      from taken d join message m on m.id = d.message_id join thread t on t.id = d.thread_id
        left join identity i on i.id = t.identity_id
        left join membership u on u.tenant_id = $2 and u.user_id = m.author_id
      order by d.conversation_id, d.seq, d.id`,
    values: [
      input.accountId,
      input.tenantId,
      input.now,
      input.lease.name,
      input.lease.owner,
      input.lease.fencing,
      input.limit,
      input.claim,
    ],
  });

/** Accounts with something waiting, and when the first of it is due. */
export const nextDue = (input: {
  readonly db: Db;
  readonly accountIds: readonly string[];
}): Promise<{ accountId: string; at: Date }[]> =>
  input.db.query<{ accountId: string; at: Date }>({
    name: "next-due",
    text: `select account_id as "accountId", min(next_at) as at from (
        select account_id, next_at from delivery where account_id = any($1::uuid[]) and state in ('held', 'queued')
        union all
        select account_id, next_at from message_action where account_id = any($1::uuid[]) and state = 'queued') waiting
      group by account_id`,
    values: [input.accountIds],
  });

export interface Interrupted {
  readonly id: string;
  readonly messageId: string;
  readonly conversationId: string;
  /** Under whose claim it stands. */
  readonly claimedBy: string | null;
}

/**
 * Deliveries of an account that nobody is sending although they say so. What this leader claimed and does not have in
 * hand (the answer to its claim was lost) never went out and is queued again; what a former leader left is queued again
 * only where the channel drops repeated keys, and is given back otherwise: the caller must call it uncertain.
 */
export const findInterrupted = async (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly accountId: string;
  readonly lease: LeaseProof;
  readonly claim: string;
  readonly inHand: readonly string[];
  readonly idempotent: boolean;
  readonly now: Date;
}): Promise<Interrupted[]> => {
  await input.db.query({
    name: "requeue-interrupted",
    text: `update delivery set state = 'queued', rank = 1, next_at = $4, claimed_by = null, claimed_until = null,
        updated_at = $4
      where account_id = $1 and tenant_id = $2 and state = 'sending' and not id = any($5::uuid[])
        and (claimed_by = $3 or $6) and exists (select 1 from lease
          where name = $7 and owner = $8 and fencing = $9 and until > now())`,
    values: [
      input.accountId,
      input.tenantId,
      input.claim,
      input.now,
      input.inHand,
      input.idempotent,
      input.lease.name,
      input.lease.owner,
      input.lease.fencing,
    ],
  });
  return input.db.query<Interrupted>({
    name: "find-interrupted",
    text: `select id, message_id as "messageId", conversation_id as "conversationId", claimed_by as "claimedBy" from delivery
      where account_id = $1 and tenant_id = $2 and state = 'sending' and claimed_by is distinct from $3
        and exists (select 1 from lease where name = $4 and owner = $5 and fencing = $6 and until > now())`,
    values: [input.accountId, input.tenantId, input.claim, input.lease.name, input.lease.owner, input.lease.fencing],
  });
};

/** What became of one delivery. */
export interface Outcome {
  readonly deliveryId: string;
  readonly messageId: string;
  readonly conversationId: string;
  readonly tenantId: string;
  readonly claimedBy: string | null;
  readonly state: Extract<DeliveryState, "queued" | "uncertain" | "sent" | "failed">;
  /** False: the attempt is not counted. */
  readonly counted: boolean;
  readonly nextAt: Date | null;
  readonly providerId: string | null;
  readonly errorCode: string | null;
  readonly errorText: string | null;
}

/**
 * Writes outcomes in one transaction and gives what to publish. "sent" is a fact and is written whoever holds the
 * delivery now, unless a receipt was faster; anything else only while the claim it belongs to still stands.
 */
export const writeOutcomes = (input: {
  readonly db: Db;
  readonly outcomes: readonly Outcome[];
  readonly now: Date;
}): Promise<StoredChange[]> =>
  input.db.tx(async (q) => {
    const { outcomes, now } = input;
    await q.query({
      name: "lock-conversations",
      text: "select id from conversation where id = any($1::uuid[]) order by id for update",
      values: [outcomes.map((outcome) => outcome.conversationId)],
    });
    const changed = await q.query<{ messageId: string; conversationId: string; tenantId: string }>({
      name: "write-outcomes",
      text: `with o as (select * from json_to_recordset($1::json) as o("deliveryId" uuid, "messageId" uuid,
          "claimedBy" text, state text, counted boolean, "nextAt" timestamptz, "providerId" text, "errorCode" text,
          "errorText" text)),
        named as (
          update message m set external_id = o."providerId" from o
          where m.id = o."messageId" and o."providerId" is not null and m.external_id is null
            and not exists (select 1 from message x where x.account_id = m.account_id and x.external_id = o."providerId"))
        update delivery d set
          provider_id = coalesce(o."providerId", d.provider_id),
          state = case when d.rank > 5 then d.state else o.state end,
          rank = case when d.rank > 5 then d.rank else case o.state when 'queued' then 1 when 'uncertain' then 3
            when 'sent' then 4 else 5 end end,
          attempts = d.attempts - case when o.counted then 0 else 1 end,
          next_at = o."nextAt", error_code = o."errorCode", error_text = o."errorText",
          claimed_by = null, claimed_until = null, updated_at = $2
        from o where d.id = o."deliveryId"
          and (o.state = 'sent' or d.state = 'sending' and d.claimed_by is not distinct from o."claimedBy")
        returning d.message_id as "messageId", d.conversation_id as "conversationId", d.tenant_id as "tenantId"`,
      values: [JSON.stringify(outcomes), now],
    });
    const steps = Map.groupBy(changed, (row) => row.conversationId);
    return finishSteps({
      q,
      steps: [...steps].map(([conversationId, rows]) => ({
        conversationId,
        tenantId: rows[0]?.tenantId ?? "",
        messageIds: [...new Set(rows.map((row) => row.messageId))],
        type: "message.changed",
      })),
    });
  });

/** The account works again: what waited for it goes now. */
export const hasten = (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly accountId: string;
  readonly now: Date;
}): Promise<object[]> =>
  input.db.query({
    name: "hasten",
    text: `update delivery set next_at = $3 where account_id = $1 and tenant_id = $2 and state = 'queued'
      and error_code in ('unreachable', 'auth') and next_at > $3`,
    values: [input.accountId, input.tenantId, input.now],
  });
