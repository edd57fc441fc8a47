import type { Attachment, Connection } from "#contract";
import type { z } from "zod";
import { graphError, wordsOf } from "../../graph/index.ts";
import { fileName, type Said, type WhatsAppDetail } from "../message.ts";
import { toRef } from "./media.ts";
import * as shapes from "./shapes.ts";

type FetchFile = NonNullable<Connection["fetchFile"]>;
type Item = shapes.Message;
type Reader = (item: Item, fetchFile: FetchFile) => Said;

/** Extras whose optional fields are absent when they are not known. */
const known = <T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== "")) as T;

const read = <T extends z.ZodType>(shape: T, item: Item, key: string): z.output<T> => shape.parse(item[key]);

/** The kind is one this version, or WhatsApp's interface, does not know: it stays visible. */
const unsupported = (item: Item, type: string): Said => {
  const [first] = (item.errors ?? []).flatMap((error) => graphError.safeParse(error).data ?? []);
  const says = first === undefined ? undefined : wordsOf(first);
  return { kind: "unsupported", text: "", detail: { unsupported: known({ type, says }) } };
};

const withFile =
  (media: NonNullable<WhatsAppDetail["media"]>): Reader =>
  (item, fetchFile) => {
    const { id, mime_type: mimeType, sha256, caption, filename, voice } = read(shapes.media, item, item.type);
    const played = media === "audio" && voice === true ? "voice" : media;
    if (id === undefined) return { ...unsupported(item, item.type), text: caption ?? "" };
    const later = toRef({ id, sha256 });
    const attachment: Attachment = {
      name: filename ?? fileName(played, mimeType),
      mimeType: mimeType.split(";")[0]?.trim() ?? mimeType,
      bytes: 0,
      later,
      open: async () => (await fetchFile(later, AbortSignal.timeout(60_000))).content,
    };
    return { kind: "text", text: caption ?? "", attachments: [attachment], detail: { media: played } };
  };

const location: Reader = (item) => {
  const { latitude, longitude, name, address, url } = read(shapes.location, item, "location");
  return {
    kind: "location",
    text: [name, address].filter(Boolean).join(", "),
    detail: known<WhatsAppDetail>({ lat: latitude, lng: longitude, name, address, url }),
  };
};

const contacts: Reader = (item) => {
  const cards = read(shapes.contactCards, item, "contacts").map(({ name, phones, emails, org }) =>
    known<NonNullable<WhatsAppDetail["contacts"]>[number]>({
      name: name.formatted_name ?? name.first_name ?? "",
      phones: phones.flatMap(({ phone, wa_id: waId }) => phone ?? (waId === undefined ? [] : `+${waId}`)),
      emails: emails.flatMap(({ email }) => email ?? []),
      organisation: org?.company,
    }),
  );
  const lines = cards.map(({ name, phones, emails }) => [name, ...phones, ...emails].filter(Boolean).join(", "));
  return { kind: "contact", text: lines.join("\n"), detail: { contacts: cards } };
};

const fieldsOf = (json: string | undefined): { readonly key: string; readonly value: string }[] => {
  try {
    const read: unknown = JSON.parse(json ?? "{}");
    return Object.entries(read === null || typeof read !== "object" ? {} : read)
      .filter(([key]) => key !== "flow_token")
      .map(([key, value]) => ({ key, value: typeof value === "string" ? value : JSON.stringify(value) }));
  } catch {
    return [];
  }
};

const interactive: Reader = (item) => {
  // Seen in the wild: no body at all, and an error beside the message.
  if (item["interactive"] === undefined) return unsupported(item, "interactive");
  const { type, button_reply: button, list_reply: row, ...rest } = read(shapes.interactive, item, "interactive");
  if (button !== undefined)
    return { kind: "text", text: button.title, detail: { choice: { type: "button", id: button.id } } };
  if (row !== undefined) {
    const choice = known<NonNullable<WhatsAppDetail["choice"]>>({
      type: "list",
      id: row.id,
      description: row.description,
    });
    return { kind: "text", text: row.title, detail: { choice } };
  }
  if (rest.nfm_reply !== undefined) {
    const { name = "", body = "", response_json: json } = rest.nfm_reply;
    const fields = fieldsOf(json);
    const lines = fields.map(({ key, value }) => `${key}: ${value}`);
    return { kind: "text", text: lines.join("\n") || body, detail: { form: { name, fields } } };
  }
  if (rest.call_permission_reply !== undefined) {
    const { response } = rest.call_permission_reply;
    return { kind: "text", text: response, detail: { choice: { type: "call-permission", id: response } } };
  }
  return unsupported(item, `interactive/${type}`);
};

const order: Reader = (item) => {
  const { catalog_id: catalogue, text = "", product_items: products } = read(shapes.order, item, "order");
  const items = products.map(({ product_retailer_id: product, quantity, item_price: price, currency }) => ({
    product,
    quantity,
    price,
    currency,
  }));
  const lines = items.map(
    ({ product, quantity, price, currency }) => `${quantity} × ${product} (${price} ${currency})`,
  );
  return {
    kind: "text",
    text: [text, ...lines].filter(Boolean).join("\n"),
    detail: { order: { catalogue, note: text, items } },
  };
};

const systemTypes: Readonly<Record<string, NonNullable<WhatsAppDetail["system"]>["type"]>> = {
  user_changed_number: "number-changed",
  customer_changed_number: "number-changed",
  customer_identity_changed: "identity-changed",
  user_identity_changed: "identity-changed",
  user_changed_user_id: "id-changed",
};

const system: Reader = (item) => {
  const { type, body = "", wa_id: waId, new_wa_id: newWaId } = read(shapes.system, item, "system");
  const meaning = systemTypes[type];
  if (meaning === undefined) return { ...unsupported(item, `system/${type}`), text: body };
  const to = newWaId ?? waId;
  const numbers = meaning === "number-changed" && to !== undefined;
  return {
    kind: "system",
    text: body,
    automatic: true,
    detail: {
      system: {
        type: meaning,
        ...(numbers && item.from !== undefined && { from: `+${item.from}` }),
        ...(numbers && { to: `+${to}` }),
      },
    },
  };
};

const button: Reader = (item) => {
  const { text, payload } = read(shapes.button, item, "button");
  return { kind: "text", text, detail: { choice: { type: "template", id: payload ?? text } } };
};

const readers = new Map<string, Reader>([
  ["text", (item) => ({ kind: "text", text: read(shapes.text, item, "text").body })],
  ["image", withFile("image")],
  ["video", withFile("video")],
  ["audio", withFile("audio")],
  ["voice", withFile("voice")],
  ["sticker", withFile("sticker")],
  ["document", withFile("document")],
  ["location", location],
  ["contacts", contacts],
  ["interactive", interactive],
  ["button", button],
  ["order", order],
  ["system", system],
  [
    "request_welcome",
    () => ({ kind: "system", text: "", automatic: true, detail: { system: { type: "welcome" } } }) satisfies Said,
  ],
  [
    "unsupported",
    (item) => unsupported(item, shapes.unsupported.safeParse(item["unsupported"]).data?.type ?? "unknown"),
  ],
]);

/** What one message says. Throws when its kind is known and its body is not what that kind has; pure but for `open`. */
export const saidOf: Reader = (item, fetchFile) => {
  const said = (readers.get(item.type) ?? (() => unsupported(item, item.type)))(item, fetchFile);
  const { context, referral } = item;
  const forwarded = context?.frequently_forwarded === true ? "often" : context?.forwarded === true ? "once" : undefined;
  const product = context?.referred_product;
  const more: WhatsAppDetail = known<WhatsAppDetail>({
    forwarded,
    product: product === undefined ? undefined : { catalogue: product.catalog_id, id: product.product_retailer_id },
    referral:
      referral === undefined
        ? undefined
        : known<NonNullable<WhatsAppDetail["referral"]>>({
            kind: referral.source_type ?? "ad",
            url: referral.source_url,
            headline: referral.headline,
            body: referral.body,
          }),
  });
  return { ...said, detail: { ...said.detail, ...more } };
};
