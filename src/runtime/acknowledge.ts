import type { Log } from "#core/log";
import type { Publisher } from "#core/records";
import { acknowledgeDue } from "#store/acknowledge";
import type { Db } from "#store/db";
import type { Secrets } from "../secrets.ts";
import type { Outbox } from "./ports.ts";
import { publishing } from "./publish.ts";

/** Answers what mailboxes acknowledge by themselves; to be called again and again by one node at a time. */
export const makeAcknowledger = (input: {
  readonly db: Db;
  readonly publisher: Publisher;
  readonly outbox: Pick<Outbox, "kick">;
  readonly secrets: Pick<Secrets, "openText">;
  readonly log: Log;
  readonly now: () => Date;
}): (() => Promise<void>) => {
  const publish = publishing(input);
  return async () => {
    for (const { accountId, conversationId, decision, changes } of await acknowledgeDue({
      ...input,
      now: input.now(),
    })) {
      publish(changes);
      if (decision.send) input.outbox.kick({ accountId });
      else if (decision.because === "storm" || decision.because === "mailbox-storm")
        input.log.warn(
          { accountId, conversationId, because: decision.because },
          "automatic acknowledgements are held back: it looks as if a machine answers them",
        );
    }
  };
};
