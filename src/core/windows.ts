/** Whether a free-form reply may still go out on a thread: channels without a window have none. */
export const replyAllowed = (input: { readonly windowUntil: Date | null; readonly now: Date }): boolean =>
  input.windowUntil === null || input.now.getTime() < input.windowUntil.getTime();

/** The same before anything is sent: where a channel has a window, a customer who never wrote has opened none. */
export const freeTextAllowed = (input: {
  readonly replyWindowHours: number | false;
  readonly windowUntil: Date | null;
  readonly now: Date;
}): boolean =>
  input.replyWindowHours === false || (input.windowUntil !== null && input.now.getTime() < input.windowUntil.getTime());

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
