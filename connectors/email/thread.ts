import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { type RemoteId, remoteId, type ThreadKey, threadKey } from "#contract";

/**
 * Ids of letters.
 * A received letter is "<message-id>#<hash>": the same Message-ID with other content is another letter, the same letter
 * under a new UID (UIDVALIDITY change, moved and moved back) is the same. Without a Message-ID it is "#<hash>".
 * A letter of ours is its signed Message-ID alone, so a copy that comes back is known.
 */
const longestMessageId = 500;
const angled = /<[^<>\s]+>/g;
const ownForm = /^<m\.([0-9a-f]{24})\.([0-9a-f]{10})@[^<>\s@]+>$/;

/** Every usable Message-ID in a header, in its order. */
export const messageIdsIn = (header: string): readonly string[] =>
  [...header.matchAll(angled)].map(([id]) => id).filter((id) => id.length <= longestMessageId);

export const letterId = ({ messageId, hash }: { messageId: string | undefined; hash: string }): RemoteId =>
  remoteId(`${messageId ?? ""}#${hash}`);

/** The Message-ID inside an id of ours; undefined when the letter had none. */
export const messageIdOf = (id: string): string | undefined => {
  const cut = id.lastIndexOf("#");
  const messageId = cut < 0 ? id : id.slice(0, cut);
  return messageId.startsWith("<") ? messageId : undefined;
};

/** The thread is named after its first letter, which every later one carries at the head of References. */
export const threadOf = (input: {
  id: RemoteId;
  messageId: string | undefined;
  references: readonly string[];
}): ThreadKey => threadKey(input.references[0] ?? input.messageId ?? input.id);

const mac = (key: string, id: string): string => createHmac("sha256", key).update(id).digest("hex").slice(0, 10);

export const ownMessageId = (o: { readonly id: string; readonly signature: string; readonly domain: string }): string =>
  `<m.${o.id}.${o.signature}@${o.domain}>`;

/** Equal on every retry, because the core's key is: a letter sent twice by accident is one letter in the customer's client. */
export const signedMessageId = (input: { signingKey: string; key: string; domain: string }): string => {
  const id = createHash("sha256").update(input.key).digest("hex").slice(0, 24);
  return ownMessageId({ id, signature: mac(input.signingKey, id), domain: input.domain });
};

export type Ownership = "ours" | "forged" | "foreign";
export const ownershipOf = (signingKey: string, messageId: string): Ownership => {
  const [, id, signature] = ownForm.exec(messageId) ?? [];
  if (id === undefined || signature === undefined) return "foreign";
  return timingSafeEqual(Buffer.from(mac(signingKey, id)), Buffer.from(signature)) ? "ours" : "forged";
};

/**
 * What a letter answers, best first: our own signed ids (newest first), then In-Reply-To, then References from the end.
 * An id in our form with a wrong signature is left out: it was guessed.
 */
export const rankedReferences = (input: {
  signingKey: string;
  inReplyTo: readonly string[];
  references: readonly string[];
}): readonly RemoteId[] => {
  const newestFirst = [...input.inReplyTo, ...input.references.toReversed()];
  const of = (wanted: Ownership): readonly string[] =>
    newestFirst.filter((id) => ownershipOf(input.signingKey, id) === wanted);
  return [...new Set([...of("ours"), ...of("foreign")])].slice(0, 50).map(remoteId);
};

/** References of an answer: the root stays, the middle goes first (RFC 5322 3.6.4 asks for all, servers cut at 20-100). */
export const outgoingReferences = (input: {
  thread: ThreadKey;
  references: readonly RemoteId[];
}): readonly string[] => {
  const root = messageIdOf(input.thread);
  const known = input.references.map(messageIdOf).filter((id) => id !== undefined);
  const chain = [...new Set(root === undefined || known.length === 0 ? known : [root, ...known])];
  return chain.length <= 20 ? chain : [...chain.slice(0, 1), ...chain.slice(-19)];
};

/** support@x.cz and a token -> support+r.<token>@x.cz */
export const replyAddress = (address: string, token: string): string => address.replace("@", `+r.${token}@`);

/** The token of a reply address of this mailbox among the addresses a letter was sent to. */
export const replyTokenIn = (address: string, recipients: readonly string[]): string | undefined => {
  const [local = "", domain = ""] = address.toLowerCase().split("@");
  for (const recipient of recipients) {
    const at = recipient.lastIndexOf("@");
    const [box = "", token = ""] = recipient.slice(0, at).split("+r.");
    if (box.toLowerCase() !== local || recipient.slice(at + 1).toLowerCase() !== domain) continue;
    if (/^[\w-]{8,64}$/.test(token)) return token;
  }
  return undefined;
};

/** Whether an address is this mailbox, plus-forms included. */
export const isMailbox = (address: string, candidate: string): boolean =>
  candidate.toLowerCase().replace(/\+[^@]*@/, "@") === address.toLowerCase();
