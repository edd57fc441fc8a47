import { z } from "zod";

/** What Meta takes at POST /{phone-number-id}/messages, written down by hand: its own published schemas contradict each other. */

const text = (most: number) => z.string().min(1).max(most);
const id = z.string().regex(/^\d{5,30}$/u, "a media id");
const file = (more: z.ZodRawShape) =>
  z
    .strictObject({ id: id.optional(), link: z.string().min(1).optional(), ...more })
    .refine((given) => (given.id === undefined) !== (given.link === undefined), "exactly one of id and link");
const caption = text(1_024).optional();

const header = z.union([
  z.strictObject({ type: z.literal("text"), text: text(60), sub_text: z.string().optional() }),
  ...(["image", "video", "document"] as const).map((kind) =>
    z.strictObject({ type: z.literal(kind), [kind]: file({ filename: z.string().optional() }) }),
  ),
]);
const frame = { header: header.optional(), footer: z.strictObject({ text: text(60) }).optional() };
const body = z.strictObject({ text: text(1_024) });
const unique = (items: readonly string[]): boolean => new Set(items).size === items.length;

const row = z.strictObject({ id: text(200), title: text(24), description: text(72).optional() });
const interactive = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("button"),
    ...frame,
    body,
    action: z.strictObject({
      buttons: z
        .array(z.strictObject({ type: z.literal("reply"), reply: z.strictObject({ id: text(256), title: text(20) }) }))
        .min(1)
        .max(3)
        .refine((buttons) => unique(buttons.map(({ reply }) => reply.title)), "titles must be unique")
        .refine((buttons) => unique(buttons.map(({ reply }) => reply.id)), "ids must be unique"),
    }),
  }),
  z.strictObject({
    type: z.literal("list"),
    ...frame,
    body: z.strictObject({ text: text(4_096) }),
    action: z.strictObject({
      button: text(20),
      sections: z
        .array(z.strictObject({ title: text(24).optional(), rows: z.array(row).min(1) }))
        .min(1)
        .max(10)
        .refine((sections) => sections.length === 1 || sections.every(({ title }) => title !== undefined), "a title")
        .refine((sections) => sections.flatMap(({ rows }) => rows).length <= 10, "at most 10 rows")
        .refine(
          (sections) => unique(sections.flatMap(({ rows }) => rows.map((each) => each.id))),
          "ids must be unique",
        ),
    }),
  }),
  z.strictObject({
    type: z.literal("product"),
    footer: frame.footer,
    body: body.optional(),
    action: z.strictObject({ catalog_id: text(100), product_retailer_id: text(100) }),
  }),
  z.strictObject({
    type: z.literal("product_list"),
    header,
    footer: frame.footer,
    body,
    action: z.strictObject({
      catalog_id: text(100),
      sections: z
        .array(
          z.strictObject({
            title: text(24),
            product_items: z.array(z.strictObject({ product_retailer_id: text(100) })).min(1),
          }),
        )
        .min(1)
        .max(10),
    }),
  }),
  ...(
    [
      "catalog_message",
      "flow",
      "order_details",
      "order_status",
      "cta_url",
      "location_request_message",
      "call_permission_request",
    ] as const
  ).map((type) =>
    z.strictObject({
      type: z.literal(type),
      ...frame,
      body: body.optional(),
      action: z.strictObject({ name: text(50), parameters: z.record(z.string(), z.unknown()).optional() }).optional(),
    }),
  ),
]);

const parameter = z
  .looseObject({
    type: z.enum([
      "text",
      "currency",
      "date_time",
      "image",
      "video",
      "document",
      "location",
      "payload",
      "action",
      "coupon_code",
      "product",
    ]),
  })
  .refine(({ type, ...rest }) => (type === "coupon_code" ? "coupon_code" in rest : type in rest), "its own field");

const contact = z.strictObject({
  name: z
    .strictObject({
      formatted_name: text(200),
      ...Object.fromEntries(
        ["first_name", "last_name", "middle_name", "suffix", "prefix"].map((key) => [key, text(200).optional()]),
      ),
    })
    .refine((name) => Object.keys(name).length > 1, "a part of the name beside formatted_name"),
  phones: z
    .array(z.strictObject({ phone: text(40), type: text(20).optional(), wa_id: z.string().optional() }))
    .optional(),
  emails: z.array(z.strictObject({ email: text(200), type: text(20).optional() })).optional(),
  addresses: z.array(z.record(z.string(), z.string())).optional(),
  urls: z.array(z.strictObject({ url: text(500), type: text(20).optional() })).optional(),
  org: z.record(z.string(), z.string()).optional(),
  birthday: z.iso.date().optional(),
});

/** Bodies by type: the field of that name, and nothing beside it. */
export const bodies = {
  text: z.strictObject({ body: text(4_096), preview_url: z.boolean().optional() }),
  image: file({ caption }),
  video: file({ caption }),
  audio: file({ voice: z.boolean().optional() }),
  sticker: file({}),
  document: file({ caption, filename: text(240).optional() }),
  location: z.strictObject({
    latitude: z.coerce.number().min(-90).max(90),
    longitude: z.coerce.number().min(-180).max(180),
    name: text(1_000).optional(),
    address: text(1_000).optional(),
  }),
  contacts: z.array(contact).min(1),
  reaction: z.strictObject({ message_id: text(500), emoji: z.string().max(40) }),
  interactive,
  template: z.strictObject({
    name: text(512),
    language: z.strictObject({ code: text(40), policy: z.literal("deterministic").optional() }),
    components: z
      .array(
        z.strictObject({
          type: z.enum(["header", "body", "button", "carousel", "limited_time_offer"]),
          sub_type: z.string().optional(),
          index: z.union([z.string(), z.int()]).optional(),
          parameters: z.array(parameter).optional(),
        }),
      )
      .optional(),
  }),
} as const;
export type BodyType = keyof typeof bodies;
export const isBodyType = (type: string): type is BodyType => type in bodies;

const bsuid = /^[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}$/u;

export const envelope = z.looseObject({
  messaging_product: z.literal("whatsapp"),
  recipient_type: z.enum(["individual", "group"]).default("individual"),
  to: z
    .string()
    .regex(/^\+?[\d ()-]{5,30}$|^[A-Za-z0-9+/=]{20,}$/u, "a number or a group")
    .optional(),
  recipient: z.string().regex(bsuid, "a business-scoped user id").optional(),
  type: z.string().optional(),
  context: z.strictObject({ message_id: text(500) }).optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
});

export const envelopeKeys = new Set([
  "messaging_product",
  "recipient_type",
  "to",
  "recipient",
  "type",
  "context",
  "biz_opaque_callback_data",
]);

export const readMark = z.strictObject({
  messaging_product: z.literal("whatsapp"),
  status: z.literal("read"),
  message_id: text(500),
  typing_indicator: z.strictObject({ type: z.literal("text") }).optional(),
});
