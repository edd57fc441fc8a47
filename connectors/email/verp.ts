import { ownMessageId, ownershipOf } from "./thread.ts";

/** RFC 5321 4.5.3.1.1: the part before the @. */
const longestLocal = 64;

/**
 * The address to which a failed letter of ours comes back (VERP): support+b.<id>.<signature>@x.cz names the letter.
 * "" when the mailbox' own address leaves no room for it.
 */
export const bounceAddress = (address: string, messageId: string): string => {
  const [, id = "", signature = ""] = /^<m\.([0-9a-f]+)\.([0-9a-f]+)@/.exec(messageId) ?? [];
  const at = address.lastIndexOf("@");
  const local = `${address.slice(0, at)}+b.${id}.${signature}`;
  return id === "" || local.length > longestLocal ? "" : `${local}${address.slice(at)}`;
};

/** Message-ID of the letter whose failure came back to one of these addresses; forged ones are not believed. */
export const bouncedMessageId = (input: {
  readonly address: string;
  readonly signingKey: string;
  readonly deliveredTo: readonly string[];
}): string | undefined => {
  const [local = "", domain = ""] = input.address.toLowerCase().split("@");
  for (const recipient of input.deliveredTo) {
    const [, box, id = "", signature = "", host] =
      /^(.*)\+b\.([0-9a-f]{24})\.([0-9a-f]{10})@(.*)$/.exec(recipient.toLowerCase()) ?? [];
    if (box !== local || host !== domain) continue;
    const messageId = ownMessageId({ id, signature, domain });
    if (ownershipOf(input.signingKey, messageId) === "ours") return messageId;
  }
  return undefined;
};
