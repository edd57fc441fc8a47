import { type Connection, type Limits, remoteId, threadKey } from "#contract";
import type { Log } from "#core/log";
import type { MessageRecord, Publisher, StoredChange } from "#core/records";
import { Refused } from "#core/refused";
import type { Begin } from "#store/begin";
import { storeBegin } from "#store/commands-begin";
import { storeLink, storeRead, storeUpdate } from "#store/commands-conversation";
import { storeAccept, storeCancel, storeRetry } from "#store/commands-message";
import { storeSend } from "#store/commands-send";
import { DatabaseUnavailable, type Db, type Queryable } from "#store/db";
import { storeDraft } from "#store/drafts";
import { type ActionResult, storeAgain, storeEdit, storeReact, storeRemove } from "#store/message-actions";
import { reach } from "#store/points";
import type { Seen } from "#store/seen";
import type { Secrets } from "../secrets.ts";
import type { Commands, Outbox } from "./ports.ts";
import { publishing } from "./publish.ts";
import { sanitiseAnswer } from "./rich-text.ts";
import { makeTemplates } from "./templates.ts";

export type { Commands } from "./ports.ts";

/**
 * Builds the commands of the desk over one database. `limits` gives a channel's limits by connector kind, `connection`
 * an account's open connection: channels that can show the customer that an agent has read are told.
 */
export const makeCommands = (input: {
  readonly db: Db;
  readonly publisher: Publisher;
  readonly outbox: Pick<Outbox, "kick">;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly now: () => Date;
  readonly limits: (kind: string) => Limits | undefined;
  readonly connection?: (accountId: string) => Omit<Connection, "start" | "send"> | undefined;
}): Commands => {
  const { db, publisher, outbox, secrets, limits, log } = input;

  const begin: Begin = (accountId, to) => input.connection?.(accountId)?.begin?.(to) ?? null;
  const templates = makeTemplates({ ...input, connection: (id) => input.connection?.(id) });

  const can = (accountId: string, op: "edit" | "remove" | "react"): boolean =>
    input.connection?.(accountId)?.[op] !== undefined;
  const acted = async (work: (q: Queryable) => Promise<ActionResult>): Promise<MessageRecord> => {
    const done = await transact(work);
    publish(done.change);
    outbox.kick({ accountId: done.accountId });
    return done.message;
  };

  const transact = async <T>(work: (q: Queryable) => Promise<T>): Promise<T> => {
    try {
      return await db.tx(work);
    } catch (thrown) {
      if (!(thrown instanceof DatabaseUnavailable)) throw thrown;
      log.warn({ reason: String(thrown.cause) }, "command failed: database unavailable");
      throw new Refused("unavailable", "The hub cannot store this right now; try again.");
    }
  };

  const tell = publishing({ publisher, log });
  const publish = (change: StoredChange | null): void => tell(change === null ? [] : [change]);

  /** Best effort: that a tick is missing on the customer's side is no reason to trouble anybody. */
  const showSeen = (all: readonly Seen[]): void => {
    for (const seen of all)
      input
        .connection?.(seen.accountId)
        ?.markRead?.(threadKey(seen.threadKey), remoteId(seen.externalId))
        .catch((thrown: unknown) =>
          log.debug({ accountId: seen.accountId, reason: String(thrown) }, "channel was not told that it is read"),
        );
  };

  return {
    sendMessage: async (scope, given) => {
      const now = input.now();
      const takes = given.html === undefined ? given : { ...given, html: await sanitiseAnswer(given.html) };
      const done = await transact(async (q) => {
        reach("command.begun");
        const stored = await storeSend({ q, scope, takes, secrets, limits, begin, now });
        reach("command.before-commit");
        return stored;
      });
      reach("command.sent");
      publish(done.change);
      showSeen(done.seen);
      if (done.due !== null) outbox.kick({ accountId: done.due.accountId, at: done.due.at.getTime() });
      return done.message;
    },
    cancelMessage: async (scope, { messageId }) => {
      const now = input.now();
      const done = await transact((q) => storeCancel({ q, scope, messageId, now }));
      publish(done.change);
      // What waited behind it may go now.
      if (done.message.accountId !== null) outbox.kick({ accountId: done.message.accountId });
      return done.message;
    },
    retryMessage: async (scope, { messageId }) => {
      const now = input.now();
      const done = await transact((q) => storeRetry({ q, scope, messageId, now, limits: input.limits }));
      publish(done.change);
      outbox.kick({ accountId: done.accountId });
      return done.message;
    },
    editMessage: (scope, { messageId, text }) =>
      acted((q) => storeEdit({ q, scope, messageId, text, can, now: input.now() })),
    removeMessage: (scope, { messageId }) => acted((q) => storeRemove({ q, scope, messageId, can, now: input.now() })),
    reactToMessage: (scope, { messageId, emoji }) =>
      acted((q) => storeReact({ q, scope, messageId, emoji, can, now: input.now() })),
    tellAgain: (scope, { messageId }) => acted((q) => storeAgain({ q, scope, messageId, now: input.now() })),
    acceptHeld: async (scope, { messageId }) => {
      const now = input.now();
      const done = await transact((q) => storeAccept({ q, scope, messageId, now }));
      publish(done.change);
      return done.message;
    },
    updateConversation: async (scope, takes) => {
      const now = input.now();
      const done = await transact((q) => storeUpdate({ q, scope, takes, now }));
      publish(done.change);
      return done.row;
    },
    beginConversation: async (scope, takes) => {
      const now = input.now();
      const done = await transact((q) => storeBegin({ q, scope, takes, secrets, begin, now }));
      publish(done.change);
      return done.row;
    },
    templates,
    markRead: async (scope, takes) => {
      const done = await transact((q) => storeRead({ q, scope, takes }));
      publish(done.change);
      showSeen(done.seen);
    },
    saveDraft: (scope, takes) => transact((q) => storeDraft({ q, scope, takes, now: input.now() })),
    linkThread: async (scope, takes) => {
      const now = input.now();
      const done = await transact((q) => storeLink({ q, scope, takes, now }));
      publish(done.change);
      return done.row;
    },
  };
};
