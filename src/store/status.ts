import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import type { ConversationStatus } from "#wire";
import type { Locked } from "./locked.ts";
import { eventMessage, type NewMessage } from "./step.ts";

export interface Actor {
  readonly type: "agent" | "bot" | "system";
  readonly id: string | null;
  readonly name: string;
}

/** Who acts, under the name the customers of this tenant may see. */
export const actorOf = (scope: Scope, tenantId: string): Actor => ({
  type: scope.actor.type === "user" ? "agent" : scope.actor.type === "token" ? "bot" : "system",
  id: scope.actor.id,
  name: scope.grants.get(tenantId)?.alias ?? scope.actor.name,
});

export interface StatusChange {
  readonly status: ConversationStatus;
  readonly snoozedUntil: Date | null;
  readonly events: readonly NewMessage[];
}

/** What a new status means for the row and for the history. Refused bad-request for a sleep without a future end. */
export const statusChange = (input: {
  readonly conversation: Pick<Locked, "status" | "snoozedUntil">;
  readonly to: ConversationStatus;
  readonly snoozedUntil: Date | null;
  readonly actor: Actor;
  readonly now: Date;
}): StatusChange => {
  const { conversation, to, actor, now } = input;
  const until = to === "snoozed" ? (input.snoozedUntil ?? conversation.snoozedUntil) : null;
  if (to === "snoozed" && (until === null || until.getTime() <= now.getTime()))
    throw new Refused("bad-request", "Say until when the conversation shall sleep.");
  const moved = to !== conversation.status;
  return {
    status: to,
    snoozedUntil: until,
    events: moved
      ? [
          eventMessage({
            actor,
            detail: {
              event: "status",
              from: conversation.status,
              to,
              ...(until === null ? {} : { until: until.toISOString() }),
            },
          }),
        ]
      : [],
  };
};
