import { inAccount, type Thread, type World } from "#core/batch";
import type { Item } from "#core/inbound";
import type { Queryable } from "./db.ts";

interface Row {
  readonly account: string;
  readonly contact: string;
  readonly thread: string;
  readonly tenant: string;
  readonly identity: string | null;
  readonly until: Date | null;
  readonly read: number;
  readonly conversation: string | null;
}

/**
 * Where a channel has one thread with a person: the threads of those who write under a key nobody has seen. Most
 * batches bring none, and ask nothing.
 */
export const loadPersonThreads = async (input: {
  readonly q: Queryable;
  readonly world: World;
  readonly items: readonly Item[];
}): Promise<void> => {
  const { q, world } = input;
  const strangers = input.items.filter(
    ({ account, event }) =>
      event.type === "message" &&
      event.oneThreadPerPerson === true &&
      !world.threadByKey.has(inAccount(account.id, event.thread)),
  );
  const known = strangers.flatMap(({ account, addresses }) =>
    addresses.flatMap(({ hash }) => {
      const contact = world.identities.get(hash)?.contactId;
      return contact === undefined ? [] : [{ a: account.id, c: contact }];
    }),
  );
  if (known.length === 0) return;
  const rows = await q.query<Row>({
    name: "ingest-person-threads",
    text: `select distinct on (e.a, e.c) e.a as account, e.c as contact, th.id as thread, th.tenant_id as tenant,
        th.identity_id as identity, th.window_until as until, th.customer_read_seq as read, o.id as conversation
      from json_to_recordset($1::json) as e(a uuid, c uuid)
        join identity j on j.contact_id = e.c
        join thread th on th.identity_id = j.id and th.account_id = e.a
        left join lateral (select conversation_id from conversation_thread l
          where l.thread_id = th.id and l.active_to is null limit 1) l on true
        left join lateral (select coalesce(c.merged_into_id, c.id) as id from conversation c
          where c.id = l.conversation_id limit 1) o on true
      order by e.a, e.c, th.created_at desc`,
    values: [JSON.stringify(known)],
  });
  for (const row of rows) {
    const thread: Thread = {
      id: row.thread,
      account: null,
      tenantId: row.tenant,
      identityId: row.identity,
      contactId: row.contact,
      conversationId: row.conversation,
      windowUntil: row.until,
      customerReadSeq: row.read,
      isNew: false,
      changed: false,
    };
    if (!world.threads.has(thread.id)) world.threads.set(thread.id, thread);
    world.threadByPerson.set(inAccount(row.account, row.contact), thread.id);
  }
};
