import { type Connection, ConnectorError, type Outbound, remoteId, type Sent, type ThreadKey } from "#contract";
import { z } from "zod";
import { type Graph, graphCodeOf } from "../../graph/index.ts";
import { type Party, partyAt, partyOf } from "../thread.ts";
import { type Body, bodyOf } from "./content.ts";
import { mediaOf, upload } from "./media.ts";
import type { Moves } from "./moved.ts";
import { openPace } from "./pace.ts";
import type { Settings } from "./settings.ts";

export const textMost = 4_096;
const captionMost = 1_024;
const commandWithinMs = 15_000;
const remembered = 2_000;

const accepted = z.object({ messages: z.array(z.object({ id: z.string().min(1) })).min(1) });
const done = z.object({ success: z.literal(true) });

/** Keeps the last entries written. */
const recent = <V>() => {
  const map = new Map<string, V>();
  return {
    get: (key: string): V | undefined => map.get(key),
    set: (key: string, value: V): void => {
      map.delete(key);
      map.set(key, value);
      const [oldest] = map.keys();
      if (map.size > remembered && oldest !== undefined) map.delete(oldest);
    },
  };
};

interface Recipient {
  readonly name: string;
  readonly fields: Readonly<Record<string, string>>;
}

const isPair = (thrown: unknown): boolean => graphCodeOf(thrown).code === 131_056;

type Sending = Required<Pick<Connection, "send" | "react" | "typing" | "markRead">> & {
  /** The customer wrote this last: what "typing" is shown under. */
  readonly heard: (thread: ThreadKey, id: string) => void;
};

export const sender = (graph: Graph, settings: Settings, moves: Pick<Moves, "find">): Sending => {
  const { phoneNumberId } = settings;
  const pace = openPace(settings.messagesPerSecond);
  const sent = recent<string>();
  const uploads = recent<string>();
  const lastHeard = recent<string>();

  /** The addresses the hub knows say more than the thread's key: numbers and ids change under it. */
  const recipientOf = ({ thread, to }: Pick<Outbound, "thread" | "to">): Recipient => {
    const { group, ...own } = partyOf(phoneNumberId, thread);
    if (group !== undefined) return { name: group, fields: { recipient_type: "group", to: group } };
    return recipientAt(to[0] === undefined ? own : partyAt(to[0]));
  };
  const recipientAt = ({ phone, bsuid }: Party): Recipient => {
    if (phone !== undefined) return { name: phone, fields: { recipient_type: "individual", to: phone } };
    if (bsuid !== undefined) return { name: bsuid, fields: { recipient_type: "individual", recipient: bsuid } };
    throw new ConnectorError("recipient-gone", "Neither number nor id of the customer is known.");
  };

  const post = async (recipient: Recipient, body: Body, callback: string | undefined, signal: AbortSignal) => {
    await pace.turn(recipient.name, signal);
    const whole = {
      messaging_product: "whatsapp",
      ...recipient.fields,
      ...body,
      ...(callback !== undefined && { biz_opaque_callback_data: callback }),
    };
    try {
      const { messages } = await graph.post(`${phoneNumberId}/messages`, whole, accepted, signal);
      return messages[0]?.id ?? "";
    } catch (thrown) {
      // One customer had too much: nobody else has to wait for that.
      if (isPair(thrown))
        throw new ConnectorError("later", ConnectorError.from(thrown).message, { retryAfterMs: 6_000 });
      throw thrown;
    }
  };

  const filesOf = async (message: Outbound, signal: AbortSignal): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (const [index, attachment] of message.attachments.entries()) {
      const known = uploads.get(`${message.key}/${index}`);
      const id = known ?? (await upload(graph, phoneNumberId, attachment, signal));
      uploads.set(`${message.key}/${index}`, id);
      ids.push(id);
    }
    return ids;
  };

  /** A message of the hub is one of WhatsApp's, or two where a file takes no words. The last one carries the key. */
  const bodiesOf = async (message: Outbound, signal: AbortSignal): Promise<readonly Body[]> => {
    const files = await filesOf(message, signal);
    if (message.content !== undefined) return [bodyOf(message.content, message, files)];
    const [attachment] = message.attachments;
    const [id] = files;
    const text: Body = { type: "text", text: { body: message.text, preview_url: /https?:\/\//u.test(message.text) } };
    if (attachment === undefined || id === undefined) return [text];
    const media = mediaOf(attachment);
    const caption = media === "audio" || message.text.length > captionMost ? "" : message.text;
    const file: Body = {
      type: media,
      [media]: { id, ...(caption !== "" && { caption }), ...(media === "document" && { filename: attachment.name }) },
    };
    return message.text !== "" && caption === "" ? [text, file] : [file];
  };

  const command = <T>(path: string, body: object, shape: z.ZodType<T>): Promise<T> =>
    graph.post(path, { messaging_product: "whatsapp", ...body }, shape, AbortSignal.timeout(commandWithinMs));

  const send = async (message: Outbound, signal: AbortSignal): Promise<Sent> => {
    const before = sent.get(message.key);
    if (before !== undefined) return { id: remoteId(before) };
    if (signal.aborted) throw new ConnectorError("unreachable", "Given up before it was sent.");
    if (message.text.length > textMost) throw new ConnectorError("rejected", "WhatsApp takes 4,096 characters.");
    const recipient = recipientOf(message);
    const bodies = await bodiesOf(message, signal);
    const context = message.replyTo === undefined ? {} : { context: { message_id: message.replyTo } };
    for (const [index, body] of bodies.entries()) {
      const last = index === bodies.length - 1;
      const name = last ? message.key : `${message.key}+`;
      if (sent.get(name) !== undefined) continue;
      sent.set(name, await post(recipient, { ...body, ...(index === 0 && context) }, name, signal));
    }
    return { id: remoteId(sent.get(message.key) ?? "") };
  };

  return {
    send: (message, signal) =>
      send(message, signal).catch((thrown: unknown) => {
        throw ConnectorError.from(thrown);
      }),
    async react(thread, id, emoji) {
      const moved = await moves.find(thread);
      const recipient = moved === undefined ? recipientOf({ thread, to: [] }) : recipientAt(moved);
      await post(
        recipient,
        { type: "reaction", reaction: { message_id: id, emoji } },
        undefined,
        AbortSignal.timeout(commandWithinMs),
      );
    },
    async typing(thread, active) {
      const id = lastHeard.get(thread);
      // It ends by itself after 25 s, and there is no call that ends it.
      if (!active || id === undefined) return;
      const body = { status: "read", message_id: id, typing_indicator: { type: "text" } };
      await command(`${phoneNumberId}/messages`, body, done);
    },
    async markRead(_thread, id) {
      // Calls and news are lines of the thread too, and nothing that can be read at WhatsApp.
      if (!id.startsWith("wamid.")) return;
      await command(`${phoneNumberId}/messages`, { status: "read", message_id: id }, done);
    },
    heard: (thread, id) => lastHeard.set(thread, id),
  };
};
