import { randomUUID } from "node:crypto";
import type { Social, SocialFile, SocialLine, SocialPerson } from "./social.ts";

/** Meta's own inbox, as echoes name it. */
const pageInbox = 26_390_203_743_090;

const typeOf = (file: SocialFile): string => {
  const [type] = file.mimeType.split("/");
  return type === "image" || type === "video" || type === "audio" ? type : "file";
};

/** What one person does on their phone. Each resolves when the app's webhook has taken it. */
export const makeUser = (social: Social, who: SocialPerson) => {
  const { toPage, toUser, deliver, host } = social;
  const act = (item: object): Promise<boolean> => {
    who.wroteAt = social.now();
    return deliver({ ...toPage(who.id), ...item });
  };
  const say = (
    message: object,
    line: Partial<Pick<SocialLine, "text" | "files" | "replyTo">> = {},
  ): { readonly mid: string; readonly taken: Promise<boolean>; again(): Promise<boolean> } => {
    const mid = `m_${randomUUID().replaceAll("-", "")}`;
    who.lines.push({ mid, from: "user", text: "", files: [], buttons: [], at: social.now(), ...line });
    const item = { ...toPage(who.id), message: { mid, ...message } };
    who.wroteAt = social.now();
    return { mid, taken: deliver(item), again: () => deliver(item) };
  };
  const attached = (type: string, payload: object, text?: string) =>
    say({ ...(text !== undefined && text !== "" && { text }), attachments: [{ type, payload }] }, { text: text ?? "" });

  return {
    person: who,
    text: (text: string, more: { readonly replyTo?: string } = {}) =>
      say({ text, ...(more.replyTo !== undefined && { reply_to: { mid: more.replyTo } }) }, { text, ...more }),
    files: (text: string, files: readonly SocialFile[], days?: number) =>
      say(
        {
          ...(text !== "" && { text }),
          attachments: files.map((file) => ({ type: typeOf(file), payload: { url: host(file, days) } })),
        },
        { text, files },
      ),
    location: (lat: number, long: number) =>
      say(
        { attachments: [{ type: "location", payload: { title: "Pinned Location", coordinates: { lat, long } } }] },
        { text: `📍 ${lat}, ${long}` },
      ),
    sticker: (id: number) => attached("image", { url: host(pixel), sticker_id: id }),
    heart: () => say({ attachments: [{ type: "like_heart" }] }, { text: "❤️" }),
    share: (url: string, title: string) => say({ attachments: [{ type: "fallback", payload: { url, title } }] }),
    unsupported: () => say({ is_unsupported: true }),
    click: (button: { readonly title: string; readonly payload: string }) =>
      say({ text: button.title, quick_reply: { payload: button.payload } }, { text: button.title }),
    postback: (title: string, payload: string) =>
      act({ postback: { mid: `m_${randomUUID().replaceAll("-", "")}`, title, payload } }),
    referral: (referral: object) => act({ referral }),
    mention: (days?: number) => say({ attachments: [{ type: "story_mention", payload: { url: host(pixel, days) } }] }),
    storyReply: (text: string, story: { readonly id: string; readonly url: string }) =>
      say({ text, reply_to: { story } }, { text }),
    react: (mid: string, emoji: string) => act({ reaction: { mid, action: "react", reaction: "other", emoji } }),
    unreact: (mid: string) => act({ reaction: { mid, action: "unreact" } }),
    edit: (mid: string, text: string, times = 1) => {
      const line = who.lines.find((one) => one.mid === mid);
      if (line !== undefined) line.text = text;
      return act({ message_edit: { mid, text, num_edit: times } });
    },
    unsend: (mid: string) => {
      const line = who.lines.find((one) => one.mid === mid);
      if (line !== undefined) line.removed = true;
      return deliver({ ...toPage(who.id), message: { mid, is_deleted: true } });
    },
    /** Looks at the conversation: everything of ours is read now. */
    read: () => {
      const last = who.lines.findLast(({ from }) => from === "page");
      for (const line of who.lines) if (line.from === "page") line.read = true;
      const read = social.kind.object === "page" ? { watermark: social.now().getTime() } : { mid: last?.mid ?? "" };
      return last === undefined ? Promise.resolve(true) : deliver({ ...toPage(who.id), read });
    },
    comment: async (text: string, id = `${social.node}_${randomUUID().slice(0, 8)}`): Promise<string> => {
      social.comments.set(id, { by: who.id, at: social.now(), answered: false });
      const page = social.kind.object === "page";
      const value = page
        ? {
            item: "comment",
            verb: "add",
            comment_id: id,
            post_id: `${social.node}_1`,
            parent_id: `${social.node}_1`,
            from: { id: who.id, name: who.name },
            message: text,
            created_time: Math.trunc(social.now().getTime() / 1_000),
          }
        : { id, from: { id: who.id, username: who.name }, text, media: { id: "178", media_product_type: "FEED" } };
      await social.push({ changes: [{ field: page ? "feed" : "comments", value }] });
      return id;
    },
    /** A colleague answers in Meta's own inbox, or another app does. */
    answeredElsewhere: (text: string, appId: number = pageInbox) => {
      const mid = `m_${randomUUID().replaceAll("-", "")}`;
      who.lines.push({ mid, from: "page", text, files: [], buttons: [], at: social.now() });
      return deliver({ ...toUser(who.id), message: { mid, is_echo: true, app_id: appId, text } });
    },
    /** What was written while another app holds the conversation. */
    standby: (text: string) => {
      who.held = "may be taken";
      const mid = `m_${randomUUID().replaceAll("-", "")}`;
      return social.push({ standby: [{ ...toPage(who.id), message: { mid, text } }] });
    },
  };
};
export type SocialUser = ReturnType<typeof makeUser>;

const pixel: SocialFile = {
  name: "story.png",
  mimeType: "image/png",
  bytes: Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
    "base64",
  ),
};
