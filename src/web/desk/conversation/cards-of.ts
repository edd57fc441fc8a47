import type { MessageView } from "#wire";

const drawn = [
  "lat",
  "contacts",
  "choice",
  "choices",
  "form",
  "order",
  "referral",
  "product",
  "forwarded",
  "system",
  "unsupported",
  "story",
  "comment",
  "shared",
  "standby",
] as const;

/** Whether a message says something that a card draws. The cards themselves come when the first one is needed. */
export const hasCards = ({ detail }: MessageView): boolean => drawn.some((key) => detail[key] !== undefined);

/** Whether the card says all that the text says, and better. */
export const cardInstead = ({ detail, kind, html }: MessageView): boolean =>
  html === null &&
  (detail["order"] !== undefined ||
    detail["form"] !== undefined ||
    (["location", "contact", "system", "unsupported"].includes(kind) &&
      ["lat", "contacts", "system", "unsupported"].some((key) => detail[key] !== undefined)));
