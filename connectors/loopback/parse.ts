import { createHash } from "node:crypto";
import {
  type Address,
  type Attachment,
  type IdentityKind,
  type Inbound,
  type InboundMessage,
  type Raw,
  remoteId,
} from "#contract";
import { z } from "zod";
import type { Settings } from "./settings.ts";
import { toThreadKey } from "./thread.ts";

const id = z.string().min(1).max(300);
const at = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const shapes = {
  messages: z.object({
    id,
    thread: id,
    /** Absent: anonymous. */
    from: z.object({ id, name: z.string().max(200).optional(), language: z.string().max(20).optional() }).optional(),
    text: z.string().max(200_000),
    at,
    kind: z.enum(["text", "location", "contact", "call", "system", "unsupported"]).default("text"),
    subject: z.string().max(500).optional(),
    own: z.boolean().default(false),
    historic: z.boolean().default(false),
    automatic: z.boolean().default(false),
    replyTo: id.optional(),
    references: z.array(id).max(50).optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
    attachments: z
      .array(z.object({ name: z.string(), mimeType: z.string(), content: z.base64() }))
      .max(20)
      .default([]),
  }),
  edits: z.object({ id, thread: id, text: z.string().max(200_000), at }),
  revokes: z.object({ id, thread: id, at }),
  reactions: z.object({ id, thread: id, actor: id, emoji: z.string().max(40), at }),
  receipts: z.object({
    id,
    thread: id,
    state: z.enum(["sent", "delivered", "read", "failed"]),
    recipient: z.string().optional(),
    error: z.string().optional(),
    at,
  }),
  seen: z.object({ id, thread: id, at }),
  typing: z.object({ thread: id, active: z.boolean() }),
} as const;
type Shapes = typeof shapes;
type List = keyof Shapes;
type Read<L extends List> = z.output<Shapes[L]>;

const body = z.strictObject({
  messages: z.array(shapes.messages).max(1_000).optional(),
  edits: z.array(shapes.edits).optional(),
  revokes: z.array(shapes.revokes).optional(),
  reactions: z.array(shapes.reactions).optional(),
  receipts: z.array(shapes.receipts).optional(),
  seen: z.array(shapes.seen).optional(),
  typing: z.array(shapes.typing).optional(),
});
type Body = z.output<typeof body>;

/** The kind of address the customers of an account have, by what it stands for. */
export const addressKinds: Record<Settings["as"], IdentityKind> = {
  loopback: "loopback",
  email: "email",
  whatsapp: "wa_phone",
  phone: "e164",
  sms: "e164",
  messenger: "psid",
  instagram: "igsid",
  chat: "visitor",
};
/** A page gives its visitors ids of its own: unique on that page only. */
const scoped: ReadonlySet<IdentityKind> = new Set(["psid", "igsid"]);

const addressOf = ({ as, name }: Settings, value: string): Address => {
  const kind = addressKinds[as];
  return scoped.has(kind) ? { kind, scope: name, value } : { kind, value };
};

const toAttachment = ({ name, mimeType, content }: Read<"messages">["attachments"][number]): Attachment => {
  const bytes = Buffer.from(content, "base64");
  return {
    name,
    mimeType,
    bytes: bytes.length,
    open: async () =>
      (async function* () {
        yield bytes;
      })(),
  };
};

const toMessage = (account: Settings, message: Read<"messages">, raw: Raw): InboundMessage => {
  const { from, thread, at: sentAt, own, kind, text, subject, detail, replyTo, references } = message;
  return {
    type: "message",
    thread: toThreadKey(account.name, thread),
    id: remoteId(message.id),
    from: {
      addresses: from ? [addressOf(account, from.id)] : [],
      ...(from?.name !== undefined && { name: from.name }),
      ...(from?.language !== undefined && { language: from.language }),
    },
    own,
    sentAt,
    kind,
    text,
    attachments: message.attachments.map(toAttachment),
    ...(subject !== undefined && { subject }),
    ...(detail !== undefined && { detail }),
    ...(replyTo !== undefined && { replyTo: remoteId(replyTo) }),
    ...(references !== undefined && { references: references.map(remoteId) }),
    ...(message.historic && { historic: true }),
    ...(message.automatic && { automatic: true }),
    raw,
  };
};

/** The other lists read as the contract's events once id and thread are the account's own. */
const toEvents = (account: Settings, read: Body): Inbound[] => {
  const own = <T extends { thread: string; id: string }>(item: T) => ({
    ...item,
    thread: toThreadKey(account.name, item.thread),
    id: remoteId(item.id),
  });
  return [
    ...(read.edits ?? []).map((item) => ({ type: "edit" as const, ...own(item) })),
    ...(read.revokes ?? []).map((item) => ({ type: "revoke" as const, ...own(item) })),
    ...(read.reactions ?? []).map((item) => ({ type: "reaction" as const, ...own(item) })),
    ...(read.receipts ?? []).map(({ recipient, error, ...item }) => ({
      type: "receipt" as const,
      ...own(item),
      ...(recipient !== undefined && { recipient }),
      ...(error !== undefined && { error }),
    })),
    ...(read.seen ?? []).map((item) => ({ type: "seen" as const, ...own(item) })),
    ...(read.typing ?? []).map(({ thread, active }) => ({
      type: "typing" as const,
      thread: toThreadKey(account.name, thread),
      active,
    })),
  ];
};

const unparsed = (bytes: Uint8Array, reason: string): Inbound => ({
  type: "unparsed",
  id: remoteId(createHash("sha256").update(bytes).digest("hex")),
  reason,
  raw: { bytes },
});

const toJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
};

const whole = z.record(z.string(), z.array(z.unknown()));

/** One bad item must not take its neighbours along: every item is read alone, the unreadable ones are kept as they came. */
const readEach = (account: Settings, bytes: Uint8Array, json: unknown): Inbound[] => {
  const lists = whole.safeParse(json);
  if (!lists.success) return [unparsed(bytes, "not an object of lists")];
  return Object.entries(lists.data).flatMap(([list, items]) =>
    items.flatMap((item) => {
      const alone = { [list]: [item] };
      const read = body.safeParse(alone);
      if (read.success) return readBody(account, Buffer.from(JSON.stringify(alone)), read.data, alone);
      return [unparsed(Buffer.from(JSON.stringify(alone)), z.prettifyError(read.error).slice(0, 500))];
    }),
  );
};

const readBody = (account: Settings, bytes: Uint8Array, read: Body, json: unknown): Inbound[] => {
  const messages = read.messages ?? [];
  const rest = toEvents(account, read);
  if (messages.length === 1 && rest.length === 0) return messages.map((item) => toMessage(account, item, { bytes }));
  const items = whole.parse(json)["messages"] ?? [];
  return [...messages.map((item, index) => toMessage(account, item, { json: { messages: [items[index]] } })), ...rest];
};

/**
 * Reads a body `{ messages?, edits?, revokes?, reactions?, receipts?, seen?, typing? }`, each a list. What has another
 * shape comes back as "unparsed". Pure: the same bytes give the same events, live or later.
 */
export const parse = (account: Settings, bytes: Uint8Array): Inbound[] => {
  const json = toJson(bytes);
  if (json === undefined) return [unparsed(bytes, "not JSON")];
  const read = body.safeParse(json);
  const events = read.success ? readBody(account, bytes, read.data, json) : readEach(account, bytes, json);
  return events.length > 0 ? events : [unparsed(bytes, "nothing in it")];
};
