import type { AutoReply } from "#wire";
import { plainAddress } from "#core/recipients";

const minute = 60_000;
const hour = 60 * minute;

/** One answer to a sender in so long, however much they write (RFC 3834 2). */
const perSenderMs = 24 * hour;
/** More letters than this from one sender in this time without a person of ours having written: a machine we failed to see. */
export const storm = { letters: 5, ms: 10 * minute } as const;
/** More answers than this from one mailbox in an hour: something is wrong with all of it. */
export const mailboxMost = { answers: 100, ms: hour } as const;
/** An acknowledgement that comes later says nothing. */
const latestMs = hour;

/** Senders that nobody reads: the whole local part, as machines name themselves. */
const unread =
  /^(?:no-?_?\.?reply|do-?_?not-?_?reply|neodpovidat|neodpovedat|nie-?odpowiadaj|mailer-daemon|postmaster|mailer|bounces?|listserv|majordomo|owner-.*|.*-(?:request|owner|bounces?|admin))$/i;

/** What is known of a message that could be acknowledged. */
export interface Acknowledgeable {
  /** Address of the sender as it would be answered; null = not known. */
  readonly sender: string | null;
  readonly receivedAt: Date;
  /** It counts for nothing: held for a stranger, or spam. */
  readonly apart: boolean;
  /** A machine wrote it: automatic answer, report, list, anything with an Auto-Submitted or loop header. */
  readonly automatic: boolean;
  /** Somebody of ours has written since. */
  readonly answered: boolean;
}

/** What the hub remembers of its own answers of one mailbox. */
export interface Ledger {
  readonly lastToSender: Date | null;
  readonly inConversation: boolean;
  /** Letters of this sender within `storm.ms`, this one included, since a person of ours last wrote to them. */
  readonly fromSender: number;
  /** Answers of the mailbox within `mailboxMost.ms`. */
  readonly fromMailbox: number;
}

export type Decision =
  | { readonly send: true; readonly text: string }
  | {
      readonly send: false;
      readonly because:
        | "off"
        | "apart"
        | "automatic"
        | "nobody"
        | "own"
        | "late"
        | "answered"
        | "recently"
        | "once"
        | "storm"
        | "mailbox-storm";
    };

const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));

/** Whether an office with these hours is open. No hours: always. Days are 1 (Monday) to 7; an end before its begin is over midnight. */
export const isOpen = (input: {
  readonly hours: AutoReply["hours"];
  readonly timeZone: string;
  readonly now: Date;
}): boolean => {
  if (input.hours.length === 0) return true;
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", {
      timeZone: input.timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    })
      .formatToParts(input.now)
      .map(({ type, value }) => [type, value]),
  );
  const today = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(parts["weekday"] ?? "") + 1;
  const yesterday = today === 1 ? 7 : today - 1;
  const at = minutesOf(`${parts["hour"]}:${parts["minute"]}`);
  return input.hours.some(({ days, from, to }) => {
    const [begin, end] = [minutesOf(from), minutesOf(to)];
    if (begin < end) return days.includes(today) && at >= begin && at < end;
    return (days.includes(today) && at >= begin) || (days.includes(yesterday) && at < end);
  });
};

/**
 * Whether the hub acknowledges a message by itself, and with which words (RFC 3834). Never what a machine wrote, never
 * ourselves, once a conversation, once a sender a day; and nothing more when it looks as if a machine answers us.
 */
export const acknowledge = (input: {
  readonly settings: AutoReply;
  readonly timeZone: string;
  readonly message: Acknowledgeable;
  readonly ledger: Ledger;
  /** Addresses of our own mailboxes, without plus-parts, in lower case. */
  readonly own: ReadonlySet<string>;
  readonly now: Date;
}): Decision => {
  const { settings, message, ledger, now } = input;
  const no = (because: Extract<Decision, { send: false }>["because"]): Decision => ({ send: false, because });
  if (!settings.on) return no("off");
  if (message.apart) return no("apart");
  if (message.automatic) return no("automatic");
  const sender = message.sender === null ? "" : plainAddress(message.sender);
  if (!sender.includes("@") || unread.test(sender.slice(0, sender.lastIndexOf("@")))) return no("nobody");
  if (input.own.has(sender)) return no("own");
  if (now.getTime() - message.receivedAt.getTime() > latestMs) return no("late");
  if (message.answered) return no("answered");
  if (ledger.fromSender > storm.letters) return no("storm");
  if (ledger.lastToSender !== null && now.getTime() - ledger.lastToSender.getTime() < perSenderMs)
    return no("recently");
  if (ledger.inConversation) return no("once");
  if (ledger.fromMailbox >= mailboxMost.answers) return no("mailbox-storm");
  const open = isOpen({ hours: settings.hours, timeZone: input.timeZone, now });
  const text = (open || settings.closedText.trim() === "" ? settings.text : settings.closedText).trim();
  return text === "" ? no("off") : { send: true, text };
};
