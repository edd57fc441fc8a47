import { type Inbound, type InboundMessage, remoteId } from "#contract";
import type { Settings } from "./settings.ts";
import { feedComment, instagramComment } from "./shapes.ts";
import { toCommentKey } from "./thread.ts";

type Said = Omit<InboundMessage, "raw">;

interface Comment {
  readonly id: string;
  readonly from: { readonly id: string; readonly name?: string | undefined; readonly username?: string | undefined };
  readonly text: string;
  readonly at: Date;
  readonly where: Record<string, unknown>;
  readonly parent: string | undefined;
}

/**
 * A comment opens a thread of its own, answered once in private (POST recipient.comment_id, within 7 days). What we
 * write under posts ourselves is nobody's question.
 */
const toMessage = (account: Settings, comment: Comment): Said | undefined => {
  const { from } = comment;
  if (from.id === account.own || from.id === account.node) return undefined;
  const name = from.name ?? from.username;
  return {
    type: "message",
    thread: toCommentKey(account.node, comment.id),
    id: remoteId(`comment:${comment.id}`),
    from: {
      addresses: [{ kind: account.channel === "messenger" ? "psid" : "igsid", scope: account.own, value: from.id }],
      ...(name === undefined ? {} : { name }),
    },
    own: false,
    sentAt: comment.at,
    kind: comment.text === "" ? "unsupported" : "text",
    text: comment.text,
    attachments: [],
    detail: { comment: comment.where },
    ...(comment.parent === undefined ? {} : { replyTo: remoteId(`comment:${comment.parent}`) }),
  };
};

const changed = (account: Settings, id: string, verb: string, text: string, at: Date): Inbound[] | undefined => {
  const thread = toCommentKey(account.node, id);
  const message = remoteId(`comment:${id}`);
  if (verb === "edited" || verb === "edit") return [{ type: "edit", thread, id: message, text, at }];
  return verb === "remove" || verb === "hide" ? [{ type: "revoke", thread, id: message, at }] : undefined;
};

/** "ignored": a change of a page that is no conversation (likes, posts, shares). Undefined: of a shape not known. */
export const readComment = (input: {
  readonly account: Settings;
  readonly field: string;
  readonly value: unknown;
  readonly at: Date;
}): { readonly message: Said } | { readonly news: Inbound[] } | "ignored" | undefined => {
  const { account, field, value, at } = input;
  if (account.channel === "messenger") {
    if (field !== "feed") return "ignored";
    const read = feedComment.safeParse(value);
    if (!read.success)
      return typeof value === "object" && value !== null && Reflect.get(value, "item") === "comment"
        ? undefined
        : "ignored";
    const { comment_id: id, post_id: post, parent_id: parent, from, message = "", verb } = read.data;
    const when = read.data.created_time ?? at;
    const news = changed(account, id, verb, message, at);
    if (news !== undefined) return { news };
    if (verb !== "add") return "ignored";
    const said = toMessage(account, {
      id,
      from,
      text: message,
      at: when,
      where: { on: "post", id: post ?? "" },
      parent: parent === post ? undefined : parent,
    });
    return said === undefined ? "ignored" : { message: said };
  }
  if (field !== "comments" && field !== "live_comments") return "ignored";
  const read = instagramComment.safeParse(value);
  if (!read.success) return undefined;
  const { id, from, text = "", parent_id: parent, media } = read.data;
  const where = {
    on: field === "live_comments" ? "live" : "post",
    id: media?.id ?? "",
    ...(media?.ad_id === undefined ? {} : { adId: media.ad_id }),
  };
  const said = toMessage(account, { id, from, text, at, where, parent });
  return said === undefined ? "ignored" : { message: said };
};
