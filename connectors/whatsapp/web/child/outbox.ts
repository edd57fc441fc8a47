import wweb, { type Client, type MessageSendOptions } from "whatsapp-web.js";
import { remoteId } from "#contract";
import type { CallName, Gives, Takes, Timers } from "../protocol.ts";
import { type Customer, customerOfWid, fromRemoteId, type MessageName, widOf } from "../thread.ts";
import { Refusal, TimedOut, within } from "./errors.ts";
import type { Inbox } from "./inbox.ts";
import { ask, chatState, findMessage } from "./page.ts";
import { wid } from "./read.ts";

export type Handlers = {
  readonly [N in CallName]: (input: Takes<N>, named: (stanza: string) => void) => Promise<Gives<N>>;
};

type Content = string | InstanceType<typeof wweb.MessageMedia> | InstanceType<typeof wweb.Location>;

/** What the parent may ask of a session that is ready. Each throws a Refusal, or something `refusalOf` can read. */
export const openOutbox = (input: {
  readonly client: Client;
  readonly inbox: Inbox;
  readonly timers: Timers;
}): Omit<Handlers, "pairingCode" | "logout"> => {
  const { client, inbox, timers } = input;
  const wids = new Map<string, string>();

  /** Where to write to: WhatsApp is asked about a number before the first message (it may live under a hidden id). */
  const widFor = async (chat: string): Promise<string> => {
    const plain = widOf(chat as Customer);
    if (!chat.startsWith("phone:")) return plain;
    const known = wids.get(chat);
    if (known !== undefined) return known;
    const answer = await within(timers.call, "looking a number up", client.getNumberId(plain)).catch(
      (thrown: unknown) => {
        // Only a question was asked.
        throw thrown instanceof TimedOut ? new Refusal("unreachable", thrown.message) : thrown;
      },
    );
    const found = wid.safeParse(answer).data;
    if (found === undefined) throw new Refusal("recipient-gone", "This number has no WhatsApp.");
    wids.set(chat, found);
    return found;
  };

  const idsOf = async ({ fromMe, customer, stanza }: MessageName): Promise<readonly string[]> => {
    const plain = widOf(customer);
    const { phone, lid } = customer.startsWith("group:") ? {} : await inbox.people.of(plain);
    const chats = new Set([plain, ...(phone ? [`${phone}@c.us`] : []), ...(lid ? [`${lid}@lid`] : [])]);
    return [...chats].map((chat) => `${fromMe}_${chat}_${stanza}`);
  };
  const find = async (message: string): Promise<string | undefined> => {
    const name = fromRemoteId(remoteId(message));
    if (name === undefined) return undefined;
    const { stanza, fromMe } = name;
    const found = await ask(client, timers.call, findMessage, { stanza, fromMe, ids: await idsOf(name) });
    return typeof found === "string" ? found : undefined;
  };
  const mustFind = async (message: string, says: string): Promise<string> => {
    const id = await find(message);
    if (id === undefined) throw new Refusal("rejected", says);
    return id;
  };
  const open = async (message: string) => {
    const id = await mustFind(message, "The message is not there any more.");
    return within(timers.call, "opening a message", client.getMessageById(id));
  };

  /** WhatsApp's own word on a message: taken (1 and more), or refused (-1), which comes in no other way. */
  const confirmed = (stanza: string, ack: number): Promise<void> => {
    const judge = (value: number | undefined): boolean => {
      if (value === -1) throw new Refusal("rejected", "WhatsApp refused the message.");
      return value !== undefined && value > 0;
    };
    const word = new Promise<void>((resolve, reject) => {
      const look = (value: number | undefined): void => {
        try {
          if (judge(value)) resolve();
        } catch (thrown) {
          reject(thrown);
        }
      };
      inbox.onAck((which, value) => {
        if (which === stanza) look(value);
      });
      look(inbox.ackOf(stanza));
      look(ack);
    });
    return within(timers.send, "WhatsApp's confirmation", word);
  };

  const send = async (
    to: { readonly chat: string; readonly quote?: string | undefined },
    content: Content,
    options: MessageSendOptions,
    named: (stanza: string) => void,
  ): Promise<{ stanza: string }> => {
    const chatId = await widFor(to.chat);
    const quotedMessageId =
      to.quote === undefined ? undefined : await mustFind(to.quote, "The message to be quoted is not there any more.");
    const sending = inbox.sending();
    try {
      const sent = await within(
        timers.send,
        "sending",
        client.sendMessage(chatId, content, {
          ...options,
          // Marking the chat as read is not the sender's business, and broke sending for weeks (Jan 2026).
          sendSeen: false,
          // Else a reply goes out as if it answered nothing.
          ignoreQuoteErrors: false,
          linkPreview: false,
          ...(quotedMessageId !== undefined && { quotedMessageId }),
        }),
      );
      // The library promises a message, and gives null where it found no chat.
      const message: wweb.Message | null | undefined = sent;
      if (!message) throw new Refusal("uncertain", "WhatsApp Web did not say which message it made.");
      const stanza = message.id.id;
      sending.named(stanza);
      named(stanza);
      await confirmed(stanza, message.ack);
      return { stanza };
    } finally {
      sending.over();
    }
  };

  return {
    text: ({ chat, text, vcard, quote }, named) => send({ chat, quote }, text, { parseVCards: vcard }, named),
    file: ({ chat, file, caption, quote }, named) => {
      const media = new wweb.MessageMedia(file.mimeType, Buffer.from(file.content).toString("base64"), file.name);
      const kind = /^(image\/(?:jpeg|png)|video\/(?:mp4|3gpp)|audio\/)/.exec(file.mimeType)?.[1] ?? "";
      const options: MessageSendOptions = {
        ...(caption !== "" && { caption }),
        // Anything else than what phones show in the chat goes out as it is, under its name.
        ...(kind === "" && { sendMediaAsDocument: true }),
        ...(/^audio\/ogg\b/.test(file.mimeType) && { sendAudioAsVoice: true }),
      };
      return send({ chat, quote }, media, options, named);
    },
    place: ({ chat, lat, lng, name, address, quote }, named) =>
      send(
        { chat, quote },
        new wweb.Location(lat, lng, {
          ...(name !== undefined && { name }),
          ...(address !== undefined && { address }),
        }),
        {},
        named,
      ),
    edit: async ({ message, text }) => {
      const opened = await open(message);
      const edited = await within(timers.call, "editing", opened.edit(text, { linkPreview: false }));
      if (!edited) throw new Refusal("rejected", "WhatsApp lets this message be edited no more.");
      return {};
    },
    remove: async ({ message }) => {
      const opened = await open(message);
      await within(timers.call, "removing", opened.delete(true));
      return {};
    },
    react: async ({ message, emoji }) => {
      const id = await mustFind(message, "The message is not there any more.");
      await within(timers.call, "reacting", client.sendReaction(id, emoji));
      return {};
    },
    typing: async ({ chat, active }) => {
      await ask(client, timers.call, chatState, { state: active ? "typing" : "stop", wid: await widFor(chat) });
      return {};
    },
    read: async ({ chat }) => {
      await within(timers.call, "marking as read", client.sendSeen(await widFor(chat)));
      return {};
    },
    download: async ({ message }) => {
      const opened = await open(message);
      const media: wweb.MessageMedia | undefined = await within(timers.send, "a download", opened.downloadMedia());
      if (media === undefined) throw new Refusal("rejected", "WhatsApp does not have the file any more.");
      return { mimeType: media.mimetype, content: Uint8Array.from(Buffer.from(media.data, "base64")) };
    },
  };
};

/** Whether two names of a phone are the same: "+420 777..." and "420777...@c.us". */
export const samePhone = (number: string, wid: string): boolean =>
  customerOfWid(wid) === `phone:${number.replace(/\D/g, "")}`;
