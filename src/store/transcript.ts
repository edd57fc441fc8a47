import type { Transcript, TranscriptLine } from "#contract";
import type { Db } from "./db.ts";

/** Room for the messages of one conversation in a position that ascends over all conversations of a thread. */
const span = 1_000_000;

interface Line {
  readonly position: string;
  readonly id: string;
  readonly direction: "in" | "out";
  readonly body: string;
  readonly name: string;
  readonly avatar: string | null;
  readonly at: Date;
  readonly externalId: string | null;
  readonly device: boolean;
  readonly state: "held" | "queued" | "sent" | "delivered" | "read" | null;
  readonly files: readonly {
    readonly name: string;
    readonly mime: string;
    readonly size: number;
    readonly key: string;
  }[];
}

/**
 * What the customer of a thread may see: their own messages and our answers that have left, never notes, events, held
 * or revoked messages. Positions ascend over all conversations of the thread. A page asked with `after` ends before an answer
 * that is still to be sent: positions only move on, so what came after it would hide it for good.
 */
export const transcript = async (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly accountId: string;
  readonly thread: string;
  readonly page: { readonly after?: number; readonly before?: number; readonly limit: number };
  /** A signed address of a stored file. */
  readonly fileUrl: (file: {
    readonly key: string;
    readonly name: string;
    readonly mime: string;
    readonly tenantId: string;
  }) => string;
}): Promise<Transcript> => {
  const { db, tenantId, accountId, thread, page } = input;
  const limit = Math.min(Math.max(page.limit, 1), 200);
  const forward = page.after !== undefined;
  const most = Number.MAX_SAFE_INTEGER;
  const bound = (value: number): number => Math.trunc(Math.min(Math.max(value, 0), most));
  const rows = await db.query<Line>({
    name: forward ? "transcript-after" : "transcript-before",
    text: `with line as (
        select c.number::bigint * ${span} + m.seq as position, m.*
        from thread t join conversation_thread l on l.thread_id = t.id join conversation c on c.id = l.conversation_id
          join message m on m.conversation_id = c.id and m.thread_id = t.id
        where t.account_id = $1 and t.external_key = $2 and t.tenant_id = $3 and l.active_from = (
            select min(x.active_from) from conversation_thread x
            where x.thread_id = t.id and x.conversation_id = l.conversation_id)
          and m.direction in ('in', 'out') and not m.held and m.revoked_at is null and m.redacted_at is null)
      select m.position::text, m.id, m.direction, m.body, m.author_name as name, s.avatar_url as avatar, m.occurred_at as at,
        m.external_id as "externalId", m.author_type = 'device' as device, d.state,
        coalesce((select json_agg(json_build_object('name', p.name, 'mime', p.mime, 'size', p.size, 'key', p.blob_key) order by p.idx)
          from message_part p where p.message_id = m.id and p.state = 'stored'), '[]') as files
      from line m
        left join membership s on m.direction = 'out' and s.user_id = m.author_id and s.tenant_id = m.tenant_id
        left join lateral (
          select case
              when bool_or(d.state = 'read') then 'read'
              when bool_or(d.state = 'delivered') then 'delivered'
              when bool_or(d.state in ('sending', 'uncertain', 'sent')) then 'sent'
              when bool_or(d.state in ('held', 'queued')) then 'queued' end as state
          from delivery d where d.message_id = m.id) d on true
      where m.position > $4::bigint and m.position < $5::bigint
        and (m.direction = 'in' or m.author_type = 'device' or d.state is not null)
        ${forward ? "" : "and d.state is distinct from 'queued'"}
      order by m.position ${forward ? "asc" : "desc"} limit $6`,
    values: [accountId, thread, tenantId, bound(page.after ?? 0), bound(page.before ?? most), limit + 1],
  });
  const unsent = rows.findIndex(({ state }) => state === "queued");
  const sent = unsent === -1 ? rows : rows.slice(0, unsent);
  const shown = sent.slice(0, limit);
  const lines = (forward ? shown : shown.toReversed()).map((row): TranscriptLine => ({
    seq: Number(row.position),
    id: row.id,
    direction: row.direction,
    text: row.body,
    author: { name: row.name, ...(row.avatar === null ? {} : { avatarUrl: row.avatar }) },
    attachments: row.files.map(({ name, mime, size, key }) => ({
      name,
      mimeType: mime,
      bytes: size,
      url: input.fileUrl({ key, name, mime, tenantId }),
    })),
    at: row.at,
    ...(row.direction === "out" && !row.device
      ? { clientId: row.id }
      : row.externalId === null
        ? {}
        : { clientId: row.externalId }),
    ...(row.direction === "out" ? { state: row.state ?? "sent" } : {}),
  }));
  const [mark] = await db.query<{ seen: string }>({
    name: "transcript-seen",
    text: `select (c.number::bigint * ${span} + t.customer_read_seq)::text as seen
      from thread t join conversation_thread l on l.thread_id = t.id and l.active_to is null
        join conversation c on c.id = l.conversation_id
      where t.account_id = $1 and t.external_key = $2 and t.tenant_id = $3`,
    values: [accountId, thread, tenantId],
  });
  return { lines, more: sent.length > limit, readSeq: Number(mark?.seen ?? 0) };
};
