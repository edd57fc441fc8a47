import type {
  AccountId,
  Calls,
  Check,
  Connection,
  Limits,
  Peer,
  WebhookReply,
  WebhookRequest,
  LinkView,
} from "#contract";
import type { ConversationRecord, MessageRecord } from "#core/records";
import type { Scope } from "#core/scope";
import type { CachedTemplates } from "#store/templates";
import type { LinkAsk } from "./link.ts";
import type { DraftView, Takes } from "#wire";

/**
 * Everything an agent may do to a conversation. Each is one transaction under the conversation's row lock, publishes
 * its change after commit, and throws `Refused` when a rule or a right says no.
 */
export interface Commands {
  /** The same clientKey again gives the same message. Text over the channel's limit becomes several; gives the first. */
  sendMessage(scope: Scope, takes: Takes<"message.send">): Promise<MessageRecord>;
  cancelMessage(scope: Scope, takes: Takes<"message.cancel">): Promise<MessageRecord>;
  retryMessage(scope: Scope, takes: Takes<"message.retry">): Promise<MessageRecord>;
  acceptHeld(scope: Scope, takes: Takes<"message.accept">): Promise<MessageRecord>;
  updateConversation(scope: Scope, takes: Takes<"conversation.update">): Promise<ConversationRecord>;
  /** New words for a message the customer has; the channel is told until it takes them or refuses. */
  editMessage(scope: Scope, takes: Takes<"message.edit">): Promise<MessageRecord>;
  removeMessage(scope: Scope, takes: Takes<"message.remove">): Promise<MessageRecord>;
  reactToMessage(scope: Scope, takes: Takes<"message.react">): Promise<MessageRecord>;
  /** Once more what the channel refused. */
  tellAgain(scope: Scope, takes: Takes<"message.again">): Promise<MessageRecord>;
  /** The conversation that begins, or the open one this person is in already. */
  beginConversation(scope: Scope, takes: Takes<"conversation.begin">): Promise<ConversationRecord>;
  /** Approved messages of an account; throws Refused unavailable when the provider does not answer. */
  templates(scope: Scope, takes: Takes<"templates.list">): Promise<CachedTemplates>;
  markRead(scope: Scope, takes: Takes<"conversation.read">): Promise<void>;
  /** A `rev` that is not the stored one is refused with the current draft; an empty body deletes it. */
  saveDraft(scope: Scope, takes: Takes<"draft.save">): Promise<DraftView>;
  /** Makes a thread of the same person answerable in this conversation: a reply on another channel. */
  linkThread(
    scope: Scope,
    takes: { readonly conversationId: string; readonly threadId: string },
  ): Promise<ConversationRecord>;
}

export type ChannelState = "stopped" | "connecting" | "online" | "needs-login" | "offline";

export interface AccountHealth {
  readonly accountId: string;
  readonly tenantId: string;
  readonly kind: string;
  /** Whether this node runs the account. */
  readonly leading: boolean;
  readonly state: ChannelState;
  readonly text: string;
  /** What an admin must scan or open to log in; kept in memory only. */
  readonly show: { readonly qr: string } | { readonly code: string } | { readonly url: string } | null;
  /** When the channel last proved that it works; null = not since this process opened it. */
  readonly aliveAt: Date | null;
}

/** Keeps every enabled channel account running on exactly one node. */
export interface Supervisor {
  /** Reads the account again and starts, restarts or stops it, here and on the other nodes. */
  reload(accountId: string): Promise<void>;
  /** Null: no such enabled account, or its channel calls no webhook. A connector that throws is answered 503. */
  webhook(accountId: string, request: WebhookRequest): Promise<WebhookReply | null>;
  /** The enabled accounts that take letters for this recipient on the mail port, as this node knows them. */
  mailboxes(
    recipient: string,
  ): readonly { readonly accountId: string; readonly mail: NonNullable<Connection["mail"]> }[];
  /** False: no such enabled account, or its channel holds no live sockets. */
  peer(accountId: string, peer: Peer): boolean;
  /** Tries settings (secrets included) against the real remote; never throws. */
  probe(input: {
    readonly kind: string;
    readonly config: unknown;
  }): Promise<{ readonly ok: boolean; readonly says: string; readonly checks: Check[] }>;
  /** The accounts of these tenants that carry calls and are led by this node. */
  calls(tenantIds: readonly string[]): readonly {
    readonly accountId: string;
    readonly tenantId: string;
    /** Where its calls wait when nothing else is said; null = everybody's. */
    readonly queueId: string | null;
    readonly calls: Calls;
  }[];
  /** Asks the node that runs the account about its link to a phone; null: none runs it. Throws ConnectorError. */
  link(accountId: string, ask: LinkAsk): Promise<LinkView | null>;
  /** The open connection of an enabled account on this node, leading or not. */
  connection(accountId: string): Connection | undefined;
  health(): readonly AccountHealth[];
  /** Accounts whose lease this node can neither take nor renew for longer than a lease lasts: nobody may be running them. */
  overdue(): readonly string[];
  /** Resolves within 10 s: connections closed, leases given back. */
  stop(): Promise<void>;
}

/** A connection this node leads, as the outbox needs it. */
export interface Outlet {
  readonly accountId: AccountId;
  readonly tenantId: string;
  readonly connection: Connection;
  /** The channel drops a repeated Outbound.key: an unfinished send may simply be repeated. */
  readonly idempotent: boolean;
  /** What a former leader left half sent may be offered again: the connection knows what may have gone out. */
  readonly resumes?: boolean;
  readonly limits: Pick<Limits, "replyWindowHours" | "humanAgentHours">;
  readonly lease: { readonly name: string; readonly owner: string; readonly fencing: bigint };
  /** Aborted when the lease is lost or the account stops. */
  readonly signal: AbortSignal;
  /** Takes secrets of the account out of a text. */
  redact(text: string): string;
  /** The channel took a message and gave it this id; it is stored. */
  sent(externalId: string): void;
  /** The channel says that there is no such address. */
  gone(recipient: string, says: string): void;
  /** The channel refused our credentials while sending. */
  authFailed(reason: string): void;
}

export interface Attached {
  /** The channel works (again): what waited for it goes now. */
  online(): void;
  /** Takes nothing new and waits for what is being sent, at most 5 s; does not abort it. */
  detach(): Promise<void>;
}

export interface Outbox {
  /** Something may be due on this account: at once, or at a later time (milliseconds of `now`). */
  kick(input: { readonly accountId: string; readonly at?: number }): void;
  /** Starts sending through a led connection. */
  attach(outlet: Outlet): Attached;
  stats(): { readonly sending: number; readonly unwritten: number };
  /** Waits for sends in flight (at most 5 s), then aborts them; every known outcome is written. */
  stop(): Promise<void>;
}
