import type { Message } from "whatsapp-web.js";
import { z } from "zod";
import type { Begin } from "../protocol.ts";
import type { MessageRecord } from "../record.ts";
import { customerOfWid } from "../thread.ts";
import type { People } from "./people.ts";

/** What the page says beside what the library reads; every field may be missing in the next version of the page. */
const data = z.looseObject({
  notifyName: z.string().optional().catch(undefined),
  quotedStanzaID: z.string().optional().catch(undefined),
  quotedParticipant: z.unknown().optional(),
  mimetype: z.string().optional().catch(undefined),
  filename: z.string().optional().catch(undefined),
  size: z.coerce.number().optional().catch(undefined),
  duration: z.coerce.number().optional().catch(undefined),
  lat: z.number().optional().catch(undefined),
  lng: z.number().optional().catch(undefined),
  loc: z.string().optional().catch(undefined),
  clientUrl: z.string().optional().catch(undefined),
  vcardList: z
    .array(z.looseObject({ vcard: z.string() }))
    .optional()
    .catch(undefined),
  listResponse: z
    .looseObject({
      title: z.string().optional(),
      singleSelectReply: z.looseObject({ selectedRowId: z.string() }).optional(),
    })
    .optional()
    .catch(undefined),
  selectedButtonId: z.string().optional().catch(undefined),
  selectedId: z.string().optional().catch(undefined),
});

/** The id of a chat or person, which the page gives as text or as an object. */
export const wid = z.union([
  z.string(),
  z.looseObject({ _serialized: z.string() }).transform((id) => id["_serialized"]),
]);

/** Lines about the chat itself (encryption, missed calls, who joined), not things a person said. */
const chatter = new Set([
  "e2e_notification",
  "notification",
  "notification_template",
  "group_notification",
  "gp2",
  "broadcast_notification",
  "call_log",
  "protocol",
  "debug",
  "pinned_message",
  "ciphertext",
]);

/** The chat a message belongs to, whoever wrote it. */
export const chatOf = (message: Message): string =>
  z.object({ remote: wid }).safeParse(message.id).data?.remote ?? (message.fromMe ? message.to : message.from);

/** Statuses and newsletters are never taken, groups when the settings say so. */
export const isTaken = (chat: string, { groups }: Pick<Begin, "groups">): boolean => {
  const customer = customerOfWid(chat);
  return customer !== undefined && (groups || !customer.startsWith("group:"));
};

const locationOf = ({ lat, lng, loc }: z.output<typeof data>): MessageRecord["location"] => {
  if (lat === undefined || lng === undefined) return undefined;
  const [name, address] = (loc ?? "").split("\n");
  return { lat, lng, ...(name ? { name } : {}), ...(address ? { address } : {}) };
};

/** Reads one message of the library; undefined for what nobody said. */
export const readMessage = async (input: {
  readonly message: Message;
  readonly people: People;
  readonly isMe: (wid: string) => boolean;
}): Promise<MessageRecord | undefined> => {
  const { message, people, isMe } = input;
  if (chatter.has(message.type)) return undefined;
  const more = data.parse(message.rawData);
  const chat = chatOf(message);
  const kind: string = message.type;
  const vcards = kind === "vcard" ? [message.body] : more.vcardList?.map(({ vcard }) => vcard);
  const location = kind === "location" ? locationOf(more) : undefined;
  const quotes = wid.safeParse(more.quotedParticipant).data;
  const chosen = more.selectedButtonId ?? more.selectedId ?? more.listResponse?.singleSelectReply?.selectedRowId;
  // A place and a business card carry a picture or themselves as body.
  const text = location !== undefined || vcards !== undefined ? "" : (message.body ?? "");
  return {
    type: "message",
    chat: await people.of(chat),
    ...(message.author === undefined ? {} : { author: await people.of(message.author) }),
    stanza: message.id.id,
    fromMe: message.fromMe,
    kind,
    text,
    at: message.timestamp,
    ...(more.notifyName === undefined ? {} : { name: more.notifyName.slice(0, 200) }),
    ...(more.quotedStanzaID === undefined
      ? {}
      : { quoted: { stanza: more.quotedStanzaID, fromMe: quotes !== undefined && isMe(quotes) } }),
    ...(message.hasMedia
      ? {
          media: {
            mimeType: more.mimetype ?? "application/octet-stream",
            bytes: more.size ?? 0,
            ...(more.filename === undefined ? {} : { name: more.filename }),
            ...(more.duration === undefined ? {} : { seconds: more.duration }),
          },
        }
      : {}),
    ...(location === undefined ? {} : { location }),
    ...(vcards === undefined ? {} : { vcards }),
    ...(message.isForwarded ? { forwarded: true } : {}),
    ...(chosen === undefined ? {} : { chosen }),
    ...(message.fromMe ? { ack: message.ack } : {}),
  };
};
