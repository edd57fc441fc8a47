import type { HashedAddress } from "#core/identity";
import type { AccountRef, Item } from "#core/inbound";
import type { ConversationRecord, MessageRecord } from "#core/records";

/** What one batch of arrivals works on: loaded under locks, changed in memory, written back in one statement. */

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface Conversation {
  readonly row: Mutable<ConversationRecord>;
  readonly prev: number;
  readonly isNew: boolean;
  readSeq: number;
  closedAt: Date | null;
  reopened: boolean;
  /** New and changed messages of this batch. */
  readonly messages: Map<string, Mutable<MessageRecord>>;
}

export interface Thread {
  readonly id: string;
  readonly account: AccountRef | null;
  readonly tenantId: string;
  identityId: string | null;
  contactId: string | null;
  /** Of the active link; null before the first message is filed. */
  conversationId: string | null;
  windowUntil: Date | null;
  customerReadSeq: number;
  readonly isNew: boolean;
  changed: boolean;
}

export interface Contact {
  readonly id: string;
  readonly tenantId: string;
  name: string;
  readonly anonymous: boolean;
  readonly language: string | null;
  readonly isNew: boolean;
  renamed: boolean;
}

interface Identity {
  readonly id: string;
  readonly contactId: string;
}

interface NewIdentity extends Identity {
  readonly tenantId: string;
  readonly address: HashedAddress;
}

export interface KnownMessage {
  readonly id: string;
  readonly threadId: string | null;
  readonly conversationId: string;
  readonly seq: number;
}

/** `inAccount` and `inThread` make the keys of these maps. */
export interface World {
  /** accountId + dedupeKey of events the journal already holds. */
  readonly known: Set<string>;
  readonly identities: Map<string, Identity>;
  readonly contacts: Map<string, Contact>;
  readonly threads: Map<string, Thread>;
  readonly threadByKey: Map<string, string>;
  readonly threadByToken: Map<string, string>;
  readonly threadByRef: Map<string, string>;
  /** accountId + contactId, where a channel has one thread with a person. */
  readonly threadByPerson: Map<string, string>;
  /** accountId + provider's message id. */
  readonly messages: Map<string, KnownMessage>;
  readonly participants: Set<string>;
  readonly conversations: Map<string, Conversation>;
}

interface NewMessage {
  readonly record: Mutable<MessageRecord>;
  readonly externalId: string;
  searchText: string;
}

export interface JournalRow {
  readonly item: Item;
  state: "done" | "waiting" | "parked";
  error: string | null;
  conversationId: string | null;
  messageId: string | null;
}

/** What is to be written besides the changed parts of the world. */
export interface Plan {
  readonly journal: JournalRow[];
  readonly identities: NewIdentity[];
  readonly messages: NewMessage[];
  readonly threads: { readonly thread: Thread; readonly externalKey: string; readonly subject: string | null }[];
  /** New links of a thread to a conversation; `replaces` ends the active one first. */
  readonly links: {
    readonly threadId: string;
    readonly conversationId: string;
    readonly tenantId: string;
    readonly replaces: boolean;
  }[];
  readonly refs: {
    readonly accountId: string;
    readonly tenantId: string;
    readonly hash: string;
    readonly threadId: string;
  }[];
  readonly participants: { readonly tenantId: string; readonly threadId: string; readonly hash: string }[];
  /** By part: what the provider hands the file out for. */
  readonly later: Map<string, string>;
}

export const inAccount = (accountId: string, key: string): string => `${accountId}\n${key}`;
export const inThread = (threadId: string, hash: string): string => `${threadId}\n${hash}`;

export const emptyPlan = (): Plan => ({
  journal: [],
  identities: [],
  messages: [],
  threads: [],
  links: [],
  refs: [],
  participants: [],
  later: new Map(),
});

/** Puts a changed message under the next version of its conversation. */
export const touch = (conversation: Conversation, message: Mutable<MessageRecord>): void => {
  conversation.row.version += 1;
  message.version = conversation.row.version;
  conversation.messages.set(message.id, message);
};
