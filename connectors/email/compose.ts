import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { SendMailOptions } from "nodemailer";
import type { Attachment, Outbound } from "#contract";
import { loopMark } from "./loop.ts";
import type { Settings } from "./settings.ts";
import { messageIdOf, outgoingReferences, replyAddress, signedMessageId } from "./thread.ts";

const domainOf = (address: string): string => address.slice(address.lastIndexOf("@") + 1).toLowerCase();

/** Line ends have no place in a header: they would start a new one. */
const oneLine = (text: string): string => text.replace(/[\r\n\t]+/g, " ").trim();

const answerMark = /^(?:\s*(?:re|aw|sv|odp|odpověď)(?:\[\d+\])?\s*:)+\s*/i;

/** "Re:" once, however many the thread has gathered in whatever language. */
export const answerSubject = (subject: string, isAnswer: boolean): string => {
  const plain = oneLine(subject);
  return isAnswer ? `Re: ${plain.replace(answerMark, "")}`.trim() : plain;
};

async function* chunks(attachment: Attachment): AsyncGenerator<Uint8Array> {
  yield* await attachment.open();
}

/** An answer to an invitation travels as a body, not as a file: calendars look for it there (RFC 6047 2.4). */
const isCalendarAnswer = ({ mimeType }: Attachment): boolean => /^text\/calendar\b.*\bmethod=/i.test(mimeType);

/** RFC 3834 5 and what Exchange and older programs look at: nobody's machine is to answer this. */
const automaticHeaders = (input: { settings: Settings; signingKey: string }) => ({
  "Auto-Submitted": "auto-replied",
  "X-Auto-Response-Suppress": "All",
  Precedence: "auto_reply",
  "X-Linka-Loop": loopMark({ signingKey: input.signingKey, address: input.settings.address }),
});

/**
 * The letter for nodemailer. Equal bytes on every retry: date, ids and part boundaries come from the message,
 * so a second copy after a doubtful send is the same letter to every client and filter on the way.
 */
export const compose = (input: {
  message: Outbound;
  settings: Settings;
  signingKey: string;
}): SendMailOptions & { messageId: string } => {
  const { message, settings, signingKey } = input;
  const references = outgoingReferences({ thread: message.thread, references: message.references });
  const answered = (message.replyTo === undefined ? undefined : messageIdOf(message.replyTo)) ?? references.at(-1);
  const recipients = (addresses: Outbound["to"]): string[] => addresses.map(({ value }) => oneLine(value));
  const to = recipients(message.to);
  const cc = recipients(message.cc ?? []);
  return {
    messageId: signedMessageId({ signingKey, key: message.key, domain: domainOf(settings.address) }),
    date: message.writtenAt,
    baseBoundary: createHash("sha256").update(message.key).digest("hex").slice(0, 24),
    from: { name: oneLine(message.author.name) || settings.name, address: settings.address },
    to,
    cc,
    ...(settings.plusAddressing && message.replyToken !== undefined
      ? { replyTo: replyAddress(settings.address, message.replyToken) }
      : {}),
    subject: answerSubject(message.subject ?? "", answered !== undefined),
    ...(answered === undefined ? {} : { inReplyTo: answered }),
    ...(references.length === 0 ? {} : { references: [...references] }),
    text: message.text,
    ...(message.html === undefined ? {} : { html: message.html }),
    ...(message.automatic === true ? { headers: automaticHeaders(input) } : {}),
    alternatives: message.attachments.filter(isCalendarAnswer).map((attachment) => ({
      contentType: attachment.mimeType,
      content: Readable.from(chunks(attachment)),
    })),
    attachments: message.attachments
      .filter((attachment) => !isCalendarAnswer(attachment))
      .map((attachment) => ({
        filename: oneLine(attachment.name),
        contentType: attachment.mimeType,
        content: Readable.from(chunks(attachment)),
        ...(attachment.contentId === undefined ? {} : { cid: attachment.contentId }),
        contentDisposition: attachment.inline === true ? "inline" : "attachment",
      })),
    // Nothing of a message may make this process read a file or call a server.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
};
