import { z } from "zod";

/** Some are numbers, beyond what a number holds exactly: enough to show, never compared. */
const id = z.union([z.string().min(1), z.number().nonnegative().transform(String)]);
/** Milliseconds; some events were seen in seconds. */
const time = z
  .union([z.number().nonnegative(), z.string().regex(/^\d+$/).transform(Number)])
  .transform((value) => new Date(value < 100_000_000_000 ? value * 1_000 : value));

const payload = z.looseObject({
  url: z.string().optional(),
  title: z.string().optional(),
  sticker_id: id.optional(),
  reel_video_id: id.optional(),
  ig_post_media_id: id.optional(),
  coordinates: z.object({ lat: z.number(), long: z.number() }).optional(),
  elements: z.array(z.looseObject({ title: z.string().optional(), subtitle: z.string().optional() })).optional(),
});
const attachment = z.looseObject({
  type: z.string(),
  title: z.string().nullish(),
  url: z.string().nullish(),
  payload: payload.nullish(),
});
export type MetaAttachment = z.output<typeof attachment>;

/** How somebody came to us: a link, an advertisement, a product. Kept as Meta tells it. */
const referral = z.looseObject({
  ref: z.string().optional(),
  source: z.string().optional(),
  type: z.string().optional(),
  ad_id: id.optional(),
  ads_context_data: z.looseObject({ ad_title: z.string().optional() }).optional(),
});
export type Referral = z.output<typeof referral>;

const message = z.looseObject({
  mid: z.string().min(1),
  text: z.string().optional(),
  attachments: z.array(attachment).optional(),
  quick_reply: z.looseObject({ payload: z.string() }).optional(),
  reply_to: z
    .looseObject({
      mid: z.string().optional(),
      story: z.looseObject({ id: id.optional(), url: z.string().optional() }).optional(),
    })
    .optional(),
  is_echo: z.boolean().optional(),
  app_id: id.optional(),
  metadata: z.string().optional(),
  is_deleted: z.boolean().optional(),
  is_unsupported: z.boolean().optional(),
  referral: referral.optional(),
});
export type MetaMessage = z.output<typeof message>;

const control = z.looseObject({
  new_owner_app_id: id.nullish(),
  previous_owner_app_id: id.nullish(),
  requested_owner_app_id: id.nullish(),
  metadata: z.string().nullish(),
});

/** One entry of `messaging` or `standby`. Messenger and Instagram share the shape; which keys come differs. */
export const item = z.looseObject({
  sender: z.looseObject({ id: id.optional(), user_ref: z.string().optional() }).optional(),
  recipient: z.looseObject({ id: id.optional() }).optional(),
  timestamp: time,
  message: message.optional(),
  postback: z
    .looseObject({
      mid: z.string().optional(),
      title: z.string().optional(),
      payload: z.string().optional(),
      referral: referral.optional(),
    })
    .optional(),
  reaction: z
    .looseObject({
      mid: z.string().min(1),
      action: z.enum(["react", "unreact"]),
      reaction: z.string().optional(),
      emoji: z.string().optional(),
    })
    .optional(),
  read: z.looseObject({ watermark: time.optional(), mid: z.string().optional() }).optional(),
  delivery: z.looseObject({ watermark: time.optional(), mids: z.array(z.string()).optional() }).optional(),
  message_edit: z
    .looseObject({ mid: z.string().min(1), text: z.string().optional(), num_edit: z.number().optional() })
    .optional(),
  optin: z.looseObject({ type: z.string().optional(), title: z.string().optional() }).optional(),
  referral: referral.optional(),
  pass_thread_control: control.optional(),
  take_thread_control: control.optional(),
  request_thread_control: control.optional(),
  app_roles: z.record(z.string(), z.unknown()).optional(),
});
export type Item = z.output<typeof item>;

const from = z.looseObject({ id: id, name: z.string().optional(), username: z.string().optional() });

/** Page field "feed": what happens under posts. */
export const feedComment = z.looseObject({
  item: z.literal("comment"),
  verb: z.string(),
  comment_id: id,
  post_id: id.optional(),
  parent_id: id.optional(),
  from,
  message: z.string().optional(),
  photo: z.string().optional(),
  created_time: time.optional(),
});

/** Instagram fields "comments" and "live_comments". */
export const instagramComment = z.looseObject({
  id,
  from,
  text: z.string().optional(),
  parent_id: id.optional(),
  media: z
    .looseObject({ id: id.optional(), ad_id: id.optional(), media_product_type: z.string().optional() })
    .optional(),
});

export const change = z.looseObject({ field: z.string(), value: z.unknown() });

/** What a webhook carries: one object, entries of several pages or accounts. Items are read one by one. */
export const envelope = z.looseObject({
  object: z.string(),
  entry: z
    .array(
      z.looseObject({
        id,
        time: time.optional(),
        messaging: z.array(z.unknown()).optional(),
        standby: z.array(z.unknown()).optional(),
        changes: z.array(z.unknown()).optional(),
      }),
    )
    .min(1),
});
