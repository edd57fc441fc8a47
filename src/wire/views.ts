import { z } from "zod";
import { contentType } from "./content.ts";

/** Rows as they leave the server. Every leaf has a class (open, personal, secret) in src/server/present/classes.ts. */

export const channelKind = z.string();
export const conversationStatus = z.enum(["open", "waiting", "snoozed", "closed"]);
export const deliveryState = z.enum([
  "held",
  "queued",
  "sending",
  "uncertain",
  "sent",
  "delivered",
  "read",
  "failed",
  "cancelled",
]);
export const role = z.enum(["admin", "supervisor", "agent", "client_viewer"]);
export const profile = z.enum(["normal", "restricted", "crisis"]);

export const personRef = z.object({ id: z.string(), name: z.string() });

/** One row of the inbox list. */
export const conversationRow = z.object({
  id: z.string(),
  tenantId: z.string(),
  number: z.int(),
  /** Grows by one with every visible change: the cursor of the live feed. */
  version: z.int(),
  lastSeq: z.int(),
  contact: z.object({ id: z.string(), name: z.string(), anonymous: z.boolean() }),
  queueId: z.string().nullable(),
  assigneeId: z.string().nullable(),
  status: conversationStatus,
  subject: z.string().nullable(),
  priority: z.int(),
  tags: z.array(z.string()),
  /** Channel kind of the last message. */
  lastKind: channelKind,
  lastDirection: z.enum(["in", "out", "note", "event"]),
  preview: z.string(),
  lastAt: z.iso.datetime(),
  waitingSince: z.iso.datetime().nullable(),
  snoozedUntil: z.iso.datetime().nullable(),
  unread: z.int(),
  createdAt: z.iso.datetime(),
});

export const attachmentView = z.object({
  id: z.string(),
  name: z.string(),
  mime: z.string(),
  size: z.int(),
  state: z.enum(["pending", "stored", "failed", "blocked"]),
  inline: z.boolean(),
  contentId: z.string().nullable(),
  /** Signed, expires; null while not stored or not allowed. */
  url: z.string().nullable(),
});

export const deliveryView = z.object({
  id: z.string(),
  recipient: z.string(),
  role: z.enum(["to", "cc", "bcc"]),
  state: deliveryState,
  /** The agent chose when it goes; dueAt is that moment. */
  scheduled: z.boolean(),
  /** When a held message goes out (undo) or a retry is due. */
  dueAt: z.iso.datetime().nullable(),
  attempts: z.int(),
  errorCode: z.string().nullable(),
  errorText: z.string().nullable(),
});

export const messageView = z.object({
  id: z.string(),
  conversationId: z.string(),
  seq: z.int(),
  /** Conversation.version when this message last changed. */
  version: z.int(),
  threadId: z.string().nullable(),
  /** Channel kind of its account; null for notes and events. */
  channel: channelKind.nullable(),
  direction: z.enum(["in", "out", "note", "event"]),
  kind: z.string(),
  author: z.object({
    type: z.enum(["contact", "agent", "bot", "system", "device"]),
    id: z.string().nullable(),
    name: z.string(),
  }),
  clientKey: z.string().nullable(),
  replyToId: z.string().nullable(),
  subject: z.string().nullable(),
  text: z.string(),
  /** Sanitised; shown only in a sandboxed frame. */
  html: z.string().nullable(),
  /**
   * Kind-specific, small. For events: {event: "assigned" | "queue", from, to} with ids, {event: "status", from, to, until?},
   * {event: "woke", from, to}, {event: "linked", to: channel kind}. Parts of a long text: {part, parts}.
   */
  detail: z.record(z.string(), z.unknown()),
  /** Matched a thread but not a participant: shown as a card until an agent accepts it. */
  held: z.boolean(),
  attachments: z.array(attachmentView),
  reactions: z.array(z.object({ actor: z.string(), emoji: z.string() })),
  deliveries: z.array(deliveryView),
  /** What an agent did to it afterwards and the customer's side does not show yet, or never will. */
  actions: z.array(
    z.object({
      op: z.enum(["edit", "remove", "react"]),
      state: z.enum(["queued", "sending", "failed"]),
      errorCode: z.string().nullable(),
    }),
  ),
  occurredAt: z.iso.datetime(),
  createdAt: z.iso.datetime(),
  editedAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
});

/** What an account takes, read off its connector and the connection that is open. */
export const takesView = z.object({
  text: z.int(),
  attachments: z.boolean(),
  subject: z.boolean(),
  /** Free text only within a window after the customer's last message; none yet = none. */
  window: z.boolean(),
  /** Hours after the window in which a person, though no machine, may still write. */
  humanAgentHours: z.number().nullable(),
  content: z.array(contentType),
  /** Names of the connector's abilities: begin, templates, edit, remove, react. */
  abilities: z.array(z.string()),
});

/** A thread an agent may answer on. */
export const threadView = z.object({
  id: z.string(),
  accountId: z.string(),
  accountName: z.string(),
  channel: channelKind,
  subject: z.string().nullable(),
  /** Masked address of the other side. */
  address: z.string(),
  /** Kind of that address's identity; empty when the other side is not known. */
  addressKind: z.string(),
  windowUntil: z.iso.datetime().nullable(),
  /** After windowUntil and before this, what a person writes still goes out; null = the channel has no such time. */
  humanAgentUntil: z.iso.datetime().nullable(),
  customerReadSeq: z.int(),
  active: z.boolean(),
  takes: takesView,
});

export const identityView = z.object({
  id: z.string(),
  kind: z.string(),
  /** The readable value where the viewer may see it, else the masked form. */
  value: z.string(),
  verified: z.string(),
  /** A server said that there is no such address: the next letter to it asks first. */
  gone: z.boolean(),
});

export const contactView = z.object({
  id: z.string(),
  tenantId: z.string(),
  name: z.string(),
  anonymous: z.boolean(),
  language: z.string().nullable(),
  /** Where the customer likes to be answered: said by them, set by an agent, or learned from where they write. */
  preferred: z.object({ channel: z.string(), source: z.enum(["stated", "agent", "learned"]) }).nullable(),
  /** The last word on marketing messages; null = none. */
  marketing: z.enum(["granted", "refused", "withdrawn"]).nullable(),
  identities: z.array(identityView),
  /** Other cases of the same person, newest first, at most 20. */
  conversations: z.array(
    z.object({
      id: z.string(),
      number: z.int(),
      subject: z.string().nullable(),
      status: conversationStatus,
      lastAt: z.iso.datetime(),
    }),
  ),
  /** Merges that can be undone, newest first. */
  merges: z.array(z.object({ id: z.string(), fromName: z.string(), at: z.iso.datetime() })),
});

export const draftView = z.object({ mode: z.enum(["reply", "note"]), body: z.string(), rev: z.int() });

/** Everything the conversation pane needs, in one answer. */
export const conversationDetail = z.object({
  row: conversationRow,
  contact: contactView,
  threads: z.array(threadView),
  /** The newest page, ascending by seq. */
  messages: z.array(messageView),
  /** Whether older messages exist. */
  more: z.boolean(),
  drafts: z.array(draftView),
  viewers: z.array(
    z.object({ userId: z.string(), name: z.string(), activity: z.enum(["viewing", "composing", "noting"]) }),
  ),
});

/**
 * One step of a conversation: everything that changed in (prev, version]. A client that holds `prev` or newer applies
 * it; one that holds less has a gap and asks `conversation.since`.
 */
export const change = z.object({
  prev: z.int(),
  row: conversationRow,
  /** New and changed messages; empty for list subscribers, whose `prev` is the version itself: a row alone is no step. */
  messages: z.array(messageView),
});

export const presence = z.object({
  conversationId: z.string(),
  viewers: z.array(
    z.object({ userId: z.string(), name: z.string(), activity: z.enum(["viewing", "composing", "noting"]) }),
  ),
  /** The customer is typing. */
  customerTyping: z.boolean(),
});

export type ConversationStatus = z.output<typeof conversationStatus>;
export type DeliveryState = z.output<typeof deliveryState>;
export type Role = z.output<typeof role>;
export type Profile = z.output<typeof profile>;
export type ConversationRow = z.output<typeof conversationRow>;
export type AttachmentView = z.output<typeof attachmentView>;
export type DeliveryView = z.output<typeof deliveryView>;
export type MessageView = z.output<typeof messageView>;
export type TakesView = z.output<typeof takesView>;
export type ThreadView = z.output<typeof threadView>;
export type IdentityView = z.output<typeof identityView>;
export type ContactView = z.output<typeof contactView>;
export type DraftView = z.output<typeof draftView>;
export type ConversationDetail = z.output<typeof conversationDetail>;
export type Change = z.output<typeof change>;
export type Presence = z.output<typeof presence>;
