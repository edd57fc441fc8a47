import { createHash } from "node:crypto";
import type { Address, Attachment, Inbound, InboundMessage, Raw } from "#contract";
import { hashAddresses } from "#core/identity";
import { type AccountRef, dedupeKey, type Item, type StoredEvent, type StoredPart } from "#core/inbound";
import { cleanJson, cleanText } from "#core/text";
import { uuid } from "#core/uuid";
import type { Secrets } from "../secrets.ts";
import type { Files } from "#store/files";
import { keepingHead, sniffReceived } from "./sniff.ts";

/** A raw form above this many bytes lies in the file store, not in the journal's row. */
const inlineRaw = 64 * 1024;
/** Ids are indexed: a longer one is kept by its hash. */
const longestKey = 400;

type Kept = Pick<Item, "raw" | "rawBlob">;
type Journaled = Exclude<Inbound, { type: "typing" | "watermark" | "profile" }>;

/** What reading the channel's own stream threw, as opposed to the file store. */
class SourceFailed extends Error {
  override readonly name = "SourceFailed";
}

async function* fromChannel(open: () => Promise<AsyncIterable<Uint8Array>>): AsyncGenerator<Uint8Array> {
  try {
    yield* await open();
  } catch (cause) {
    throw new SourceFailed(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** Null: has to be read or written first. */
const smallRaw = (raw: Raw): Kept | null => {
  if ("open" in raw) return null;
  const bytes = "json" in raw ? Buffer.from(JSON.stringify(raw.json) ?? "null") : raw.bytes;
  return bytes.byteLength > inlineRaw ? null : { raw: bytes, rawBlob: null };
};

const storeRaw = async (files: Files, raw: Raw): Promise<Kept> => {
  const small = smallRaw(raw);
  if (small !== null) return small;
  const source =
    "open" in raw
      ? fromChannel(() => raw.open())
      : single("json" in raw ? Buffer.from(JSON.stringify(raw.json) ?? "null") : raw.bytes);
  return { raw: null, rawBlob: (await files.put(source)).key };
};

/** A file the channel does not hand over is a failed part of a message that is stored all the same. */
const storePart = async (files: Files, attachment: Attachment): Promise<StoredPart> => {
  const part = {
    id: uuid(),
    name: cleanText(attachment.name).slice(0, 500),
    mime: cleanText(attachment.mimeType).slice(0, 200),
    contentId: attachment.contentId === undefined ? null : cleanText(attachment.contentId),
    inline: attachment.inline ?? false,
  };
  const size = Math.max(0, Math.trunc(attachment.bytes)) || 0;
  if (attachment.later !== undefined)
    return { ...part, size, blobKey: null, state: "pending", later: attachment.later };
  try {
    const head: Uint8Array[] = [];
    const { key, size } = await files.put(
      keepingHead(
        fromChannel(() => attachment.open()),
        head,
      ),
    );
    const mime = await sniffReceived({ head: Buffer.concat(head), name: part.name, declared: part.mime });
    return { ...part, mime, size, blobKey: key, state: "stored" };
  } catch (thrown) {
    if (!(thrown instanceof SourceFailed)) throw thrown;
    return { ...part, size, blobKey: null, state: "failed" };
  }
};

const address = ({ kind, scope, value, verified }: Address): Address => ({
  kind,
  value: cleanText(value),
  ...(scope === undefined ? {} : { scope: cleanText(scope) }),
  ...(verified === undefined ? {} : { verified }),
});

/** Copies what is set, so that an absent field stays absent. */
const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });

const letter = (event: InboundMessage, parts: StoredPart[]): StoredEvent => ({
  type: "message",
  thread: cleanText(event.thread),
  id: cleanText(event.id),
  from: {
    addresses: event.from.addresses.map(address),
    ...optional("name", event.from.name === undefined ? undefined : cleanText(event.from.name).slice(0, 200)),
    ...optional("language", event.from.language),
  },
  own: event.own,
  sentAt: event.sentAt,
  kind: event.kind,
  text: cleanText(event.text),
  ...optional("html", event.html === undefined ? undefined : cleanText(event.html)),
  ...optional("subject", event.subject === undefined ? undefined : cleanText(event.subject).slice(0, 2000)),
  parts,
  ...optional("detail", event.detail === undefined ? undefined : (cleanJson(event.detail) as Record<string, unknown>)),
  ...optional("replyTo", event.replyTo === undefined ? undefined : cleanText(event.replyTo)),
  ...optional("references", event.references?.map(cleanText)),
  ...optional("aliases", event.aliases?.map(cleanText)),
  ...optional("replyToken", event.replyToken === undefined ? undefined : cleanText(event.replyToken)),
  ...optional("participants", event.participants?.map(address)),
  ...optional("suspicious", event.suspicious),
  ...optional("oneThreadPerPerson", event.oneThreadPerPerson),
  ...optional("automatic", event.automatic),
  ...optional("spam", event.spam),
  ...optional("historic", event.historic),
});

const news = (event: Exclude<Journaled, InboundMessage>): StoredEvent => {
  if (event.type === "unparsed") return { type: "unparsed", id: cleanText(event.id), reason: cleanText(event.reason) };
  return cleanEvent(event);
};

const cleanEvent = <E extends Exclude<StoredEvent, { type: "message" | "unparsed" }>>(event: E): E =>
  cleanJson(event) as E;

/** Hashes the addresses and ids of an event as stored: after parsing, and again when it is replayed. */
export const asItem = (input: {
  readonly account: AccountRef;
  readonly event: StoredEvent;
  readonly kept: Kept;
  readonly secrets: Pick<Secrets, "keyedHash">;
  readonly eventId: string;
  readonly journaled: boolean;
  readonly receivedAt: Date;
}): Item => {
  const { account, event, kept, secrets, eventId, journaled, receivedAt } = input;
  const key = dedupeKey(event);
  const head = {
    eventId,
    account,
    event,
    dedupe:
      key === null || key.length <= longestKey
        ? key
        : `${key.slice(0, 2)}#${createHash("sha256").update(key).digest("hex")}`,
    ...kept,
    receivedAt,
    journaled,
  };
  if (event.type !== "message") return { ...head, addresses: [], participants: [], refs: null };
  const hash = (text: string): string => secrets.keyedHash("identity", text).toString("hex");
  const hashed = (addresses: readonly Address[]) => hashAddresses({ tenantId: account.tenantId, addresses, hash });
  // Each of the others stands for itself: none is a claim made beside a first one.
  const others = (event.participants ?? []).flatMap((participant) => hashed([participant]));
  const ours = event.own && others.length > 0;
  const isLetter = event.references !== undefined || event.participants !== undefined || event.replyToken !== undefined;
  return {
    ...head,
    addresses: ours ? others.slice(0, 1) : hashed(event.from.addresses),
    participants: others,
    refs: isLetter
      ? {
          own: hash(`ref\n${event.aliases?.[0] ?? event.id}`),
          others: (event.references ?? []).map((id) => hash(`ref\n${id}`)),
        }
      : null,
  };
};

/**
 * Makes an event ready for the batch: files and large raw forms are on disk when it resolves. Gives the item itself
 * when nothing has to be awaited. Rejects when the file store fails or the raw form cannot be read.
 */
export const prepare = (input: {
  readonly account: AccountRef;
  readonly event: Journaled;
  readonly files: Files;
  readonly secrets: Pick<Secrets, "keyedHash">;
  readonly now: Date;
}): Item | Promise<Item> => {
  const { account, event, files, secrets, now } = input;
  const item = (stored: StoredEvent, kept: Kept): Item =>
    asItem({ account, event: stored, kept, secrets, eventId: uuid(), journaled: false, receivedAt: now });
  if (event.type === "message") {
    const small = smallRaw(event.raw);
    if (small !== null && event.attachments.length === 0) return item(letter(event, []), small);
    return (async () => {
      const parts: StoredPart[] = [];
      for (const attachment of event.attachments) parts.push(await storePart(files, attachment));
      return item(letter(event, parts), await storeRaw(files, event.raw));
    })();
  }
  if (event.type !== "unparsed") return item(news(event), { raw: null, rawBlob: null });
  const small = smallRaw(event.raw);
  return small === null ? storeRaw(files, event.raw).then((kept) => item(news(event), kept)) : item(news(event), small);
};
