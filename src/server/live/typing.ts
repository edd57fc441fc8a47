import { threadKey } from "#contract";
import type { Log } from "#core/log";
import type { Scope } from "#core/scope";
import type { Db } from "#store/db";
import { typingTarget } from "#store/sources";
import type { Supervisor } from "../../runtime/ports.ts";

/** Channels show typing for a few seconds: it is repeated at most this often. */
const repeatMs = 4_000;
const ttlMs = 15_000;

export interface Typing {
  note(input: { scope: Scope; conversationId: string; userId: string; active: boolean }): void;
  stop(): void;
}

/** Shows the customer that somebody writes, on channels that can. Best effort: a failure is not worth a word. */
export const makeTyping = (input: {
  readonly db: Db;
  readonly supervisor: Pick<Supervisor, "connection">;
  readonly log: Log;
  readonly now: () => Date;
}): Typing => {
  const { db, supervisor, log } = input;
  const writing = new Map<string, { by: Set<string>; sentAt: number; timer: NodeJS.Timeout }>();

  const tell = async (scope: Scope, conversationId: string, active: boolean): Promise<void> => {
    const target = await typingTarget({ db, scope, conversationId });
    if (target === null) return;
    await supervisor.connection(target.accountId)?.typing?.(threadKey(target.thread), active);
  };
  const say = (scope: Scope, conversationId: string, active: boolean): void => {
    tell(scope, conversationId, active).catch((thrown: unknown) =>
      log.debug({ reason: String(thrown) }, "typing could not be shown"),
    );
  };

  const end = (scope: Scope, conversationId: string): void => {
    const entry = writing.get(conversationId);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    writing.delete(conversationId);
    say(scope, conversationId, false);
  };

  return {
    note: ({ scope, conversationId, userId, active }) => {
      const entry = writing.get(conversationId);
      if (!active) {
        entry?.by.delete(userId);
        if (entry?.by.size === 0) end(scope, conversationId);
        return;
      }
      const now = input.now().getTime();
      if (entry !== undefined) clearTimeout(entry.timer);
      const due = entry === undefined || now - entry.sentAt >= repeatMs;
      writing.set(conversationId, {
        by: (entry?.by ?? new Set()).add(userId),
        sentAt: due ? now : entry.sentAt,
        timer: setTimeout(() => end(scope, conversationId), ttlMs),
      });
      if (due) say(scope, conversationId, true);
    },
    stop: () => {
      for (const { timer } of writing.values()) clearTimeout(timer);
      writing.clear();
    },
  };
};
