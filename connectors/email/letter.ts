import type { Verdict } from "./classify.ts";
import type { Invitation } from "./calendar.ts";
import type { Fold } from "./quote.ts";

/** One mail, read: plain data that can pass between threads. */
export interface Letter {
  readonly messageId?: string;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  /** The sender's clock, ms since 1970; absent when the mail has no readable date. */
  readonly date?: number;
  readonly subject: string;
  readonly from: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  /** Where the servers say they delivered it, most trustworthy first: Delivered-To ... before To and Cc. */
  readonly deliveredTo: readonly string[];
  readonly text: string;
  /** The text was longer than we show; the raw mail has the rest. */
  readonly textCut: boolean;
  /** Sanitised; absent when the mail has none or too much of it. */
  readonly html?: string;
  readonly fold: Fold;
  readonly verdict: Verdict;
  /** What the servers on the way found out about the sender (Authentication-Results), topmost first. */
  readonly auth: readonly {
    readonly authserv: string;
    readonly spf?: string;
    readonly dkim?: string;
    readonly dmarc?: string;
  }[];
  readonly calendar?: Invitation;
  readonly attachments: readonly LetterPart[];
  /** Names the content: From, Date, Subject and body; of a mail without Message-ID every byte. */
  readonly hash: string;
  readonly bytes: number;
}

export interface Mailbox {
  readonly address: string;
  readonly name: string;
}

export interface LetterPart {
  /** Its number among all that was written down while reading; a wrapping that was opened leaves a gap. */
  readonly index: number;
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: number;
  readonly contentId?: string;
  /** A picture that the HTML refers to. */
  readonly inline: boolean;
}
