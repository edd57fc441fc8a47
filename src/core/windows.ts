import type { Limits } from "#contract";

const hour = 3_600_000;
type WindowLimits = Pick<Limits, "replyWindowHours" | "humanAgentHours">;

/** Until when a person, though no machine, may write: counted from the same message as the reply window. Null = no longer than that. */
export const humanAgentUntil = (input: {
  readonly limits: WindowLimits;
  readonly windowUntil: Date | null;
}): Date | null => {
  const { windowUntil, limits } = input;
  const { replyWindowHours, humanAgentHours } = limits;
  if (windowUntil === null || replyWindowHours === false || humanAgentHours === undefined) return null;
  return new Date(windowUntil.getTime() + (humanAgentHours - replyWindowHours) * hour);
};

/**
 * How a free-form message may go out on a thread. Channels without a window are open; where there is one, a customer who
 * never wrote has opened none. "human-agent": only what a person writes, and the channel is told so.
 */
export const roomFor = (input: {
  readonly limits: WindowLimits;
  readonly windowUntil: Date | null;
  readonly byPerson: boolean;
  readonly now: Date;
}): "open" | "human-agent" | "closed" => {
  const { limits, windowUntil, byPerson, now } = input;
  if (windowUntil === null) return limits.replyWindowHours === false ? "open" : "closed";
  if (now < windowUntil) return "open";
  const longer = humanAgentUntil(input);
  return byPerson && longer !== null && now < longer ? "human-agent" : "closed";
};

const defaults: Readonly<Record<string, number>> = { email: 10 };

/** Seconds in which an agent may take a reply back, by the tenant's policy {undoSeconds: {kind: n}}, else the channel's. */
export const undoSeconds = (input: { readonly policy: unknown; readonly kind: string }): number => {
  const { policy, kind } = input;
  const table =
    typeof policy === "object" && policy !== null && "undoSeconds" in policy ? policy.undoSeconds : undefined;
  const own =
    typeof table === "object" && table !== null ? (table as Readonly<Record<string, unknown>>)[kind] : undefined;
  return typeof own === "number" && Number.isFinite(own) ? Math.min(Math.max(own, 0), 300) : (defaults[kind] ?? 0);
};
