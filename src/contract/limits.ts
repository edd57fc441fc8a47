import type { Content } from "./message.ts";

/** What a channel takes in one message. The core splits and refuses by these numbers; a connector never truncates. */
export interface Limits {
  /** Longest text in UTF-16 code units; longer text is split on a word by the core. 0: a channel of calls, no words. */
  readonly text: number;
  /** For channels that count bytes: longest text in bytes of UTF-8, beside `text`. */
  readonly textBytes?: number;
  readonly attachments:
    | { readonly bytes: number; readonly perMessage: number; readonly mimeTypes: readonly string[] | "any" }
    | false;
  /** Hours after the customer's last message in which free-form replies are allowed. */
  readonly replyWindowHours: number | false;
  /** Hours after the customer's last message in which a person, though no machine, may still write; above replyWindowHours. */
  readonly humanAgentHours?: number;
  /** Kinds of content the channel takes beside text and files; absent = none. */
  readonly content?: readonly Content["type"][];
  /** Whether the channel carries a subject line. */
  readonly subject: boolean;
}
