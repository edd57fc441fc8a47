import type { AccountRef } from "#core/inbound";
import type { Scope } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { Db } from "./db.ts";
import type { MessageKey } from "./ingest-lock.ts";

/** A row of the journal with the account it came through, for filing it again. */
export interface JournaledEvent {
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
  readonly raw: Buffer | null;
  readonly rawBlob: string | null;
  readonly receivedAt: Date;
  readonly account: Omit<AccountRef, "replyWindowHours">;
}

interface Row {
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
  readonly raw: Buffer | null;
  readonly rawBlob: string | null;
  readonly receivedAt: Date;
  readonly accountId: string;
  readonly tenantId: string;
  readonly kind: string;
  readonly channel: string;
  readonly name: string;
  readonly queueId: string | null;
  readonly reopenDays: number;
}

/** Days after closing in which the same conversation opens again, unless the tenant's policy says otherwise. */
export const defaultReopenDays = 7;

const select = `select i.id, i.type, i.payload, i.raw, i.raw_blob as "rawBlob", i.received_at as "receivedAt",
    a.id as "accountId", a.tenant_id as "tenantId", a.kind, a.channel, a.name, a.queue_id as "queueId",
    case jsonb_typeof(t.policy -> 'reopenDays') when 'number' then (t.policy ->> 'reopenDays')::float8 else ${defaultReopenDays} end
      as "reopenDays"
  from inbound_event i join channel_account a on a.id = i.account_id join tenant t on t.id = i.tenant_id`;

const event = ({ accountId, tenantId, kind, channel, name, queueId, reopenDays, ...row }: Row): JournaledEvent => ({
  ...row,
  account: { id: accountId, tenantId, kind, channel, name, queueId, reopenDays },
});

/** A parked event of the scope's tenants; null when there is none. */
export const parkedEvent = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly id: string;
}): Promise<JournaledEvent | null> => {
  if (!isUuid(input.id)) return null;
  const [row] = await input.db.query<Row>({
    text: `${select} where i.id = $1 and i.tenant_id = any($2::uuid[]) and i.state = 'parked'`,
    values: [input.id, input.scope.tenantIds],
  });
  return row === undefined ? null : event(row);
};

/** Events written to the journal whose filing was never finished, oldest first. The hub's own work, over all tenants. */
export const unfinishedEvents = async (input: { readonly db: Db }): Promise<JournaledEvent[]> =>
  (await input.db.query<Row>({ text: `${select} where i.state = 'new' order by i.received_at, i.id limit 10000` })).map(
    event,
  );

/**
 * Messages that news waits for although they are known by now: the hub stopped between learning the provider's id and
 * applying what had come early. Of one account, or the hub's own work over all.
 */
export const awaitedMessages = (input: { readonly db: Db; readonly accountId?: string }): Promise<MessageKey[]> =>
  input.db.query<MessageKey>({
    name: "awaited-messages",
    text: `select distinct i.account_id as "accountId", i.payload ->> 'id' as "externalId" from inbound_event i
      where i.state = 'waiting' and ($1::uuid is null or i.account_id = $1)
        and (exists (select from message m where m.account_id = i.account_id and m.external_id = i.payload ->> 'id')
          or exists (select from delivery d where d.account_id = i.account_id and d.provider_id = i.payload ->> 'id'))`,
    values: [input.accountId ?? null],
  });

/** The events behind an unreadable one are filed: takes it off the dead letters. */
export const settleParked = async (input: {
  readonly db: Db;
  readonly id: string;
  readonly now: Date;
}): Promise<void> => {
  await input.db.query({
    text: "update inbound_event set state = 'done', done_at = $2, attempts = attempts + 1 where id = $1 and state = 'parked'",
    values: [input.id, input.now],
  });
};

/** The conversation a thread is filed in now; null before its first message. */
export const typingConversation = async (input: {
  readonly db: Db;
  readonly accountId: string;
  readonly thread: string;
}): Promise<string | null> => {
  const [row] = await input.db.query<{ id: string }>({
    name: "typing-conversation",
    text: `select l.conversation_id as id from thread t join conversation_thread l on l.thread_id = t.id and l.active_to is null
      where t.account_id = $1 and t.external_key = $2`,
    values: [input.accountId, input.thread],
  });
  return row?.id ?? null;
};
