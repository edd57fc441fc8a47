import type { ConversationStatus, DeliveryState } from "#wire";

/** Rows as the store gives them: unmasked, inside the server only. Presenters turn them into wire views. */

export interface ConversationRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly number: number;
  readonly version: number;
  readonly lastSeq: number;
  readonly contactId: string;
  readonly contactName: string;
  readonly contactAnonymous: boolean;
  readonly queueId: string | null;
  readonly assigneeId: string | null;
  readonly status: ConversationStatus;
  readonly subject: string | null;
  readonly priority: number;
  readonly tags: readonly string[];
  readonly lastKind: string;
  readonly lastDirection: "in" | "out" | "note" | "event";
  readonly preview: string;
  readonly lastAt: Date;
  readonly waitingSince: Date | null;
  readonly snoozedUntil: Date | null;
  readonly unread: number;
  readonly createdAt: Date;
}

interface PartRecord {
  readonly id: string;
  readonly idx: number;
  readonly name: string;
  readonly mime: string;
  readonly size: number;
  readonly blobKey: string | null;
  readonly contentId: string | null;
  readonly inline: boolean;
  readonly state: "pending" | "stored" | "failed" | "blocked";
}

export interface DeliveryRecord {
  readonly id: string;
  readonly recipient: string;
  readonly role: "to" | "cc" | "bcc";
  readonly scheduled: boolean;
  readonly state: DeliveryState;
  readonly nextAt: Date | null;
  readonly attempts: number;
  readonly errorCode: string | null;
  readonly errorText: string | null;
}

export interface ActionRecord {
  readonly op: "edit" | "remove" | "react";
  readonly state: "queued" | "sending" | "failed";
  readonly errorCode: string | null;
}

export interface MessageRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly conversationId: string;
  readonly seq: number;
  readonly version: number;
  readonly threadId: string | null;
  readonly accountId: string | null;
  /** Connector kind of the account; null for notes and events. */
  readonly channel: string | null;
  readonly direction: "in" | "out" | "note" | "event";
  readonly kind: string;
  readonly authorType: "contact" | "agent" | "bot" | "system" | "device";
  readonly authorId: string | null;
  readonly authorName: string;
  readonly clientKey: string | null;
  readonly replyToId: string | null;
  readonly subject: string | null;
  readonly body: string;
  readonly bodyHtml: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly held: boolean;
  readonly occurredAt: Date;
  readonly createdAt: Date;
  readonly editedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly parts: readonly PartRecord[];
  readonly reactions: readonly { readonly actor: string; readonly emoji: string }[];
  readonly deliveries: readonly DeliveryRecord[];
  /** What the customer's side does not show yet, or never will. */
  readonly actions: readonly ActionRecord[];
}

/** One committed step of a conversation: what changed in (prev, row.version]. */
export interface StoredChange {
  readonly prev: number;
  readonly row: ConversationRecord;
  readonly messages: readonly MessageRecord[];
  /** Set when the conversation left a queue, so that its old room hears of it. */
  readonly formerQueueId?: string | null;
}

/** How committed changes reach screens. The server implements it; store and runtime only call it, after commit. */
export interface Publisher {
  changes(changes: readonly StoredChange[]): void;
  customerTyping(input: { readonly tenantId: string; readonly conversationId: string; readonly active: boolean }): void;
  /** To live peers of a channel thread (web chat). */
  tell(input: {
    readonly accountId: string;
    readonly thread: string;
    readonly event: string;
    readonly payload: unknown;
  }): void;
}
