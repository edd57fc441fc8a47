import { z } from "zod";

/** Seconds since 1970 as a string; some gateways send milliseconds or numbers. */
const at = z.union([z.string().regex(/^\d{9,14}$/u), z.int().nonnegative()]).transform((text) => {
  const value = Number(text);
  return new Date(value > 100_000_000_000 ? value : value * 1_000);
});

const words = z.string().optional();
const id = z.string().min(1).max(400);

export const envelope = z.object({
  object: z.string(),
  entry: z.array(
    z.looseObject({
      id: z.string().optional(),
      changes: z.array(z.looseObject({ field: z.string(), value: z.unknown() })),
    }),
  ),
});

/** What every change of a number carries. Lists are read item by item: one bad item must not take its neighbours along. */
export const value = z.looseObject({
  metadata: z.looseObject({ phone_number_id: z.string().optional(), display_phone_number: words }).optional(),
  contacts: z.array(z.unknown()).default([]),
  messages: z.array(z.unknown()).default([]),
  statuses: z.array(z.unknown()).default([]),
  message_echoes: z.array(z.unknown()).default([]),
  calls: z.array(z.unknown()).default([]),
  errors: z.array(z.unknown()).default([]),
});

export const contact = z.looseObject({
  profile: z.looseObject({ name: words, username: words }).optional(),
  wa_id: words,
  user_id: words,
});
export type Contact = z.output<typeof contact>;

/** The head of a message of any kind. */
export const message = z.looseObject({
  id,
  timestamp: at,
  type: z.string().default("unknown"),
  from: words,
  from_user_id: words,
  to: words,
  to_user_id: words,
  group_id: words,
  context: z
    .looseObject({
      id: words,
      forwarded: z.boolean().optional(),
      frequently_forwarded: z.boolean().optional(),
      referred_product: z.looseObject({ catalog_id: z.string(), product_retailer_id: z.string() }).optional(),
    })
    .nullish(),
  referral: z.looseObject({ source_type: words, source_url: words, headline: words, body: words }).optional(),
  errors: z.array(z.unknown()).optional(),
});
export type Message = z.output<typeof message>;

export const media = z.looseObject({
  id: id.optional(),
  mime_type: z.string().default("application/octet-stream"),
  sha256: words,
  caption: words,
  filename: words,
  voice: z.boolean().optional(),
});

export const location = z.looseObject({
  latitude: z.coerce.number().min(-90).max(90),
  longitude: z.coerce.number().min(-180).max(180),
  name: words,
  address: words,
  url: words,
});

export const contactCards = z.array(
  z.looseObject({
    name: z.looseObject({ formatted_name: words, first_name: words }).default({}),
    phones: z.array(z.looseObject({ phone: words, wa_id: words })).default([]),
    emails: z.array(z.looseObject({ email: words })).default([]),
    org: z.looseObject({ company: words }).optional(),
  }),
);

const reply = z.looseObject({ id: z.string(), title: z.string(), description: words });
export const interactive = z.looseObject({
  type: z.string(),
  button_reply: reply.optional(),
  list_reply: reply.optional(),
  nfm_reply: z.looseObject({ name: words, body: words, response_json: words }).optional(),
  call_permission_reply: z
    .looseObject({ response: z.string(), expiration_timestamp: z.unknown().optional() })
    .optional(),
});

export const order = z.looseObject({
  catalog_id: z.string().default(""),
  text: words,
  product_items: z.array(
    z.looseObject({
      product_retailer_id: z.string(),
      quantity: z.coerce.number(),
      item_price: z.coerce.number(),
      currency: z.string(),
    }),
  ),
});

export const system = z.looseObject({
  type: z.string(),
  body: words,
  wa_id: words,
  new_wa_id: words,
  user_id: words,
  new_user_id: words,
});

export const text = z.looseObject({ body: z.string() });
export const button = z.looseObject({ text: z.string(), payload: words });
export const reaction = z.looseObject({ message_id: id, emoji: z.string().max(40).optional() });
export const edit = z.looseObject({
  original_message_id: id,
  message: z.looseObject({
    type: words,
    text: text.optional(),
    image: media.optional(),
    video: media.optional(),
    document: media.optional(),
  }),
});
export const revoke = z.looseObject({ original_message_id: id });
export const unsupported = z.looseObject({ type: words });

export const status = z.looseObject({
  id,
  status: z.string(),
  timestamp: at,
  recipient_id: words,
  recipient_user_id: words,
  recipient_type: words,
  type: words,
  biz_opaque_callback_data: words,
  conversation: z
    .looseObject({ id: words, expiration_timestamp: words, origin: z.looseObject({ type: words }).optional() })
    .optional(),
  pricing: z
    .looseObject({ billable: z.boolean().optional(), category: words, type: words, pricing_model: words })
    .optional(),
  errors: z.array(z.unknown()).optional(),
});
export type StatusItem = z.output<typeof status>;

export const call = z.looseObject({
  id,
  event: z.string(),
  timestamp: at,
  from: words,
  from_user_id: words,
  to: words,
  direction: words,
  status: words,
});

export const idUpdate = z.looseObject({
  wa_id: words,
  user_id: z.looseObject({ previous: words, current: z.string() }),
  detail: words,
  timestamp: at,
});

export const preference = z.looseObject({
  wa_id: words,
  user_id: words,
  category: words,
  value: z.string(),
  detail: words,
  timestamp: at,
});
