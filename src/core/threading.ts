/** How a message found its thread; `key` = by the channel's own thread key. */
export type Match = "token" | "reference" | "key";

export interface Verdict {
  /** Stored as a card that counts for nothing until an agent accepts it. */
  readonly held: "stranger" | "suspicious" | null;
  /** Appended, but the sender was nobody in this thread before: not made a participant. */
  readonly newParticipant: boolean;
}

const append: Verdict = { held: null, newParticipant: false };

/**
 * The authority rule: a match says where a message belongs, its sender says whether. Only a reply token proves that
 * the sender holds a letter of ours; references and subjects can be copied by anybody who saw one.
 */
export const authority = (input: {
  readonly match: Match;
  /** The channel threads by what letters say about themselves, not by who is connected. */
  readonly letter: boolean;
  readonly own: boolean;
  readonly suspicious: boolean;
  /** The sender wrote in this thread before, was addressed in it, or is the same contact. */
  readonly participant: boolean;
}): Verdict => {
  if (input.own) return append;
  if (input.suspicious) return { held: "suspicious", newParticipant: false };
  if (!input.letter || input.participant) return append;
  return input.match === "token" ? { held: null, newParticipant: true } : { held: "stranger", newParticipant: false };
};

const day = 86_400_000;

/** What a message does to the conversation its thread is linked to. */
export const continuation = (input: {
  readonly status: "open" | "waiting" | "snoozed" | "closed";
  readonly closedAt: Date | null;
  readonly reopenDays: number;
  readonly now: Date;
  /** Held, automatic, historic and own messages wake nobody: they are appended as they are. */
  readonly wakes: boolean;
}): "append" | "reopen" | "new" => {
  const { status, closedAt, now, wakes } = input;
  if (!wakes || status === "open") return "append";
  if (status !== "closed") return "reopen";
  return closedAt !== null && now.getTime() - closedAt.getTime() > input.reopenDays * day ? "new" : "reopen";
};

/** What mail programs put before the subject of an answer or a forward, in the languages around us. */
const mark =
  /^\s*(?:re|aw|sv|odp|odpověď|odpoveď|vs|ref|fwd?|wg|tr|przek|pd|přep|preposlať|přeposláno)\s*(?:\[\d+\])?\s*:/i;

/** Letters and digits alone: servers add "[EXTERNAL]" and the like, people a full stop. */
const bare = (subject: string): string =>
  subject
    .replace(/\[[^[\]]{0,60}\]/g, " ")
    .normalize("NFKD")
    .replace(/[^\p{L}\p{N}]+/gu, "")
    .toLowerCase();

/**
 * Whether somebody took an old letter and wrote about something else. An answer says "Re:" in front, whatever follows:
 * perhaps we changed the subject ourselves.
 */
export const changesSubject = (input: { readonly was: string | null; readonly is: string | undefined }): boolean => {
  if (input.is === undefined || mark.test(input.is)) return false;
  const [was, is] = [bare(input.was ?? ""), bare(input.is)];
  return was !== "" && is !== "" && !was.includes(is) && !is.includes(was);
};
