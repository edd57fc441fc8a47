import type { StoredChange } from "#core/records";
import type { ConversationStatus } from "#wire";
import type { Db } from "./db.ts";
import { appendMessages, eventMessage, finishSteps, type Step } from "./step.ts";

/** Wakes at most 100 conversations whose time has come; gives what to publish. Hub-wide: the hub's own timer. */
export const wakeDue = (input: { readonly db: Db; readonly now: Date }): Promise<StoredChange[]> =>
  input.db.tx(async (q) => {
    const { now } = input;
    const due = await q.query<{
      id: string;
      tenantId: string;
      version: number;
      lastSeq: number;
      status: ConversationStatus;
    }>({
      name: "wake-due",
      text: `select id, tenant_id as "tenantId", version, last_seq as "lastSeq", status from conversation
        where status = 'snoozed' and snoozed_until <= $1 order by id limit 100 for update skip locked`,
      values: [now],
    });
    const steps: Step[] = [];
    for (const conversation of due) {
      const event = eventMessage({
        actor: { type: "system", id: null, name: "" },
        detail: { event: "woke", from: "snoozed", to: "open" },
      });
      await appendMessages({ q, conversation, messages: [event], now });
      steps.push({
        conversationId: conversation.id,
        tenantId: conversation.tenantId,
        messageIds: [event.id],
        type: "conversation.changed",
      });
    }
    await q.query({
      name: "wake-conversations",
      text: `update conversation set status = 'open', snoozed_until = null, last_at = $2 where id = any($1::uuid[])`,
      values: [due.map((conversation) => conversation.id), now],
    });
    return finishSteps({ q, steps });
  });

/** Removes uploads that were never sent (a day), sessions long expired and empty drafts (30 days). Hub-wide. */
export const sweepExpired = async (input: { readonly db: Db; readonly now: Date }): Promise<void> => {
  const day = 86_400_000;
  const before = (ms: number): Date => new Date(input.now.getTime() - ms);
  await input.db.query({ text: "delete from upload where created_at < $1", values: [before(day)] });
  await input.db.query({ text: "delete from session where expires_at < $1", values: [before(day)] });
  await input.db.query({ text: "delete from draft where updated_at < $1", values: [before(30 * day)] });
};
