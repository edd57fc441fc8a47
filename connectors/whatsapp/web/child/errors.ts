import type { FailureCode } from "#contract";

/** The page did not answer in time. Whether it did what it was asked is not known. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";
}

/** A refusal with the code that the hub decides by. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: FailureCode;
  readonly retryAfterMs: number | undefined;
  constructor(code: FailureCode, says: string, retryAfterMs?: number) {
    super(says);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The library rejects with strings too ("auth timeout"), and the page with errors of its own. */
export const wordsOf = (thrown: unknown): string => {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replaceAll(/\s+/g, " ").slice(0, 300);
};

/** What a failed question to the page means. Nothing has left when the page itself throws before it sends. */
export const refusalOf = (thrown: unknown): Refusal => {
  if (thrown instanceof Refusal) return thrown;
  const says = wordsOf(thrown);
  if (thrown instanceof TimedOut) return new Refusal("uncertain", says);
  if (/rate-overlimit|too many|\b429\b/i.test(says))
    return new Refusal("rate-limited", "WhatsApp asks us to slow down.", 60_000);
  if (/No LID for user/i.test(says)) return new Refusal("recipient-gone", "This number has no WhatsApp.");
  if (/quoted message/i.test(says)) return new Refusal("rejected", "The message to be quoted is not there any more.");
  if (/detached|Target closed|Session closed|context was destroyed|not connected|Protocol error/i.test(says))
    return new Refusal("unreachable", "WhatsApp Web is not connected.");
  return new Refusal("rejected", `WhatsApp Web refused it: ${says}`);
};

/** `work` in at most `ms`; its own late failure is swallowed. */
export const within = async <T>(ms: number, what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  work.catch(() => undefined);
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new TimedOut(`${what} took longer than ${ms / 1_000} s`)), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
};
