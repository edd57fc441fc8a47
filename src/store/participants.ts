import type { Queryable } from "./db.ts";

/**
 * Makes the author of an accepted message a participant of its thread, so that their next letter is not held again.
 * The caller holds the lock of the message's conversation.
 */
export const admitAuthor = async (input: {
  readonly q: Queryable;
  readonly messageId: string;
  readonly now: Date;
}): Promise<void> => {
  await input.q.query({
    name: "admit-author",
    text: `insert into thread_participant (thread_id, value_hash, tenant_id, seen_at)
      select m.thread_id, i.value_hash, m.tenant_id, $2
      from message m join identity i on i.contact_id = m.author_id and i.tenant_id = m.tenant_id
      where m.id = $1 and m.author_type = 'contact' and m.thread_id is not null on conflict do nothing`,
    values: [input.messageId, input.now],
  });
};
