import { z } from "zod";
import { type FailureCode, failureCodes, identityKinds } from "#contract";
import type { HashedAddress } from "#core/identity";

/** The channel account an event came through, as the core needs it. */
export interface AccountRef {
  readonly id: string;
  readonly tenantId: string;
  /** Connector kind. */
  readonly kind: string;
  /** What the account is shown as: its kind, or the channel it stands for. */
  readonly channel: string;
  readonly name: string;
  readonly queueId: string | null;
  readonly replyWindowHours: number | false;
  /** Days after closing in which a new message opens the same conversation again. */
  readonly reopenDays: number;
}

const address = z.object({
  kind: z.enum(identityKinds),
  scope: z.string().exactOptional(),
  value: z.string(),
  verified: z.boolean().exactOptional(),
});

const part = z.object({
  id: z.string(),
  name: z.string(),
  mime: z.string(),
  size: z.int(),
  blobKey: z.string().nullable(),
  contentId: z.string().nullable(),
  inline: z.boolean(),
  state: z.enum(["pending", "stored", "failed"]),
  /** Pending: what the provider hands the file out for. */
  later: z.string().exactOptional(),
});

const head = { thread: z.string(), id: z.string() };

/** The events the journal keeps, as stored: attachments are file keys, the raw form stands beside them. */
export const storedEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("message"),
    ...head,
    from: z.object({
      addresses: z.array(address),
      name: z.string().exactOptional(),
      language: z.string().exactOptional(),
    }),
    own: z.boolean(),
    sentAt: z.coerce.date(),
    kind: z.enum(["text", "html", "location", "contact", "call", "system", "unsupported"]),
    text: z.string(),
    html: z.string().exactOptional(),
    subject: z.string().exactOptional(),
    parts: z.array(part),
    detail: z.record(z.string(), z.unknown()).exactOptional(),
    replyTo: z.string().exactOptional(),
    references: z.array(z.string()).exactOptional(),
    aliases: z.array(z.string()).exactOptional(),
    replyToken: z.string().exactOptional(),
    participants: z.array(address).exactOptional(),
    suspicious: z.boolean().exactOptional(),
    oneThreadPerPerson: z.boolean().exactOptional(),
    automatic: z.boolean().exactOptional(),
    spam: z.boolean().exactOptional(),
    historic: z.boolean().exactOptional(),
  }),
  z.object({ type: z.literal("edit"), ...head, text: z.string(), at: z.coerce.date() }),
  z.object({ type: z.literal("revoke"), ...head, at: z.coerce.date() }),
  z.object({ type: z.literal("reaction"), ...head, actor: z.string(), emoji: z.string(), at: z.coerce.date() }),
  z.object({
    type: z.literal("receipt"),
    ...head,
    state: z.enum(["sent", "delivered", "read", "failed"]),
    recipient: z.string().exactOptional(),
    error: z.string().exactOptional(),
    code: z.enum(Object.keys(failureCodes) as [FailureCode, ...FailureCode[]]).exactOptional(),
    price: z
      .object({
        category: z.string().exactOptional(),
        billable: z.boolean().exactOptional(),
        model: z.string().exactOptional(),
      })
      .exactOptional(),
    at: z.coerce.date(),
  }),
  z.object({ type: z.literal("seen"), ...head, at: z.coerce.date() }),
  z.object({ type: z.literal("unparsed"), id: z.string(), reason: z.string() }),
]);
export type StoredEvent = z.output<typeof storedEvent>;
export type StoredMessage = Extract<StoredEvent, { type: "message" }>;
export type StoredPart = StoredMessage["parts"][number];
/** News about a message that is, or will be, here. */
export type MessageNews = Exclude<StoredEvent, { type: "message" | "unparsed" }>;

/** What makes two deliveries of an event the same event, per account; null = not kept in the journal. */
export const dedupeKey = (event: StoredEvent): string | null => {
  switch (event.type) {
    case "message":
      return `m:${event.id}`;
    case "edit":
      return `e:${event.id}:${event.at.toISOString()}`;
    case "revoke":
      return `x:${event.id}`;
    case "reaction":
      // Channels count in whole seconds, and two reactions fit into one.
      return `r:${event.id}:${event.actor}:${event.at.toISOString()}:${event.emoji}`;
    case "receipt":
      return `s:${event.id}:${event.state}:${event.recipient ?? ""}`;
    case "unparsed":
      return `u:${event.id}`;
    case "seen":
      break;
  }
  return null;
};

/** An event ready for the batch: files are stored, addresses hashed. */
export interface Item {
  readonly eventId: string;
  readonly account: AccountRef;
  readonly event: StoredEvent;
  /** Unique per account; null = not kept in the journal. */
  readonly dedupe: string | null;
  readonly raw: Uint8Array | null;
  readonly rawBlob: string | null;
  readonly receivedAt: Date;
  /** Of the sender, or of the customer when the message is our own. */
  readonly addresses: readonly HashedAddress[];
  readonly participants: readonly HashedAddress[];
  /** Keyed hashes (hex) of the id others refer to the message by (its first alias, else its own) and of its references, in their order; empty unless it is letter-like. */
  readonly refs: { readonly own: string; readonly others: readonly string[] } | null;
  /** Set when the row is in the journal already (replay, waiting news): updated, not inserted. */
  readonly journaled: boolean;
}
export type MessageItem = Item & { readonly event: StoredMessage };

/** Letters name what they answer and whom they are for; chats do not. The authority rule is for letters. */
export const isLetter = (message: StoredMessage): boolean =>
  message.references !== undefined || message.participants !== undefined || message.replyToken !== undefined;
