import {
  type Attachment,
  type Connection,
  ConnectorError,
  type Outbound,
  type RemoteId,
  remoteId,
  type Sent,
  type ThreadKey,
} from "#contract";
import { z } from "zod";
import { type Graph, graphCodeOf } from "../graph/index.ts";
import { makePace } from "./pace.ts";
import type { Settings } from "./settings.ts";
import { recipientOf } from "./thread.ts";

const sent = z.looseObject({ message_id: z.string().min(1) });
const uploaded = z.looseObject({ attachment_id: z.union([z.string().min(1), z.int().transform(String)]) });
const acted = z.looseObject({});
/** Messages whose parts are remembered, so that a retry goes on where the last attempt ended. */
const remembered = 10_000;
const actWithinMs = 10_000;
/** Subcode of error 10: "another app is controlling this thread now". */
const heldByAnother = 2_018_300;

const typeOf = (mimeType: string): "image" | "video" | "audio" | "file" => {
  const [type] = mimeType.split("/");
  return type === "image" || type === "video" || type === "audio" ? type : "file";
};

const quickReplies = (message: Outbound): object => {
  const { content } = message;
  if (content === undefined) return {};
  if (content.type !== "buttons") throw new ConnectorError("unsupported", "Meta's channels take buttons only.");
  return {
    quick_replies: content.buttons.map(({ id, title }) => ({ content_type: "text", title, payload: id })),
  };
};

/** The ways out. One hub message is one Graph message for its text and one for each file; the text's id stands for all. */
export const sender = (
  account: Settings,
  graph: Graph,
): Required<Pick<Connection, "send" | "react" | "typing" | "markRead">> => {
  const progress = new Map<string, Map<string, string>>();
  const partsOf = (key: string): Map<string, string> => {
    const known = progress.get(key) ?? new Map<string, string>();
    progress.set(key, known);
    const [oldest] = progress.keys();
    if (progress.size > remembered && oldest !== undefined) progress.delete(oldest);
    return known;
  };
  const instagram = account.channel === "instagram";
  const recipient = (thread: ThreadKey) => {
    const to = recipientOf(account.node, thread);
    if (to === undefined) throw new ConnectorError("recipient-gone", "This thread belongs to another account.");
    return to;
  };
  const path = `${account.node}/messages`;
  const pace = makePace();

  const upload = async (file: Attachment, signal: AbortSignal): Promise<string> => {
    const type = typeOf(file.mimeType);
    const message = JSON.stringify({ attachment: { type, payload: { is_reusable: false } } });
    const fields = { message, ...(instagram && { platform: "instagram" }) };
    const form = { fields, field: "filedata", file };
    return (await graph.upload(`${account.node}/message_attachments`, form, uploaded, signal)).attachment_id;
  };

  /** Where another app of the page holds the conversation, it is taken over: an agent's answer says that a person has it. */
  const post = async (to: object, body: object, signal: AbortSignal): Promise<z.output<typeof sent>> => {
    try {
      return await graph.post(path, body, sent, signal);
    } catch (thrown) {
      const { code, subcode } = graphCodeOf(thrown);
      if (code !== 10 || subcode !== heldByAnother) throw thrown;
      // Who may not take it is no trouble of the account: the message is refused, in the words of the first answer.
      await graph.post(`${account.node}/take_thread_control`, { recipient: to }, acted, signal).catch(() => {
        throw thrown;
      });
      return graph.post(path, body, sent, signal);
    }
  };

  const send = async (message: Outbound, signal: AbortSignal): Promise<Sent> => {
    if (signal.aborted) throw new ConnectorError("unreachable", "Given up before it was sent.");
    const to = recipient(message.thread);
    const head = {
      recipient: to,
      // A comment is answered once, whenever within its days: no window, no tag.
      ...("comment_id" in to
        ? {}
        : message.humanAgent === true
          ? { messaging_type: "MESSAGE_TAG", tag: "HUMAN_AGENT" }
          : { messaging_type: "RESPONSE" }),
      ...(message.replyTo === undefined ? {} : { reply_to: { mid: message.replyTo } }),
    };
    const known = partsOf(message.key);
    const once = async (part: string, body: () => object | Promise<object>): Promise<string> => {
      const before = known.get(part);
      if (before !== undefined) return before;
      // Instagram has no field for a key of ours.
      const metadata = instagram ? {} : { metadata: part === "text" ? message.key : `${message.key}#${part}` };
      const content = { ...(await body()), ...metadata };
      await pace(part === "text" ? "text" : "file", signal);
      const { message_id: id } = await post(to, { ...head, message: content }, signal);
      known.set(part, id);
      return id;
    };
    const ids: string[] = [];
    for (const [index, file] of message.attachments.entries()) {
      ids.push(
        await once(String(index + 1), async () => ({
          attachment: { type: typeOf(file.mimeType), payload: { attachment_id: await upload(file, signal) } },
        })),
      );
    }
    if (message.text !== "" || message.content !== undefined)
      ids.push(await once("text", () => ({ text: message.text, ...quickReplies(message) })));
    const id = ids.at(-1);
    if (id === undefined) throw new ConnectorError("rejected", "There is nothing in this message.");
    return { id: remoteId(id) };
  };

  const act = async (thread: ThreadKey, action: string, payload?: object): Promise<void> => {
    const body = { recipient: recipient(thread), sender_action: action, ...(payload === undefined ? {} : { payload }) };
    await graph.post(path, body, acted, AbortSignal.timeout(actWithinMs));
  };
  /** Comments have no typing, no reactions of ours and no read mark. */
  const inChat = (thread: ThreadKey): boolean => "id" in recipient(thread);

  return {
    send: (message, signal) =>
      send(message, signal).catch((thrown: unknown) => {
        throw ConnectorError.from(thrown);
      }),
    async react(thread: ThreadKey, id: RemoteId, emoji: string) {
      if (!inChat(thread)) throw new ConnectorError("unsupported", "A comment takes no reaction.");
      if (emoji === "") return act(thread, "unreact", { message_id: id });
      if (instagram && !emoji.startsWith("❤")) throw new ConnectorError("unsupported", "Instagram takes a heart only.");
      return act(thread, "react", { message_id: id, reaction: instagram ? "love" : emoji });
    },
    async typing(thread, active) {
      if (inChat(thread)) await act(thread, active ? "typing_on" : "typing_off");
    },
    async markRead(thread) {
      if (inChat(thread)) await act(thread, "mark_seen");
    },
  };
};
