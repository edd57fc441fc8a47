import type { Queryable } from "./db.ts";

/** The newest message of a thread that an agent has read, for the channel to show. */
export interface Seen {
  readonly accountId: string;
  readonly threadKey: string;
  readonly externalId: string;
}

/** What became read when a conversation's read position moved from `after` to `upTo`, one for each thread. */
export const newlySeen = (input: {
  readonly q: Queryable;
  readonly conversationId: string;
  readonly after: number;
  readonly upTo: number;
}): Promise<Seen[]> =>
  input.q.query<Seen>({
    name: "newly-seen",
    text: `select distinct on (m.thread_id) m.account_id as "accountId", t.external_key as "threadKey",
        m.external_id as "externalId"
      from message m join thread t on t.id = m.thread_id
      where m.conversation_id = $1 and m.seq > $2 and m.seq <= $3 and m.direction = 'in' and not m.held
        and m.external_id is not null
      order by m.thread_id, m.seq desc`,
    values: [input.conversationId, input.after, input.upTo],
  });
