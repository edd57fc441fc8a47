import { type InboundMessage, type Raw, remoteId, threadKey } from "#contract";
import type { Folder } from "./cursor.ts";
import type { Letter, LetterPart, Mailbox } from "./letter.ts";
import type { Settings } from "./settings.ts";
import { isMailbox, letterId, ownershipOf, rankedReferences, replyTokenIn, threadOf } from "./thread.ts";
import { bouncedMessageId } from "./verp.ts";

/** How a letter came. */
export interface Arrival {
  readonly folder: Folder;
  /** When the mailbox got it; stands in for a missing or absurd Date. */
  readonly arrivedAt: Date;
  readonly historic: boolean;
  /** Of the envelope, where we took it ourselves: as good as Delivered-To. */
  readonly recipients?: readonly string[];
}

type Open = () => Promise<AsyncIterable<Uint8Array>>;

const unique = (mailboxes: readonly Mailbox[]): readonly Mailbox[] => [
  ...new Map(mailboxes.map((mailbox) => [mailbox.address, mailbox])).values(),
];

/**
 * A web form often writes as the mailbox itself and names the customer in Reply-To. In every other case
 * Reply-To changes nothing about who wrote: it is shown, because anybody can put anybody there.
 */
const senderOf = (letter: Letter, address: string): Mailbox | undefined => {
  const from = letter.from[0];
  const answerTo = letter.replyTo.find((mailbox) => !isMailbox(address, mailbox.address));
  return from !== undefined && isMailbox(address, from.address) && answerTo !== undefined ? answerTo : from;
};

/** Small facts for the desk. Absent keys mean "nothing to say". */
const detailOf = (letter: Letter, sender: Mailbox | undefined, auth: Auth | undefined): Record<string, unknown> => {
  const list = (mailboxes: readonly Mailbox[]) => (mailboxes.length > 0 ? mailboxes.slice(0, 100) : undefined);
  const answersElsewhere = letter.replyTo.some(({ address }) => address !== sender?.address);
  const detail: Record<string, unknown> = {
    from: list(letter.from),
    to: list(letter.to),
    cc: list(letter.cc),
    replyTo: answersElsewhere ? list(letter.replyTo) : undefined,
    quotedFrom: letter.fold.quoted?.[0],
    quotedTo: letter.fold.quoted?.[1],
    signatureFrom: letter.fold.signature?.[0],
    signatureTo: letter.fold.signature?.[1],
    letter: letter.verdict.kind === "human" ? undefined : letter.verdict.kind,
    failed: letter.verdict.failed.length > 0 ? letter.verdict.failed : undefined,
    textCut: letter.textCut || undefined,
    auth,
    calendar: letter.calendar,
  };
  return Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== undefined));
};

type Auth = Pick<Letter["auth"][number], "spf" | "dkim" | "dmarc">;

/** What the mailbox's own server found out about the sender (RFC 8601); undefined = nobody we believe says anything. */
const authOf = (letter: Letter, { authservId }: Settings): Auth | undefined => {
  // Servers put theirs on top and take out those of others that bear their name.
  const trusted = letter.auth.find(({ authserv }) => authservId !== "" && authserv === authservId.toLowerCase());
  if (trusted === undefined) return undefined;
  const { authserv: _, ...results } = trusted;
  return results;
};

/**
 * Stands alone, whatever it claims to answer: spam may not enter a conversation. Moved back into INBOX it is another
 * letter, which then joins.
 */
const asSpam = ({
  references: _references,
  aliases: _aliases,
  replyToken: _replyToken,
  replyTo: _replyTo,
  participants: _participants,
  ...message
}: InboundMessage): InboundMessage => ({
  ...message,
  id: remoteId(`junk:${message.id}`),
  thread: threadKey(`junk:${message.id}`),
  automatic: true,
  spam: true,
});

/** A letter in the words of the contract. */
export const toInbound = (
  input: Arrival & {
    letter: Letter;
    settings: Settings;
    signingKey: string;
    raw: Raw;
    /** Opens the n-th attachment. */
    part: (index: number, part: LetterPart) => Promise<AsyncIterable<Uint8Array>>;
  },
): InboundMessage => {
  const { letter, settings, signingKey } = input;
  const signed = letter.messageId !== undefined && ownershipOf(signingKey, letter.messageId) === "ours";
  const own = signed || input.folder === "sent";
  // It lay in the folder of sent mail: only somebody who can sign in puts letters there.
  // Of a letter of ours the customer is whom it went to. The From of a letter in INBOX proves nothing about us.
  const outside = [...letter.to, ...letter.cc].find(({ address }) => !isMailbox(settings.address, address));
  const sender = own ? outside : senderOf(letter, settings.address);
  const id = signed ? remoteId(letter.messageId ?? "") : letterId({ messageId: letter.messageId, hash: letter.hash });
  const deliveredTo = [...(input.recipients ?? []), ...letter.deliveredTo];
  // The address a failure came back to names its letter for certain; what the report quotes may be cut or missing.
  const about = bouncedMessageId({ address: settings.address, signingKey, deliveredTo }) ?? letter.verdict.about;
  const reported = letter.verdict.kind === "human" || about === undefined ? [] : [about];
  const token = replyTokenIn(settings.address, deliveredTo);
  const auth = authOf(letter, settings);
  const inReplyTo = letter.inReplyTo.at(-1) ?? letter.references.at(-1);
  // A clock that is ahead would keep the letter on top of every list.
  const sentAt = new Date(Math.min(letter.date ?? Number.POSITIVE_INFINITY, input.arrivedAt.getTime()));
  const participants = unique([...letter.from, ...letter.to, ...letter.cc]).filter(
    ({ address }) => !isMailbox(settings.address, address),
  );
  const message: InboundMessage = {
    type: "message",
    thread: threadOf({
      id,
      messageId: letter.messageId,
      references: letter.references.length > 0 ? letter.references : letter.inReplyTo,
    }),
    id,
    ...(letter.messageId === undefined || signed ? {} : { aliases: [remoteId(letter.messageId)] }),
    from: {
      addresses:
        sender === undefined
          ? []
          : [
              {
                kind: "email",
                value: sender.address,
                ...(auth?.dmarc === "pass" && sender === letter.from[0] ? { verified: true } : {}),
              },
            ],
      ...(sender === undefined || sender.name === "" ? {} : { name: sender.name }),
    },
    own,
    sentAt,
    kind: letter.html === undefined ? "text" : "html",
    text: letter.text,
    ...(letter.html === undefined ? {} : { html: letter.html }),
    ...(letter.subject === "" ? {} : { subject: letter.subject }),
    attachments: letter.attachments.map((part) => ({
      name: part.name,
      mimeType: part.mimeType,
      bytes: part.bytes,
      ...(part.contentId === undefined ? {} : { contentId: part.contentId }),
      ...(part.inline ? { inline: true } : {}),
      open: (() => input.part(part.index, part)) satisfies Open,
    })),
    detail: { ...detailOf(letter, sender, auth), ...(reported[0] === undefined ? {} : { about: reported[0] }) },
    ...(inReplyTo === undefined ? {} : { replyTo: remoteId(inReplyTo) }),
    references: rankedReferences({
      signingKey,
      inReplyTo: [...letter.inReplyTo, ...reported],
      references: letter.references,
    }),
    ...(token === undefined ? {} : { replyToken: token }),
    participants: participants.map(({ address }) => ({ kind: "email" as const, value: address })),
    ...(auth?.dmarc === "fail" ? { suspicious: true } : {}),
    ...(own || letter.verdict.kind === "human" ? {} : { automatic: true }),
    ...(input.historic ? { historic: true } : {}),
    raw: input.raw,
  };
  return input.folder === "junk" && !own ? asSpam(message) : message;
};
