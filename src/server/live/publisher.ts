import type { Publisher } from "#core/records";

export interface LatePublisher {
  readonly publisher: Publisher;
  /** From now on everything published goes to `target`; the returned function unbinds. */
  bind(target: Publisher): () => void;
}

/**
 * A publisher that exists before the server does: journal and outbox are built first. What is published while nothing
 * is bound reaches nobody, and nobody needs it: clients resume from the database by cursor.
 */
export const createPublisher = (): LatePublisher => {
  let target: Publisher | null = null;
  return {
    publisher: {
      changes: (changes) => target?.changes(changes),
      customerTyping: (input) => target?.customerTyping(input),
      tell: (input) => target?.tell(input),
    },
    bind: (next) => {
      target = next;
      return () => {
        if (target === next) target = null;
      };
    },
  };
};
