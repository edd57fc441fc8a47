import type { StoredChange } from "#core/records";
import type { Db } from "./db.ts";
import { lockAddresses } from "./ingest-lock.ts";
import { finishSteps } from "./step.ts";
import { searchable } from "#core/search";

/**
 * The messages of a thread that a channel's watermark is about: sent, not yet that far, and written up to then. Oldest
 * first. What is still being sent is not among them: it left after the time the channel names.
 */
export const underWatermark = async (input: {
  readonly db: Db;
  readonly accountId: string;
  readonly thread: string;
  readonly state: "delivered" | "read";
  readonly upTo: Date;
}): Promise<readonly string[]> => {
  const rows = await input.db.query<{ id: string }>({
    name: "under-watermark",
    text: `select distinct m.id, m.seq from thread t join delivery d on d.thread_id = t.id
        join message m on m.id = d.message_id
      where t.account_id = $1 and t.external_key = $2 and m.occurred_at <= $4
        and (d.state in ('uncertain', 'sent') or (d.state = 'delivered' and $3 = 'read'))
      order by m.seq limit 500`,
    values: [input.accountId, input.thread, input.state, input.upTo],
  });
  return rows.map(({ id }) => id);
};

/**
 * Names people the channel has told us about, where nobody has named them yet. Gives the conversations that show the
 * name now. `hashes`: keyed hashes (hex) of the person's addresses.
 */
export const learnName = (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly hashes: readonly string[];
  readonly name: string;
}): Promise<StoredChange[]> =>
  input.db.tx(async (q) => {
    const { tenantId, hashes, name } = input;
    // What is being filed for these people right now knows them without a name.
    await lockAddresses({ q, hashes });
    // Conversations before contacts, as the merge of two contacts locks them.
    const conversations = await q.query<{ id: string; contactId: string }>({
      name: "lock-unnamed",
      text: `select c.id, c.contact_id as "contactId" from conversation c
        where c.tenant_id = $1 and c.contact_id in (
          select coalesce(k.merged_into_id, k.id) from identity i join contact k on k.id = i.contact_id
          where i.tenant_id = $1 and i.value_hash = any(select decode(h, 'hex') from unnest($2::text[]) h))
        order by c.id for update of c`,
      values: [tenantId, hashes],
    });
    const named = await q.query<{ id: string }>({
      name: "learn-name",
      text: `update contact set name = $3, search_text = $4 where tenant_id = $1 and name = ''
        and id = any($2::uuid[]) returning id`,
      values: [tenantId, [...new Set(conversations.map(({ contactId }) => contactId))], name, searchable(name)],
    });
    const ids = conversations.flatMap(({ id, contactId }) => (named.some((one) => one.id === contactId) ? [id] : []));
    if (ids.length === 0) return [];
    const authored = await q.query<{ id: string; conversationId: string }>({
      name: "learn-author",
      text: `update message set author_name = $2 where conversation_id = any($1::uuid[]) and direction = 'in'
        and author_name = '' and author_id = any($3::uuid[]) returning id, conversation_id as "conversationId"`,
      values: [ids, name, named.map(({ id }) => id)],
    });
    return finishSteps({
      q,
      steps: ids.map((conversationId) => ({
        conversationId,
        tenantId,
        messageIds: authored.flatMap((one) => (one.conversationId === conversationId ? [one.id] : [])),
        type: "message.changed",
      })),
    });
  });
