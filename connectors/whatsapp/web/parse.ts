import { createHash } from "node:crypto";
import { type Address, type Attachment, type Inbound, type InboundMessage, type Raw, remoteId } from "#contract";
import { asDetail, fileName, type Said, type WhatsAppDetail } from "../message.ts";
import { type MessageRecord, type Party, record, type Record } from "./record.ts";
import { readCard } from "./vcard.ts";
import { type Customer, toRemoteId, toThreadKey } from "./thread.ts";

/** Brings the file of a message when it is opened; asked by the message's id. */
export type FetchFile = (id: string) => Promise<AsyncIterable<Uint8Array>>;

/** Where a chat was not named yet: its number, else its hidden id. */
export const customerIn = ({ phone, lid, group }: Party): Customer =>
  group !== undefined ? `group:${group}` : phone !== undefined ? `phone:${phone}` : `lid:${lid ?? ""}`;

/** A hidden id is an address of its own kind; what looks like a number in it is none. */
const addressesOf = ({ phone, lid }: Party): Address[] => [
  ...(phone === undefined ? [] : [{ kind: "wa_phone" as const, value: `+${phone}` }]),
  ...(lid === undefined ? [] : [{ kind: "wa_lid" as const, value: lid }]),
];

const medias: Readonly<{ [kind: string]: NonNullable<WhatsAppDetail["media"]> }> = {
  image: "image",
  video: "video",
  gif: "video",
  ptv: "video",
  audio: "audio",
  ptt: "voice",
  sticker: "sticker",
  document: "document",
};
const spoken = new Set(["chat", "list_response", "buttons_response", "template_button_reply", "interactive_response"]);

const fileOf = (
  item: MessageRecord,
  media: NonNullable<WhatsAppDetail["media"]>,
  id: string,
  fetchFile: FetchFile,
): Attachment => {
  const { mimeType = "application/octet-stream", name, bytes = 0 } = item.media ?? {};
  return {
    name: name ?? fileName(media, mimeType),
    mimeType: mimeType.split(";")[0]?.trim() ?? mimeType,
    bytes,
    later: id,
    open: () => fetchFile(id),
  };
};

const saidOf = (item: MessageRecord, id: string, fetchFile: FetchFile): Said => {
  const { kind, text, location, vcards } = item;
  const media = medias[kind];
  if (media !== undefined && item.media !== undefined)
    return { kind: "text", text, attachments: [fileOf(item, media, id, fetchFile)], detail: { media } };
  if (location !== undefined) {
    const { name, address } = location;
    return { kind: "location", text: [name, address].filter(Boolean).join(", "), detail: { ...location } };
  }
  if (vcards !== undefined) {
    const contacts = vcards.map(readCard);
    const lines = contacts.map(({ name, phones, emails }) => [name, ...phones, ...emails].filter(Boolean).join(", "));
    return { kind: "contact", text: lines.join("\n"), detail: { contacts } };
  }
  if (!spoken.has(kind)) return { kind: "unsupported", text, detail: { unsupported: { type: kind } } };
  if (item.chosen === undefined) return { kind: "text", text };
  const type = kind === "list_response" ? "list" : "button";
  return { kind: "text", text, detail: { choice: { type, id: item.chosen } } };
};

const messageOf = (ours: string, item: MessageRecord, customer: Customer, fetchFile: FetchFile): InboundMessage => {
  const id = toRemoteId({ ...item, customer });
  const said = saidOf(item, id, fetchFile);
  const { quoted, name, chat, author, fromMe } = item;
  return {
    type: "message",
    thread: toThreadKey(ours, customer),
    id,
    // Who wrote from our own phone is not the customer; the thread still answers to the customer's address.
    from: { addresses: addressesOf(author ?? chat), ...(name !== undefined && !fromMe && { name }) },
    ...(chat.group === undefined && { oneThreadPerPerson: true }),
    own: fromMe,
    sentAt: new Date(item.at * 1_000),
    kind: said.kind,
    text: said.text,
    attachments: said.attachments ?? [],
    ...asDetail({ ...said.detail, ...(item.forwarded === true && { forwarded: "once" }) }),
    ...(quoted !== undefined && { replyTo: toRemoteId({ ...quoted, customer }) }),
    raw: { json: item },
  };
};

const states = new Map([
  [-1, "failed"],
  [1, "sent"],
  [2, "delivered"],
  [3, "read"],
  [4, "read"],
] as const);

/** What a record means, or undefined for what the hub has no use for (an ack that says only "waiting"). */
export const toInbound = (ours: string, item: Record, fetchFile: FetchFile): Inbound | undefined => {
  const customer: Customer = item.customer ?? customerIn(item.chat);
  if (item.type === "message") return messageOf(ours, item, customer, fetchFile);
  const thread = toThreadKey(ours, customer);
  const at = new Date(item.at * 1_000);
  if (item.type === "call") {
    const { stanza, chat } = item;
    return {
      type: "message",
      thread,
      id: toRemoteId({ fromMe: false, customer, stanza }),
      from: { addresses: addressesOf(chat) },
      oneThreadPerPerson: true,
      own: false,
      sentAt: at,
      kind: "call",
      text: "",
      attachments: [],
      ...asDetail({ call: { id: stanza, missed: true } }),
      raw: { json: item },
    };
  }
  const id = toRemoteId({ ...item, customer });
  switch (item.type) {
    case "edit":
      return { type: "edit", thread, id, text: item.text, at };
    case "revoke":
      return { type: "revoke", thread, id, at };
    case "reaction":
      return { type: "reaction", thread, id, actor: item.actor, emoji: item.emoji, at };
    case "ack":
    default: {
      const state = states.get(item.ack as 1);
      if (state === undefined) return undefined;
      return {
        type: "receipt",
        thread,
        id,
        state,
        at,
        ...(state === "failed" && { error: "WhatsApp refused the message." }),
      };
    }
  }
};

const unparsed = (raw: Raw, bytes: Uint8Array, reason: string): Inbound => ({
  type: "unparsed",
  id: remoteId(createHash("sha256").update(bytes).digest("hex")),
  reason,
  raw,
});

/** Reads a stored record again. Pure but for the file it promises. */
export const reparse = (ours: string, bytes: Uint8Array, fetchFile: FetchFile): readonly Inbound[] => {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return [unparsed({ bytes }, bytes, "not JSON")];
  }
  const read = record.safeParse(json);
  if (!read.success) return [unparsed({ bytes }, bytes, "not a record we know")];
  const event = toInbound(ours, read.data, fetchFile);
  return event === undefined ? [] : [event];
};
