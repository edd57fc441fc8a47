import { Refused } from "#core/refused";
import { mayWork, type Scope, seesQueue } from "#core/scope";
import { cleanText } from "#core/text";
import { isUuid } from "#core/uuid";
import type { DraftView, Takes } from "#wire";
import type { Queryable } from "./db.ts";

interface DraftInput {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly takes: Takes<"draft.save">;
  readonly now: Date;
}

const current = async (input: DraftInput, userId: string): Promise<DraftView> => {
  const { q, takes } = input;
  const [row] = await q.query<{ body: string; rev: number }>({
    name: "get-draft",
    text: "select body, rev from draft where conversation_id = $1 and user_id = $2 and mode = $3",
    values: [takes.conversationId, userId, takes.mode],
  });
  return { mode: takes.mode, body: row?.body ?? "", rev: row?.rev ?? 0 };
};

/**
 * Saves what an agent is writing. `rev` is the one last received (0: none yet): another one is refused with conflict
 * and the current draft, so that two tabs of an agent do not overwrite each other.
 */
export const storeDraft = async (input: DraftInput): Promise<DraftView> => {
  const { q, scope, takes, now } = input;
  const userId = scope.actor.type === "user" ? scope.actor.id : null;
  if (userId === null) throw new Refused("forbidden", "Only a person can write a draft.");
  const [seen] = isUuid(takes.conversationId)
    ? await q.query<{ tenantId: string; queueId: string | null }>({
        name: "see-conversation",
        text: `select tenant_id as "tenantId", queue_id as "queueId" from conversation
          where id = $1 and tenant_id = any($2::uuid[])`,
        values: [takes.conversationId, scope.tenantIds],
      })
    : [];
  if (seen === undefined || !seesQueue(scope, seen.tenantId, seen.queueId))
    throw new Refused("not-found", "There is no such conversation.");
  if (!mayWork(scope, seen.tenantId)) throw new Refused("forbidden", "You may look at this conversation only.");
  const [saved] = await q.query<{ rev: number }>({
    name: "save-draft",
    text: `insert into draft (conversation_id, user_id, mode, tenant_id, body, rev, updated_at)
        select $1, $2, $3, $4, $5, 1, $7 where $6 = 0
          or exists (select 1 from draft where conversation_id = $1 and user_id = $2 and mode = $3)
      on conflict (conversation_id, user_id, mode) do update
        set body = excluded.body, rev = draft.rev + 1, updated_at = excluded.updated_at where draft.rev = $6
      returning rev`,
    values: [takes.conversationId, userId, takes.mode, seen.tenantId, cleanText(takes.body), takes.rev, now],
  });
  if (saved === undefined)
    throw new Refused("conflict", "The draft was changed in another window.", {
      draft: { tenantId: seen.tenantId, ...(await current(input, userId)) },
    });
  return { mode: takes.mode, body: cleanText(takes.body), rev: saved.rev };
};
