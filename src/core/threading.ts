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
