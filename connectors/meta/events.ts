import { createHash } from "node:crypto";
import { type Inbound, type InboundMessage, remoteId, type ThreadKey } from "#contract";
import { referralDetail } from "./message.ts";
import type { Item } from "./shapes.ts";

/** An id for what Meta gives none: the same item has the same id each time it is delivered. */
export const idOf = (what: string, item: unknown): string =>
  `${what}:${createHash("sha256").update(JSON.stringify(item)).digest("hex").slice(0, 32)}`;

const hearts = new Set(["❤", "♥", "❤️", "♥️"]);
const byName: Readonly<Record<string, string>> = {
  smile: "😆",
  angry: "😠",
  sad: "😢",
  wow: "😮",
  love: "❤️",
  like: "👍",
  dislike: "👎",
};
const emojiOf = ({ emoji, reaction }: NonNullable<Item["reaction"]>): string => {
  if (emoji !== undefined && emoji !== "") return hearts.has(emoji) ? "❤️" : emoji;
  return byName[reaction ?? ""] ?? "👍";
};

/** Everything about messages that are here already. `person` is who reacted. */
export const newsIn = (item: Item, thread: ThreadKey, person: string): Inbound[] => {
  const { reaction, read, delivery, message_edit: edit, message } = item;
  const at = item.timestamp;
  const news: Inbound[] = [];
  if (reaction !== undefined)
    news.push({
      type: "reaction",
      thread,
      id: remoteId(reaction.mid),
      actor: person,
      emoji: reaction.action === "unreact" ? "" : emojiOf(reaction),
      at,
    });
  if (edit !== undefined) news.push({ type: "edit", thread, id: remoteId(edit.mid), text: edit.text ?? "", at });
  if (message?.is_deleted === true) news.push({ type: "revoke", thread, id: remoteId(message.mid), at });
  if (read?.mid !== undefined) news.push({ type: "seen", thread, id: remoteId(read.mid), at });
  else if (read?.watermark !== undefined)
    news.push({ type: "watermark", thread, state: "read", upTo: read.watermark, at });
  if (delivery?.mids !== undefined && delivery.mids.length > 0)
    news.push(
      ...delivery.mids.map((mid) => ({
        type: "receipt" as const,
        thread,
        id: remoteId(mid),
        state: "delivered" as const,
        at,
      })),
    );
  else if (delivery?.watermark !== undefined)
    news.push({ type: "watermark", thread, state: "delivered", upTo: delivery.watermark, at });
  return news;
};

type Said = Omit<InboundMessage, "thread" | "from" | "own" | "raw">;

const system = (item: Item, event: string, text: string, detail: Record<string, unknown> = {}): Said => ({
  type: "message",
  id: remoteId(idOf(event, item)),
  sentAt: item.timestamp,
  kind: "system",
  text,
  attachments: [],
  automatic: true,
  detail: { system: { type: event, ...detail } },
});

/** Who holds the conversation changed between the apps of the page. Only what is handed to us wakes anybody. */
const controlIn = (item: Item, appId: string): Said | undefined => {
  const pass = item.pass_thread_control ?? undefined;
  const take = item.take_thread_control ?? undefined;
  const request = item.request_thread_control ?? undefined;
  if (pass !== undefined) {
    const ours = String(pass.new_owner_app_id) === appId;
    const { automatic: _quiet, ...said } = system(
      item,
      ours ? "control-received" : "control-passed",
      ours ? "Another app of the page handed this conversation over." : "This conversation is with another app now.",
      pass.metadata === null || pass.metadata === undefined ? {} : { metadata: pass.metadata },
    );
    return ours ? said : { ...said, automatic: true };
  }
  if (take !== undefined)
    return String(take.new_owner_app_id) === appId
      ? system(item, "control-received", "This conversation is with us now.")
      : system(item, "control-taken", "Another app of the page took this conversation.");
  if (request !== undefined)
    return system(item, "control-requested", "Another app of the page asks for this conversation.");
  return undefined;
};

/** What somebody did that is no message of theirs but belongs into the conversation. */
export const doneIn = (item: Item, appId: string): Said | undefined => {
  const { postback, referral, optin } = item;
  if (postback !== undefined) {
    const title = postback.title ?? "";
    return {
      type: "message",
      id: remoteId(postback.mid ?? idOf("postback", item)),
      sentAt: item.timestamp,
      kind: "text",
      text: title,
      attachments: [],
      detail: { choice: { type: "button", id: postback.payload ?? "" }, ...referralDetail(postback.referral) },
    };
  }
  if (referral !== undefined)
    return {
      ...system(item, "referral", "Came to the conversation over a link or an advertisement."),
      detail: { system: { type: "referral" }, ...referralDetail(referral) },
    };
  if (optin !== undefined)
    return system(
      item,
      "optin",
      "Agreed to receive messages.",
      optin.title === undefined ? {} : { title: optin.title },
    );
  return controlIn(item, appId);
};
