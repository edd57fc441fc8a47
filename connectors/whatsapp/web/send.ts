import { type Connection, ConnectorError, type Outbound, type RemoteId, type Sent, type ThreadKey } from "#contract";
import type { Keeper } from "./keeper.ts";
import type { Ledger } from "./ledger.ts";
import type { Turn } from "./pace.ts";
import type { Run } from "./process.ts";
import type { SentFile } from "./protocol.ts";
import { type Customer, customerOf, toRemoteId } from "./thread.ts";
import { writeCard } from "./vcard.ts";

/** What phones show under a picture; longer words go before it as a message of their own. */
const captionMost = 1_024;

const bytesOf = async (attachment: Outbound["attachments"][number]): Promise<SentFile> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await attachment.open()) chunks.push(chunk);
  const { name, mimeType } = attachment;
  return { name, mimeType, content: new Uint8Array(Buffer.concat(chunks)) };
};

type One = (
  run: Run,
  quote: { quote?: string },
  options: { signal: AbortSignal; named: (stanza: string) => void },
) => Promise<{ stanza: string }>;

/** What a message becomes: each of these is one message at the customer. Reads the files, sends nothing. */
const partsOf = async (chat: Customer, message: Outbound): Promise<One[]> => {
  const { text, content, attachments } = message;
  const words =
    (given: string, vcard = false): One =>
    (run, quote, options) =>
      run.call("text", { chat, text: given, vcard, ...quote }, options);
  if (content?.type === "location") {
    const { type: _, ...place } = content;
    return [(run, quote, options) => run.call("place", { chat, ...place, ...quote }, options)];
  }
  if (content?.type === "contacts") return content.contacts.map((card) => words(writeCard(card), true));
  if (content !== undefined)
    throw new ConnectorError("unsupported", "A linked phone sends no templates, buttons or lists.");
  const files = await Promise.all(attachments.map(bytesOf));
  const under = text.length <= captionMost ? text : "";
  return [
    ...(text !== "" && (files.length === 0 || under === "") ? [words(text)] : []),
    ...files.map(
      (file, index): One =>
        (run, quote, options) =>
          run.call("file", { chat, file, caption: index === 0 ? under : "", ...quote }, options),
    ),
  ];
};

type Sending = Required<Pick<Connection, "send" | "edit" | "remove" | "react" | "typing" | "markRead">>;

export const sender = (input: {
  readonly ours: string;
  readonly keeper: Keeper;
  readonly turn: Turn;
  readonly ledger: () => Promise<Ledger>;
  readonly textMost: number;
  /** The message went out, and its id could not be written down: a repeat after a restart would not be noticed. */
  readonly notNoted: () => void;
}): Sending => {
  const { ours, keeper, turn, textMost } = input;
  const chatOf = (thread: ThreadKey): Customer => {
    const customer = customerOf(ours, thread);
    if (customer === undefined) throw new ConnectorError("recipient-gone", "This thread belongs to another account.");
    return customer;
  };

  const sendParts = async (message: Outbound, signal: AbortSignal): Promise<Sent> => {
    const chat = chatOf(message.thread);
    const ledger = await input.ledger();
    const known = ledger.find(message.key);
    if (known !== undefined)
      return { id: toRemoteId({ fromMe: true, customer: known.customer as Customer, stanza: known.stanza }) };
    const parts = await partsOf(chat, message);
    const run = keeper.ready();
    let first: string | undefined;
    for (const part of parts) {
      const quote = message.replyTo === undefined || first !== undefined ? {} : { quote: message.replyTo };
      const noted: Promise<void>[] = [];
      const named = (stanza: string): void => {
        // Several messages at the customer are one of ours: the first stands for it.
        if (first === undefined)
          noted.push(ledger.note({ key: message.key, stanza, customer: chat }).catch(() => input.notNoted()));
        first ??= stanza;
      };
      try {
        const { stanza } = await part(run, quote, { signal, named });
        named(stanza);
        await Promise.all(noted);
      } catch (thrown) {
        const error = ConnectorError.from(thrown);
        if (part === parts[0]) {
          if (error.code !== "uncertain") await ledger.forget(message.key);
          throw error;
        }
        throw new ConnectorError("uncertain", `A part of it was sent, then: ${error.message}`, { cause: error });
      }
    }
    if (first === undefined) throw new ConnectorError("rejected", "There is nothing to send.");
    return { id: toRemoteId({ fromMe: true, customer: chat, stanza: first }) };
  };

  return {
    send: async (message, signal) => {
      if (message.text.length > textMost)
        throw new ConnectorError("rejected", `WhatsApp takes ${textMost} characters.`);
      if (signal.aborted) throw new ConnectorError("unreachable", "Given up before it was sent.");
      // Before its turn: what waits for a turn and then cannot be sent would hold back the others.
      chatOf(message.thread);
      keeper.ready();
      try {
        return await turn(signal, () => sendParts(message, signal));
      } catch (thrown) {
        throw ConnectorError.from(thrown);
      }
    },
    edit: async (_thread, id, text) => void (await keeper.ready().call("edit", { message: id, text })),
    remove: async (_thread, id) => void (await keeper.ready().call("remove", { message: id })),
    react: async (_thread, id, emoji) => void (await keeper.ready().call("react", { message: id, emoji })),
    typing: async (thread, active) => void (await keeper.ready().call("typing", { chat: chatOf(thread), active })),
    markRead: async (thread: ThreadKey, _id: RemoteId) =>
      void (await keeper.ready().call("read", { chat: chatOf(thread) })),
  };
};
