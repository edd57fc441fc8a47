import type { FailureCode } from "./errors.ts";
import type { RemoteId, ThreadKey } from "./ids.ts";

/** Kinds of addresses a person can have. A number and a WhatsApp number are different things on purpose. */
export const identityKinds = [
  "email",
  "e164",
  "wa_phone",
  "wa_bsuid",
  "wa_lid",
  "psid",
  "igsid",
  "visitor",
  "site_user",
  "loopback",
] as const;
export type IdentityKind = (typeof identityKinds)[number];

/** One address of a person, in the scope in which it is unique ("" = the whole tenant, else page or account). */
export interface Address {
  readonly kind: IdentityKind;
  readonly scope?: string;
  readonly value: string;
  /** The channel itself vouches for it (a signed site user, a mailbox that passed DMARC). */
  readonly verified?: boolean;
}

export interface Person {
  /** The address the thread answers to comes first. Empty: an anonymous caller or visitor who left nothing. */
  readonly addresses: readonly Address[];
  readonly name?: string;
  /** BCP 47, when the channel says so. */
  readonly language?: string;
}

export interface Attachment {
  readonly name: string;
  readonly mimeType: string;
  /** Size in bytes; an estimate when the channel does not tell. */
  readonly bytes: number;
  /** Set for pictures an HTML body refers to by cid:. */
  readonly contentId?: string;
  readonly inline?: boolean;
  /**
   * The provider keeps the file and hands it out for this reference: the message is stored and shown at once, and the
   * hub fetches the file afterwards through Connection.fetchFile, again and again until it is here or gone.
   */
  readonly later?: string;
  /** Opened at most once, while the event is being stored or sent. */
  open(): Promise<AsyncIterable<Uint8Array>>;
}

/** What the customer wrote is one of these; everything unknown is "unsupported" and stays visible. */
export type MessageKind = "text" | "html" | "location" | "contact" | "call" | "system" | "unsupported";

export interface InboundMessage {
  readonly type: "message";
  readonly thread: ThreadKey;
  /** Delivering the same id twice must be harmless: the core keeps one. */
  readonly id: RemoteId;
  readonly from: Person;
  /** Sent from our own side of the channel outside the hub (a phone, a shared mailbox). */
  readonly own: boolean;
  /** The channel's clock. */
  readonly sentAt: Date;
  readonly kind: MessageKind;
  readonly text: string;
  /** Already sanitised by the connector; the hub never stores raw HTML as a body. */
  readonly html?: string;
  readonly subject?: string;
  readonly attachments: readonly Attachment[];
  /** Typed extras of a kind, small: {lat,lng}, header recipients, offsets of quoted text. */
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly replyTo?: RemoteId;
  /**
   * Ids of messages this one answers, best first (In-Reply-To, then References from the end). The hub joins the
   * thread of the first one it knows on this account before it looks at `thread`.
   */
  readonly references?: readonly RemoteId[];
  /** Other ids under which later messages may refer to this one (a mail's Message-ID, which alone is not unique). */
  readonly aliases?: readonly RemoteId[];
  /** A token from a reply address or other proof that the sender holds a letter of ours. */
  readonly replyToken?: string;
  /** Everybody named on the letter: they become participants of the thread. */
  readonly participants?: readonly Address[];
  /** The sender is proved not to be who they say (DMARC failure): held instead of appended. */
  readonly suspicious?: boolean;
  /**
   * The channel has one thread with a person, whatever address they write from: where `thread` is new, the thread this
   * account already has with any of the sender's addresses is joined, and the first address is where answers go from now on.
   */
  readonly oneThreadPerPerson?: boolean;
  /** Machine-made mail: shown, but reopens nothing, starts no clock and is never auto-answered. */
  readonly automatic?: boolean;
  /** The channel took it for spam: filed apart under the tag "spam", closed, with no unread mark and no clock. */
  readonly spam?: boolean;
  /** Imported history: no notification, no unread mark. */
  readonly historic?: boolean;
  /** What the channel sent, kept for audit and replay. */
  readonly raw: Raw;
}

/** Bytes as they came, or a JSON value for channels that speak objects. Streams for what does not fit in memory. */
export type Raw =
  | { readonly bytes: Uint8Array }
  | { readonly json: unknown }
  | { readonly bytes: number; open(): Promise<AsyncIterable<Uint8Array>> };

export interface InboundEdit {
  readonly type: "edit";
  readonly thread: ThreadKey;
  readonly id: RemoteId;
  readonly text: string;
  readonly at: Date;
}
export interface InboundRevoke {
  readonly type: "revoke";
  readonly thread: ThreadKey;
  readonly id: RemoteId;
  readonly at: Date;
}
export interface InboundReaction {
  readonly type: "reaction";
  readonly thread: ThreadKey;
  readonly id: RemoteId;
  /** Who reacted, as the channel names them. */
  readonly actor: string;
  /** Empty = taken back. */
  readonly emoji: string;
  readonly at: Date;
}
export interface InboundReceipt {
  readonly type: "receipt";
  readonly thread: ThreadKey;
  /** The id send() gave, or our own Outbound.key where the channel echoes it. */
  readonly id: RemoteId;
  readonly state: "sent" | "delivered" | "read" | "failed";
  /** Absent = every recipient. */
  readonly recipient?: string;
  /** With "failed": the address does not exist. The next send to it asks first. */
  readonly gone?: true;
  readonly error?: string;
  /** With "failed": what the failure means; absent = the channel refused it. */
  readonly code?: FailureCode;
  /** What the channel charges for it, kept with the message. */
  readonly price?: { readonly category?: string; readonly billable?: boolean; readonly model?: string };
  readonly at: Date;
}
/** Something arrived that the connector could not read: parked visibly, replayed through `reparse` after a fix. */
export interface InboundUnparsed {
  readonly type: "unparsed";
  readonly id: RemoteId;
  readonly reason: string;
  readonly raw: Raw;
}
/** Not stored: shown to whoever looks at the conversation now. */
export interface InboundTyping {
  readonly type: "typing";
  readonly thread: ThreadKey;
  readonly active: boolean;
}
/** The customer has seen everything up to and including this id (or our key). */
export interface InboundSeen {
  readonly type: "seen";
  readonly thread: ThreadKey;
  readonly id: RemoteId;
  readonly at: Date;
}

/** For channels that name a time instead of a message: all of ours that went out up to then was delivered or read. */
export interface InboundWatermark {
  readonly type: "watermark";
  readonly thread: ThreadKey;
  readonly state: "delivered" | "read";
  /** The channel's clock. */
  readonly upTo: Date;
  readonly at: Date;
}
/** Who somebody is, told apart from what they write (a profile fetched after their first message). */
export interface InboundProfile {
  readonly type: "profile";
  readonly person: Person;
}

export type Inbound =
  | InboundMessage
  | InboundEdit
  | InboundRevoke
  | InboundReaction
  | InboundReceipt
  | InboundSeen
  | InboundWatermark
  | InboundProfile
  | InboundUnparsed
  | InboundTyping;

/** What a message is beside text and files; which of them a channel takes is told by Limits.content. */
export type Content =
  /** A message the provider has approved beforehand. `text` of the message is what the customer will read. */
  | {
      readonly type: "template";
      readonly name: string;
      /** As the provider spells it: "cs", "en_US". */
      readonly language: string;
      /** By TemplateVariable.key. Of an image, video or document: which of the message's attachments it is ("0", "1"). */
      readonly values: Readonly<Record<string, string>>;
    }
  | { readonly type: "buttons"; readonly buttons: readonly { readonly id: string; readonly title: string }[] }
  | {
      readonly type: "list";
      /** What opens the list. */
      readonly button: string;
      readonly sections: readonly {
        readonly title: string;
        readonly rows: readonly { readonly id: string; readonly title: string; readonly description?: string }[];
      }[];
    }
  /** Degrees, WGS 84. */
  | {
      readonly type: "location";
      readonly lat: number;
      readonly lng: number;
      readonly name?: string;
      readonly address?: string;
    }
  | {
      readonly type: "contacts";
      readonly contacts: readonly {
        readonly name: string;
        readonly phones: readonly string[];
        readonly emails: readonly string[];
      }[];
    };

export interface TemplateVariable {
  /** Unique within the template, made by the connector: "body.1", "header.image", "button.0". */
  readonly key: string;
  readonly title: string;
  readonly type: "text" | "image" | "video" | "document";
  readonly example?: string;
}

/** An approved message of the account, as its provider lists it. */
export interface Template {
  readonly name: string;
  readonly language: string;
  /** "marketing" needs the customer's consent. */
  readonly category: "marketing" | "utility" | "authentication" | "other";
  /** Why it cannot be sent now, in the provider's word; absent = it can. */
  readonly unusable?: string;
  readonly header?: string;
  /** With the variables as {{key}}. */
  readonly body: string;
  readonly footer?: string;
  readonly buttons: readonly string[];
  readonly variables: readonly TemplateVariable[];
}

export interface Outbound {
  /** Made by the core, stable across retries: a connector passes it on wherever the channel takes an idempotency key. */
  readonly key: string;
  readonly thread: ThreadKey;
  /** The address the thread answers to; opaque outside the connector. */
  readonly to: readonly Address[];
  readonly cc?: readonly Address[];
  readonly bcc?: readonly Address[];
  /**
   * Set when some of to, cc and bcc have the message already: the values of those it must still reach. The letter's
   * header names all of to and cc every time.
   */
  readonly stillTo?: readonly string[];
  readonly content?: Content;
  readonly subject?: string;
  readonly text: string;
  readonly html?: string;
  readonly attachments: readonly Attachment[];
  readonly replyTo?: RemoteId;
  /** Ids of the thread's messages, oldest first, for channels that thread by reference. */
  readonly references: readonly RemoteId[];
  /** How the customer sees the sender. */
  readonly author: { readonly name: string; readonly avatarUrl?: string };
  /** When the message was written; equal on every retry. */
  readonly writtenAt: Date;
  /** A token that leads an answer back to this thread where the channel can carry one. */
  readonly replyToken?: string;
  /** The reply window has closed and a person writes, within the longer one of Limits.humanAgentHours. */
  readonly humanAgent?: true;
  /** A person wants it sent although it may have arrived: what the connector remembers of an earlier try does not count. */
  readonly insisted?: true;
  /** Written by the hub itself: marked as such where the channel can, so that no machine answers it (RFC 3834). */
  readonly automatic?: true;
}

/** What a connector tells about one send. */
export interface Sent {
  readonly id: RemoteId;
  /** Only where the channel answers per recipient (SMTP): refused ones with the channel's words. */
  readonly refused?: readonly {
    readonly recipient: string;
    readonly permanent: boolean;
    readonly says: string;
    /** The address does not exist: the next send to it asks first. */
    readonly gone?: true;
  }[];
}
