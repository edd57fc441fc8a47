import { z } from "zod";
import { content, templateView } from "./content.ts";
import { conversationRow, conversationStatus, messageView, takesView, threadView } from "./views.ts";

const id = z.string().min(1).max(64);
const address = z.string().trim().min(1).max(254);
const addresses = z.array(z.email().max(254)).max(50);

/** Where a message goes when no thread of the conversation is meant: an account, and one address of a person. */
const way = z.object({ accountId: id, identityId: id.optional(), address: address.optional() });

export const sendBody = z.object({
  conversationId: id,
  clientKey: z.string().min(8).max(64),
  mode: z.enum(["reply", "note"]),
  /** A thread of this conversation, or another one of the same person: it is linked. Absent = where they wrote last. */
  threadId: id.optional(),
  /** Begins a thread, or finds the one it would be; it is linked. */
  via: way.optional(),
  text: z.string().max(100_000),
  subject: z.string().max(500).optional(),
  uploadIds: z.array(id).max(20).default([]),
  /** lastSeq the agent saw; absent = send anyway. */
  expectedSeq: z.int().min(0).optional(),
  /** Also set this status after sending ("send and close"). */
  thenStatus: conversationStatus.optional(),
  content: content.optional(),
  /** E-mail only, as the rest down to `signature`. Absent = whoever the thread answers to. */
  to: addresses.min(1).optional(),
  cc: addresses.optional(),
  bcc: addresses.optional(),
  /** Sanitised by the hub; `text` is what it says without markup. */
  html: z.string().max(400_000).optional(),
  /** Goes to `to` in a thread of its own, linked to this conversation. */
  forward: z.boolean().optional(),
  /** Addresses outside the thread are meant: without it they are refused by name. */
  confirmed: z.boolean().optional(),
  /** Puts the answered message below. */
  quote: z.boolean().optional(),
  /** False leaves the client company's signature out. */
  signature: z.boolean().optional(),
  /** The message that is answered or passed on; absent = the customer's last one. */
  answersId: id.optional(),
  /** Files of messages of this conversation, sent on without another upload. */
  partIds: z.array(id).max(20).optional(),
  /** Send later: not before this moment, at most a year ahead. */
  sendAt: z.iso.datetime().optional(),
});

/** Who a letter would go to. */
export const recipientView = z.object({ address: z.string(), name: z.string(), known: z.boolean() });

/** One way to reach the person of a conversation, with what its channel would say before a word is written. */
export const wayView = z.object({
  /** Unique among the ways of one answer. */
  key: z.string(),
  threadId: z.string().nullable(),
  accountId: z.string(),
  accountName: z.string(),
  identityId: z.string().nullable(),
  channel: z.string(),
  /** Masked. */
  address: z.string(),
  addressKind: z.string(),
  linked: z.boolean(),
  /** ready; closed = the window is over, a template may still go; away = switched off or out of order; busy = in another open case. */
  state: z.enum(["ready", "closed", "away", "busy"]),
  windowUntil: z.iso.datetime().nullable(),
  humanAgentUntil: z.iso.datetime().nullable(),
  takes: takesView,
  /** The customer asked to be answered here. */
  wanted: z.boolean(),
});

/** An account on which an address may be typed in. */
export const ownView = z.object({
  accountId: z.string(),
  accountName: z.string(),
  channel: z.string(),
  kinds: z.array(z.string()),
  takes: takesView,
});

/** Questions of the composer. */
export const composing = {
  "message.send": { takes: sendBody, gives: z.object({ message: messageView }) },
  /** To whom an answer would go, counted from the message that is answered; own addresses left out. */
  "message.recipients": {
    takes: z.object({ messageId: id, how: z.enum(["reply", "all"]) }),
    gives: z.object({ to: z.array(recipientView), cc: z.array(recipientView), subject: z.string() }),
  },
  /** Every way to the person of this conversation; `own` = accounts on which an address may be typed in. */
  "conversation.ways": {
    takes: z.object({ conversationId: id }),
    gives: z.object({
      ways: z.array(wayView),
      own: z.array(ownView),
    }),
  },
  /** Another thread of the same person becomes answerable in this conversation. */
  "conversation.link": {
    takes: z.object({ conversationId: id, threadId: id }),
    gives: z.object({ row: conversationRow }),
  },
  /** A new conversation with a contact's address or a typed one. Nothing is sent yet. */
  "conversation.begin": {
    takes: z.object({
      tenantId: id,
      accountId: id,
      identityId: id.optional(),
      address: address.optional(),
      name: z.string().trim().max(200).default(""),
      subject: z.string().trim().max(500).default(""),
    }),
    gives: z.object({ row: conversationRow }),
  },
  /** What a new conversation can begin on, for a contact or for whoever is typed in. */
  "begin.ways": {
    takes: z.object({ tenantId: id, contactId: id.optional() }),
    gives: z.object({
      ways: z.array(wayView),
      own: z.array(ownView),
    }),
  },
  "templates.list": {
    takes: z.object({ accountId: id, refresh: z.boolean().default(false) }),
    gives: z.object({ templates: z.array(templateView), syncedAt: z.iso.datetime().nullable() }),
  },
  "message.edit": {
    takes: z.object({ messageId: id, text: z.string().min(1).max(100_000) }),
    gives: z.object({ message: messageView }),
  },
  /** For everyone: the customer's side too. */
  "message.remove": { takes: z.object({ messageId: id }), gives: z.object({ message: messageView }) },
  /** An empty emoji takes the reaction back. */
  "message.react": {
    takes: z.object({ messageId: id, emoji: z.string().max(40) }),
    gives: z.object({ message: messageView }),
  },
  /** Tells the channel once more what it did not take. */
  "message.again": { takes: z.object({ messageId: id }), gives: z.object({ message: messageView }) },
  /** Threads as they are now: after one was linked, or its window moved. */
  "conversation.threads": {
    takes: z.object({ conversationId: id }),
    gives: z.object({ threads: z.array(threadView) }),
  },
} as const;

export type WayView = z.output<typeof wayView>;
export type OwnView = z.output<typeof ownView>;
export type RecipientView = z.output<typeof recipientView>;
