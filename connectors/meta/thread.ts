import { type ThreadKey, threadKey } from "#contract";

/**
 * Ids of people are scoped to the page or account they wrote to, so it belongs in the key. A comment is a thread of its
 * own until its writer answers the private reply.
 */
export const toThreadKey = (node: string, person: string): ThreadKey => threadKey(`${node}>${person}`);
export const toCommentKey = (node: string, comment: string): ThreadKey => threadKey(`${node}>comment:${comment}`);

/** Whom a send on this thread is for, as the Send API spells it; undefined when the key is another account's. */
export const recipientOf = (
  node: string,
  key: ThreadKey,
): { readonly id: string } | { readonly comment_id: string } | undefined => {
  if (!key.startsWith(`${node}>`)) return undefined;
  const rest = key.slice(node.length + 1);
  if (rest === "") return undefined;
  return rest.startsWith("comment:") ? { comment_id: rest.slice("comment:".length) } : { id: rest };
};
