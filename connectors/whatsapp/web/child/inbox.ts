import type { Client, Message, Reaction } from "whatsapp-web.js";
import { z } from "zod";
import type { Begin, FromChild } from "../protocol.ts";
import type { Party, Record } from "../record.ts";
import { within, wordsOf } from "./errors.ts";
import { ask, listChats } from "./page.ts";
import { makePeople, type People } from "./people.ts";
import { chatOf, isTaken, readMessage, wid } from "./read.ts";

/** Clocks and deliveries are not exact to the second: so far before the last known moment is looked again. */
const overlapSeconds = 600;
const firstPage = 50;
const mostPerChat = 3_200;
const remembered = 20_000;

const chats = z.array(z.object({ id: z.string(), at: z.number(), unread: z.number() }));

/** `false_420777123456@c.us_3EB0...`, in groups with the author behind it. */
const splitId = (serialized: string): { fromMe: boolean; chat: string; stanza: string } | undefined => {
  const [fromMe, chat, stanza] = serialized.split("_");
  return chat === undefined || stanza === undefined ? undefined : { fromMe: fromMe === "true", chat, stanza };
};

/** Remembers the last so many. */
const makeMemory = (most: number) => {
  const seen = new Set<string>();
  return {
    has: (key: string): boolean => seen.has(key),
    add: (key: string): void => {
      const [oldest] = seen;
      if (seen.size >= most && oldest !== undefined) seen.delete(oldest);
      seen.add(key);
    },
  };
};

export interface Inbox {
  readonly people: People;
  /** A send to this chat begins: our own messages there wait until it is known which of them it is. */
  sending(): { named(stanza: string): void; over(): void };
  /** The newest ack the page told of one of our messages. */
  ackOf(stanza: string): number | undefined;
  onAck(listener: (stanza: string, ack: number) => void): void;
  /** Tells what was missed since `since`; moves it. Rejects when the page does not answer. */
  catchUp(): Promise<void>;
}

/** Everything that happens in the chats, as records in the order it happened. */
export const openInbox = (input: {
  readonly client: Client;
  readonly begin: Begin;
  readonly tell: (message: FromChild) => void;
  readonly isMe: (wid: string) => boolean;
}): Inbox => {
  const { client, begin, tell, isMe } = input;
  const people = makePeople(client, begin.timers.answer);
  const told = makeMemory(remembered);
  const ours = makeMemory(remembered);
  const undecrypted = makeMemory(remembered);
  const acks = new Map<string, number>();
  const ackListeners: ((stanza: string, ack: number) => void)[] = [];
  let since = begin.since;
  let inFlight = 0;
  let held: Message[] = [];
  let queue: Promise<void> = Promise.resolve();
  for (const stanza of begin.sent) ours.add(stanza);

  /** One after the other: an edit must not overtake its message while that waits for the name of its sender. */
  const enqueue = (work: () => Promise<void>): Promise<void> => {
    queue = queue.then(work).catch((thrown: unknown) => {
      tell({ type: "log", level: "warn", text: `an event was not read: ${wordsOf(thrown)}` });
    });
    return queue;
  };
  const record = (what: Record): void => tell({ type: "record", record: what });

  const takeMessage = (message: Message): Promise<void> =>
    enqueue(async () => {
      const key = `${message.fromMe} ${message.id.id}`;
      const wasUndecrypted = undecrypted.has(message.id.id);
      if (told.has(key) && !wasUndecrypted) return;
      const read = await readMessage({ message, people, isMe });
      if (read === undefined) return;
      told.add(key);
      if (wasUndecrypted) {
        const { chat, stanza, fromMe, text, at } = read;
        record({ type: "edit", chat, stanza, fromMe, text, at });
      } else record(read);
    });

  const onCreated = (message: Message): void => {
    if (!isTaken(chatOf(message), begin)) return;
    if (message.fromMe && ours.has(message.id.id)) return;
    if (message.fromMe && inFlight > 0) held.push(message);
    else void takeMessage(message);
  };
  const release = (): void => {
    if (inFlight > 0) return;
    const waited = held;
    held = [];
    for (const message of waited) onCreated(message);
  };

  const about = async (message: Message): Promise<{ chat: Party; stanza: string; fromMe: boolean } | undefined> =>
    isTaken(chatOf(message), begin)
      ? { chat: await people.of(chatOf(message)), stanza: message.id.id, fromMe: message.fromMe }
      : undefined;
  const seconds = (): number => Math.floor(Date.now() / 1_000);

  const revokedKey = z.looseObject({ protocolMessageKey: z.looseObject({ id: z.string(), fromMe: z.boolean() }) });
  const tellAck = async (message: Message, ack: number): Promise<void> => {
    const which = await about(message);
    if (which !== undefined) record({ type: "ack", ...which, ack, at: seconds() });
  };

  client.on("message_create", onCreated);
  client.on("message_ciphertext_failed", (message: Message) => {
    if (!isTaken(chatOf(message), begin)) return;
    void enqueue(async () => {
      const which = await about(message);
      if (which === undefined) return;
      undecrypted.add(which.stanza);
      record({ type: "message", ...which, kind: "ciphertext", text: "", at: message.timestamp });
    });
  });
  client.on("message_edit", (message: Message, text: unknown, before: unknown) => {
    // A message that is decrypted late gets its first text this way; it was not edited.
    if (typeof text !== "string" || typeof before !== "string" || before === "") return;
    void enqueue(async () => {
      const which = await about(message);
      if (which !== undefined) record({ type: "edit", ...which, text, at: seconds() });
    });
  });
  client.on("message_revoke_everyone", (message: Message) => {
    void enqueue(async () => {
      const which = await about(message);
      const key = revokedKey.safeParse(message.rawData).data?.protocolMessageKey;
      const stanza = key?.id ?? which?.stanza ?? "";
      if (which !== undefined) record({ type: "revoke", ...which, stanza, at: seconds() });
    });
  });
  client.on("message_reaction", ({ msgId, senderId, reaction, timestamp }: Reaction) => {
    const which = splitId(wid.parse(msgId));
    if (which === undefined || !isTaken(which.chat, begin) || isMe(senderId)) return;
    void enqueue(async () => {
      const who = await people.of(senderId);
      const actor = who.phone === undefined ? (who.lid ?? senderId) : `+${who.phone}`;
      const { stanza, fromMe } = which;
      const at = Math.floor(timestamp);
      record({ type: "reaction", chat: await people.of(which.chat), stanza, fromMe, actor, emoji: reaction, at });
    });
  });
  client.on("message_ack", (message: Message, ack: number) => {
    if (!message.fromMe) return;
    const stanza = message.id.id;
    const [oldest] = acks.keys();
    if (acks.size >= remembered && oldest !== undefined) acks.delete(oldest);
    acks.set(stanza, ack);
    for (const listener of ackListeners) listener(stanza, ack);
    void enqueue(() => tellAck(message, ack));
  });
  client.on("call", ({ id, isVideo, isGroup, fromMe, from: peer }) => {
    const from = wid.safeParse(peer).data;
    if (isGroup || fromMe || from === undefined || !isTaken(from, begin)) return;
    void enqueue(async () => {
      record({ type: "call", chat: await people.of(from), stanza: id, video: isVideo, at: seconds() });
    });
  });

  const missedIn = async (chat: z.output<typeof chats>[number], floor: number): Promise<readonly Message[]> => {
    const { call } = begin.timers;
    const opened = await within(call, "opening a chat", client.getChatById(chat.id));
    for (let limit = firstPage; ; limit *= 4) {
      const page = await within(call, "reading a chat", opened.fetchMessages({ limit }));
      const sorted = page.toSorted((a, b) => a.timestamp - b.timestamp);
      const whole = sorted.length < limit || (sorted[0]?.timestamp ?? 0) < floor || limit >= mostPerChat;
      if (!whole) continue;
      const theirs = sorted.filter(({ fromMe }) => !fromMe);
      const unread = new Set(begin.since === undefined ? [] : theirs.slice(Math.max(0, theirs.length - chat.unread)));
      return sorted.filter((message) => message.timestamp >= floor || unread.has(message));
    }
  };

  const catchUp = async (): Promise<void> => {
    const began = seconds();
    const floor = (since ?? began) - overlapSeconds;
    // A phone that was never linked before brings its whole history; only what is written from now on is ours.
    const from = since === undefined ? began - 60 : floor;
    const listed = chats.parse(await ask(client, begin.timers.call, listChats));
    for (const chat of listed) {
      if (!isTaken(chat.id, begin) || (chat.at < from && (chat.unread === 0 || begin.since === undefined))) continue;
      for (const message of await missedIn(chat, from)) {
        if (message.fromMe && ours.has(message.id.id)) void enqueue(() => tellAck(message, message.ack));
        else onCreated(message);
      }
    }
    await queue;
    since = began;
    tell({ type: "caughtUp", at: began });
  };

  return {
    people,
    sending: () => {
      inFlight += 1;
      return {
        named: (stanza) => ours.add(stanza),
        over: () => {
          inFlight -= 1;
          release();
        },
      };
    },
    ackOf: (stanza) => acks.get(stanza),
    onAck: (listener) => void ackListeners.push(listener),
    catchUp,
  };
};
