import { hashedText, normalValue } from "#core/identity";
import { Refused } from "#core/refused";
import { type Scope, seesPersonal } from "#core/scope";
import { searchQuery } from "#core/search";
import { isUuid } from "#core/uuid";
import type { ConversationStatus } from "#wire";
import type { Secrets } from "../secrets.ts";
import { personSql } from "./consents.ts";
import type { Db } from "./db.ts";
import { goneSql } from "./gone.ts";
import { visibility, visibleSql } from "./visible.ts";

export { mergeContacts, undoMerge } from "./merges.ts";

interface IdentityRecord {
  readonly id: string;
  readonly kind: string;
  /** Readable: presenters decide who gets it. */
  readonly value: string;
  /** Masked: safe to show to anybody. */
  readonly display: string;
  readonly verified: string;
  /** A server said that there is no such address, and nobody has written from it since. */
  readonly gone: boolean;
}

export interface ContactRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly anonymous: boolean;
  readonly language: string | null;
  readonly preferred: { readonly channel: string; readonly source: "stated" | "agent" | "learned" } | null;
  readonly marketing: "granted" | "refused" | "withdrawn" | null;
  readonly identities: readonly IdentityRecord[];
  readonly conversations: readonly {
    readonly id: string;
    readonly number: number;
    readonly subject: string | null;
    readonly status: ConversationStatus;
    readonly lastAt: Date;
  }[];
  readonly merges: readonly { readonly id: string; readonly fromName: string; readonly at: Date }[];
}

interface Row extends Pick<ContactRecord, "preferred" | "marketing"> {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly anonymous: boolean;
  readonly language: string | null;
  readonly identities: readonly {
    id: string;
    kind: string;
    enc: string;
    display: string;
    verified: string;
    gone: boolean;
  }[];
  readonly conversations: readonly {
    id: string;
    number: number;
    subject: string | null;
    status: ConversationStatus;
    lastAt: string;
  }[];
  readonly merges: readonly { id: string; fromName: string; at: string }[];
}

/**
 * The channel of the person's last answers to us: of the last five messages that followed one of ours at least three came
 * there. Fewer say nothing.
 */
const learnedSql = (k: string): string => `(
  select json_build_object('channel', said.channel, 'source', 'learned') from (
    select a.channel from conversation c
      cross join lateral (select m.account_id, m.seq, m.occurred_at from message m
        where m.conversation_id = c.id and m.direction = 'in' and not m.held
          and exists (select 1 from message o where o.conversation_id = c.id and o.direction = 'out' and o.seq < m.seq)
        order by m.seq desc limit 5) m
      join channel_account a on a.id = m.account_id
    where c.contact_id = ${k}.id order by m.occurred_at desc limit 5) said
  group by said.channel having count(*) >= 3)::jsonb`;

/**
 * A contact with its addresses, its newest 20 conversations that the scope sees and its merges that can be undone. A
 * merged contact leads to the one it was merged into. Refused not-found.
 */
export const getContact = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly secrets: Pick<Secrets, "openText">;
  readonly id: string;
}): Promise<ContactRecord> => {
  const { db, scope, secrets, id } = input;
  const [row] = isUuid(id)
    ? await db.query<Row>({
        name: "get-contact",
        text: `with recursive up(id, into_id) as (
            select id, merged_into_id from contact where id = $4 and tenant_id = any($1::uuid[])
            union
            select k.id, k.merged_into_id from up join contact k on k.id = up.into_id)
          select k.id, k.tenant_id as "tenantId", k.name, k.anonymous, k.language,
            coalesce(k.attrs -> 'preferred', ${learnedSql("k")}) as preferred,
            (select n.state from consent n where n.tenant_id = k.tenant_id and n.contact_id in ${personSql("k.tenant_id", "k.id")}
              and n.purpose = 'marketing_message' order by n.created_at desc, n.id desc limit 1) as marketing,
            coalesce((select json_agg(json_build_object('id', i.id, 'kind', i.kind, 'enc', encode(i.value_enc, 'base64'),
                'display', i.display, 'verified', i.verified, 'gone', ${goneSql("i")}) order by i.created_at, i.id)
              from identity i where i.contact_id = k.id and i.tenant_id = k.tenant_id), '[]') as identities,
            coalesce((select json_agg(c order by c."lastAt" desc) from (
              select c.id, c.number, c.subject, c.status, c.last_at as "lastAt" from conversation c
              where c.contact_id = k.id and ${visibleSql(1)} order by c.last_at desc limit 20) c), '[]') as conversations,
            coalesce((select json_agg(json_build_object('id', g.id, 'fromName', f.name, 'at', g.at) order by g.at desc)
              from contact_merge g join contact f on f.id = g.from_contact_id
              where g.into_contact_id = k.id and g.tenant_id = k.tenant_id and g.undone_at is null), '[]') as merges
          from contact k where k.id = (select id from up where into_id is null)`,
        values: [...visibility(scope), id],
      })
    : [];
  if (row === undefined) throw new Refused("not-found", "There is no such contact.");
  return {
    ...row,
    identities: row.identities.map(({ enc, ...identity }) => ({
      ...identity,
      value: secrets.openText("identity", Buffer.from(enc, "base64"), row.tenantId),
    })),
    conversations: row.conversations.map((one) => ({ ...one, lastAt: new Date(one.lastAt) })),
    merges: row.merges.map((one) => ({ ...one, at: new Date(one.at) })),
  };
};

export interface ContactHit {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  /** Masked. */
  readonly identities: readonly string[];
}

/** Kinds a person is looked up by when a whole address is typed. */
const searched = ["email", "e164", "wa_phone"] as const;

/** Contacts by name (accents and endings do not matter) or by a whole e-mail address or number, at most 20. */
export const searchContacts = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly secrets: Pick<Secrets, "keyedHash">;
  readonly tenantId: string;
  readonly query: string;
}): Promise<ContactHit[]> => {
  const { db, scope, secrets, tenantId, query } = input;
  // A hit would confirm a guess: nobody searches what they receive masked.
  if (!scope.tenantIds.includes(tenantId) || !seesPersonal(scope, tenantId)) return [];
  const words = searchQuery(query);
  if (words === null) return [];
  const hashes = searched.flatMap((kind) => {
    const value = normalValue(kind, query);
    return value === "" ? [] : [secrets.keyedHash("identity", hashedText({ tenantId, kind, scope: "", value }))];
  });
  return db.query<ContactHit>({
    name: "search-contacts",
    text: `select k.id, k.tenant_id as "tenantId", k.name,
        coalesce((select json_agg(i.display order by i.created_at, i.id) from identity i where i.contact_id = k.id), '[]') as identities
      from contact k
      where k.tenant_id = $1 and k.merged_into_id is null and (
        k.search @@ to_tsquery('simple', $2)
        or k.id in (select i.contact_id from identity i
          where i.tenant_id = $1 and i.kind = any($4::text[]) and i.scope = '' and i.value_hash = any($3::bytea[])))
      order by k.name, k.id limit 20`,
    values: [tenantId, words, hashes, searched],
  });
};
