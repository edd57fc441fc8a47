import { z } from "zod";
import { GraphRefusal, invalid } from "./refusal.ts";
import type { SocialKind } from "./social.ts";

/** A request to POST /{page}/messages, found to be one Meta takes. */
export interface SocialSend {
  readonly recipient?: string;
  readonly commentId?: string;
  readonly tag?: string;
  readonly text?: string;
  readonly attachment?: { readonly type: string; readonly url?: string; readonly id?: string };
  readonly buttons: readonly { readonly title: string; readonly payload: string }[];
  readonly metadata?: string;
  readonly replyTo?: string;
  readonly action?: string;
  readonly about?: string;
  readonly reaction?: string;
}

const quickReply = z.discriminatedUnion("content_type", [
  z.strictObject({
    content_type: z.literal("text"),
    title: z.string().min(1).max(20),
    payload: z.string().min(1).max(1_000),
    image_url: z.url().optional(),
  }),
  z.strictObject({ content_type: z.enum(["user_phone_number", "user_email"]) }),
]);
const attachment = z.strictObject({
  type: z.enum(["image", "video", "audio", "file"]),
  payload: z
    .strictObject({
      url: z.url().optional(),
      attachment_id: z.string().optional(),
      is_reusable: z.boolean().optional(),
    })
    .refine(({ url, attachment_id: id }) => (url === undefined) !== (id === undefined), "url or attachment_id"),
});
const message = z
  .strictObject({
    text: z.string().min(1).optional(),
    attachment: attachment.optional(),
    quick_replies: z.array(quickReply).min(1).max(13).optional(),
    metadata: z.string().max(1_000).optional(),
  })
  .refine(({ text, attachment: file }) => (text === undefined) !== (file === undefined), "text or attachment");
const order = z.strictObject({
  recipient: z.union([z.strictObject({ id: z.string().min(1) }), z.strictObject({ comment_id: z.string().min(1) })]),
  messaging_type: z.enum(["RESPONSE", "UPDATE", "MESSAGE_TAG"]).optional(),
  tag: z.string().optional(),
  message: message.optional(),
  sender_action: z.enum(["typing_on", "typing_off", "mark_seen", "react", "unreact"]).optional(),
  payload: z.strictObject({ message_id: z.string().min(1), reaction: z.string().optional() }).optional(),
  reply_to: z.strictObject({ mid: z.string().min(1) }).optional(),
});

/** Reads one as Meta does; throws GraphRefusal with what is wrong. */
export const readSend = (json: unknown, kind: SocialKind): SocialSend => {
  const read = order.safeParse(json);
  if (!read.success) throw invalid(z.prettifyError(read.error));
  const { recipient, messaging_type: type, tag, message: content, sender_action: action, payload } = read.data;
  const to = "id" in recipient ? { recipient: recipient.id } : { commentId: recipient.comment_id };
  if (action !== undefined) {
    if (content !== undefined || type !== undefined) throw invalid("sender_action goes alone");
    if ((action === "react" || action === "unreact") !== (payload !== undefined))
      throw invalid("payload is for reactions");
    if (action === "react" && payload?.reaction === undefined) throw invalid("payload.reaction is required");
    return {
      ...to,
      action,
      buttons: [],
      ...(payload === undefined ? {} : { about: payload.message_id }),
      ...(payload?.reaction === undefined ? {} : { reaction: payload.reaction }),
    };
  }
  if (content === undefined) throw invalid("message or sender_action is required");
  if ("id" in recipient) {
    if (type === undefined) throw invalid("messaging_type is required");
    if ((type === "MESSAGE_TAG") !== (tag !== undefined)) throw invalid("tag goes with MESSAGE_TAG");
    if (tag !== undefined && tag !== "HUMAN_AGENT")
      throw new GraphRefusal({ code: 100, subcode: 2_018_165, says: `Message tag ${tag} is not available` });
  }
  if (content.text !== undefined && !kind.maxText(content.text))
    throw invalid("Length of param message[text] is too long");
  if (content.metadata !== undefined && !kind.metadata) throw invalid("message.metadata is not supported");
  const file = content.attachment;
  const buttons = (content.quick_replies ?? []).flatMap((reply) => ("title" in reply ? [reply] : []));
  return {
    ...to,
    buttons,
    ...(tag === undefined ? {} : { tag }),
    ...(content.text === undefined ? {} : { text: content.text }),
    ...(content.metadata === undefined ? {} : { metadata: content.metadata }),
    ...(read.data.reply_to === undefined ? {} : { replyTo: read.data.reply_to.mid }),
    ...(file === undefined
      ? {}
      : {
          attachment: {
            type: file.type,
            ...(file.payload.url === undefined ? {} : { url: file.payload.url }),
            ...(file.payload.attachment_id === undefined ? {} : { id: file.payload.attachment_id }),
          },
        }),
  };
};
