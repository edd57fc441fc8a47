import { z } from "zod";
import { composing } from "./outgoing.ts";
import {
  change,
  contactView,
  conversationDetail,
  conversationRow,
  conversationStatus,
  draftView,
  messageView,
  presence,
} from "./views.ts";
import { phoneAsked, phoneTold } from "./phone.ts";

/** Refusals an agent can meet, one closed list; the desk has a sentence for each in every language. */
export const refusalCode = z.enum([
  "bad-request",
  "unauthorized",
  "forbidden",
  "not-found",
  "conflict",
  /** The thread moved on: `data.messages` holds what is new. */
  "stale",
  "window-closed",
  /** A letter would go to addresses that were not in the thread: `data.recipients` names them. */
  "new-recipients",
  /** A letter would go to addresses a server called unknown: `data.recipients`. */
  "gone-recipients",
  /** The law asks for the customer's consent first. */
  "no-consent",
  /** Advertising is not sent at night: choose a time. */
  "quiet-hours",
  "too-large",
  "rate-limited",
  "unavailable",
  "failed",
]);
export const refusal = z.object({ code: refusalCode, says: z.string(), data: z.unknown().optional() });
export type RefusalCode = z.output<typeof refusalCode>;
export type Refusal = z.output<typeof refusal>;
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** Fixed views and filters of the inbox. A window of at most 200 rows, keyset paging, newest activity first. */
export const viewSpec = z.object({
  kind: z.enum(["mine", "unassigned", "all", "snoozed", "closed"]),
  tenantId: z.string().optional(),
  queueId: z.string().optional(),
  query: z.string().max(200).optional(),
  /** Channel of the last message. */
  channel: z.string().max(40).optional(),
  tag: z.string().max(40).optional(),
  assigneeId: z.string().max(64).optional(),
  /** Only those with a raised priority. */
  urgent: z.literal(true).optional(),
  /** Only those whose customer waits for an answer. */
  unanswered: z.literal(true).optional(),
});
export const viewCounts = z.object({ mine: z.int(), unassigned: z.int(), all: z.int(), snoozed: z.int() });
const viewPage = z.object({
  rows: z.array(conversationRow),
  /** Opaque keyset position of the next page; null = end. */
  next: z.string().nullable(),
  counts: viewCounts,
  /** Feed position taken before the rows were read: pass it to `sync` after a reconnect. */
  cursor: z.string(),
});

/** What the server tells a desk, in frames: at most one a room in 15 ms, in 100 ms under load. */
export const told = {
  frame: z.object({
    changes: z.array(change),
    presence: z.array(presence),
    /** Live feed position after this frame; absent when unknown. */
    cursor: z.string().optional(),
  }),
  /** Rights changed: rooms were left, drop these conversations and tenants from the screen. */
  rights: z.object({ tenantIds: z.array(z.string()) }),
  /** The session ended: log in again. */
  bye: z.object({ reason: z.enum(["expired", "logged-out", "revoked", "server-stopping", "too-slow"]) }),
  /** Another tab of the same agent changed a draft. */
  draft: z.object({ conversationId: z.string(), draft: draftView }),
  counts: viewCounts,
  ...phoneTold,
};

const id = z.string().min(1).max(64);

/** What a desk may ask. Each entry: what it sends, what comes back. */
export const asked = {
  ...phoneAsked,
  ...composing,
  "view.open": {
    takes: viewSpec.extend({ after: z.string().optional(), limit: z.int().min(1).max(200).default(200) }),
    gives: viewPage,
  },
  /**
   * After a reconnect. `have` = conversations held with their versions. Gives every conversation changed since
   * `cursor`: rows for all, messages above the held version for those in `have`. `reset` = cursor too old: reopen views.
   */
  sync: {
    takes: z.object({
      cursor: z.string(),
      have: z.array(z.object({ id, version: z.int() })).max(500),
      limit: z.int().min(1).max(500).default(200),
    }),
    gives: z.object({ changes: z.array(change), cursor: z.string(), more: z.boolean(), reset: z.boolean() }),
  },
  /** Joins the conversation's room and gives its newest page. */
  "conversation.open": {
    takes: z.object({ id, limit: z.int().min(1).max(100).default(50) }),
    gives: conversationDetail,
  },
  "conversation.close": { takes: z.object({ id }), gives: z.object({}) },
  /** Exactly what changed above a version, ascending by seq; paged. */
  "conversation.since": {
    takes: z.object({ id, version: z.int().min(0), limit: z.int().min(1).max(200).default(200) }),
    gives: z.object({ row: conversationRow, messages: z.array(messageView), more: z.boolean() }),
  },
  "conversation.before": {
    takes: z.object({ id, seq: z.int().min(1), limit: z.int().min(1).max(100).default(50) }),
    gives: z.object({ messages: z.array(messageView), more: z.boolean() }),
  },
  /** Undo: only while every delivery is held (or failed). */
  "message.cancel": { takes: z.object({ messageId: id }), gives: z.object({ message: messageView }) },
  /** Sends failed or uncertain deliveries again, same key. */
  "message.retry": { takes: z.object({ messageId: id }), gives: z.object({ message: messageView }) },
  /** Accepts a held message into the thread. */
  "message.accept": { takes: z.object({ messageId: id }), gives: z.object({ message: messageView }) },
  "conversation.update": {
    takes: z.object({
      id,
      /** Optimistic lock for assignee and status; absent = last wins. */
      expectedVersion: z.int().optional(),
      set: z
        .object({
          /** "me" claims: refused with `conflict` when somebody else has it. */
          assigneeId: z.union([id, z.literal("me"), z.null()]),
          status: conversationStatus,
          snoozedUntil: z.iso.datetime().nullable(),
          queueId: id,
          priority: z.int().min(0).max(9),
          tags: z.array(z.string().min(1).max(40)).max(30),
          subject: z.string().max(500),
        })
        .partial(),
    }),
    gives: z.object({ row: conversationRow }),
  },
  "conversation.read": { takes: z.object({ id, seq: z.int().min(0) }), gives: z.object({}) },
  /** Sent every 5 s while looking or writing; forgotten after 15 s. Never reaches the customer in note mode. */
  presence: {
    takes: z.object({
      conversationId: id,
      activity: z.enum(["viewing", "composing", "gone"]),
      mode: z.enum(["reply", "note"]).default("reply"),
    }),
    gives: z.object({}),
  },
  "draft.save": {
    takes: z.object({
      conversationId: id,
      mode: z.enum(["reply", "note"]),
      body: z.string().max(100_000),
      rev: z.int().min(0),
    }),
    gives: z.object({ draft: draftView }),
  },
  "contact.get": { takes: z.object({ id }), gives: contactView },
} as const;

export type ViewSpec = z.output<typeof viewSpec>;
export type ViewCounts = z.output<typeof viewCounts>;
export type Question = keyof typeof asked;
export type Takes<Q extends Question> = z.output<(typeof asked)[Q]["takes"]>;
export type Asks<Q extends Question> = z.input<(typeof asked)[Q]["takes"]>;
export type Gives<Q extends Question> = z.output<(typeof asked)[Q]["gives"]>;
export type News = keyof typeof told;
export type Frame = z.output<typeof told.frame>;

/** The socket.io maps, derived: nothing is written twice. */
export type Told = { [E in News]: (payload: z.output<(typeof told)[E]>) => void };
export type Asked = { [Q in Question]: (takes: Asks<Q>, answer: (a: Answer<Gives<Q>>) => void) => void };
