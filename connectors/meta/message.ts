import { type Attachment, type InboundMessage, type MessageKind, remoteId } from "#contract";
import type { Fetch } from "./fetch.ts";
import type { Item, MetaAttachment, MetaMessage, Referral } from "./shapes.ts";

/** What a message says, before it is known whose it is. */
type Said = Pick<InboundMessage, "kind" | "text" | "attachments"> & { readonly detail: Record<string, unknown> };

const mimeTypes: Readonly<Record<string, string>> = {
  image: "image/jpeg",
  sticker: "image/png",
  video: "video/mp4",
  ig_reel: "video/mp4",
  reel: "video/mp4",
  audio: "audio/mp4",
};
const byEnding: Readonly<Record<string, string>> = {
  png: "image/png",
  gif: "image/gif",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  mp3: "audio/mpeg",
  ogg: "audio/ogg",
  mp4: "video/mp4",
  pdf: "application/pdf",
};

const pathOf = (url: string): string => {
  try {
    return decodeURIComponent(new URL(url).pathname);
  } catch {
    return "";
  }
};

/** Meta tells neither name nor type: the end of the address often holds both. */
const fileOf = (fetch: Fetch, url: string, type: string): Attachment => {
  const last = pathOf(url).split("/").at(-1) ?? "";
  const ending = /\.([a-z0-9]{2,5})$/i.exec(last)?.[1]?.toLowerCase();
  const guessed = byEnding[ending ?? ""] ?? mimeTypes[type] ?? "application/octet-stream";
  const name = ending === undefined ? `${type}.${guessed.split("/")[1] ?? "bin"}` : last;
  return { name, mimeType: guessed, bytes: 0, later: url, open: async () => (await fetch(url)).content };
};

/** Facebook's blue thumb is a sticker with three sizes. */
const thumbs = new Set(["369239263222822", "369239343222814", "369239383222810"]);

const links = new Set(["fallback", "share", "ig_post", "post"]);
/** Whose address leads to the file itself. */
const carriesFile = new Set([
  "image",
  "video",
  "audio",
  "file",
  "sticker",
  "ig_reel",
  "reel",
  "ig_post",
  "share",
  "story_mention",
  "ig_story",
]);

interface Part {
  readonly kind?: MessageKind;
  readonly text?: string;
  readonly file?: Attachment;
  readonly detail?: Record<string, unknown>;
}

const partOf = (fetch: Fetch, instagram: boolean, attachment: MetaAttachment): Part => {
  const { type, payload } = attachment;
  const url = payload?.url ?? attachment.url ?? undefined;
  const title = payload?.title ?? attachment.title ?? undefined;
  if (type === "like_heart") return { text: "❤️" };
  if (type === "location" && payload?.coordinates !== undefined) {
    const { lat, long } = payload.coordinates;
    return { kind: "location", detail: { lat, lng: long, ...(title === undefined ? {} : { name: title }) } };
  }
  if (payload?.sticker_id !== undefined && thumbs.has(payload.sticker_id)) return { text: "👍" };
  if (type === "template") {
    const lines = (payload?.elements ?? []).flatMap(({ title: head, subtitle }) => [head ?? "", subtitle ?? ""]);
    const text = [title ?? "", ...lines].filter((line) => line !== "").join("\n");
    return text === ""
      ? { kind: "unsupported", detail: { unsupported: { type } } }
      : { text, detail: { shared: { type } } };
  }
  // On Facebook these are web addresses; on Instagram they lead to the picture or the film.
  if (links.has(type) && (!instagram || url === undefined)) {
    const text = [title, url].filter((line) => line !== undefined && line !== "").join("\n");
    return text === ""
      ? { kind: "unsupported", detail: { unsupported: { type } } }
      : { text, detail: { shared: { type } } };
  }
  if (carriesFile.has(type) && url !== undefined) {
    const plain = type === "image" || type === "video" || type === "audio" || type === "file" || type === "sticker";
    return {
      file: fileOf(fetch, url, type),
      ...(type === "story_mention" || type === "ig_story"
        ? { detail: { story: { mention: true } } }
        : plain
          ? {}
          : { detail: { shared: { type, ...(title === undefined ? {} : { title }) } } }),
    };
  }
  // The story, post or file is private or gone by now.
  if (carriesFile.has(type)) return { kind: "unsupported", detail: { unsupported: { type } } };
  return { kind: "unsupported", detail: { unsupported: { type } } };
};

/** The advertisement or link that led somebody here, for the card above the message. */
export const referralDetail = (referral: Referral | undefined): Record<string, unknown> => {
  if (referral === undefined) return {};
  const { source, ref, ad_id: adId, ads_context_data: ad } = referral;
  return {
    referral: {
      kind: source === "ADS" || adId !== undefined ? "ad" : "link",
      ...(ad?.ad_title === undefined ? {} : { headline: ad.ad_title }),
      ...(ref === undefined ? {} : { body: ref }),
      ...(adId === undefined ? {} : { adId }),
    },
  };
};

const saidIn = (fetch: Fetch, instagram: boolean, message: MetaMessage): Said => {
  const parts = (message.attachments ?? []).map((attachment) => partOf(fetch, instagram, attachment));
  const text = [message.text ?? "", ...parts.map((part) => part.text ?? "")].filter((line) => line !== "").join("\n");
  const attachments = parts.flatMap(({ file }) => file ?? []);
  const story = message.reply_to?.story;
  const detail = {
    ...Object.assign({}, ...parts.map((part) => part.detail ?? {})),
    ...(message.quick_reply === undefined ? {} : { choice: { type: "button", id: message.quick_reply.payload } }),
    ...(story === undefined
      ? {}
      : { story: { id: story.id ?? "", ...(story.url === undefined ? {} : { url: story.url }) } }),
    ...referralDetail(message.referral),
  };
  const special = parts.find((part) => part.kind === "location") ?? parts.find((part) => part.kind !== undefined);
  const nothing = text === "" && attachments.length === 0;
  const kind: MessageKind =
    special?.kind === "location"
      ? "location"
      : message.is_unsupported === true || (nothing && (special !== undefined || message.is_deleted !== true))
        ? "unsupported"
        : "text";
  return { kind, text, attachments, detail };
};

/** Everything of a message that is told by the item alone. */
export const readMessage = (input: {
  readonly fetch: Fetch;
  readonly instagram: boolean;
  readonly item: Item;
  readonly message: MetaMessage;
}): Omit<InboundMessage, "thread" | "from" | "own" | "raw"> => {
  const { item, message } = input;
  const { detail, ...said } = saidIn(input.fetch, input.instagram, message);
  return {
    type: "message",
    id: remoteId(message.mid),
    sentAt: item.timestamp,
    ...said,
    ...(Object.keys(detail).length === 0 ? {} : { detail }),
    ...(message.reply_to?.mid === undefined ? {} : { replyTo: remoteId(message.reply_to.mid) }),
  };
};
