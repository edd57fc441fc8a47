import type { Asks, ConversationStatus, MessageView, RefusalCode, UploadView } from "#wire";
import { Refused, refusalOf, type Ask } from "./refused.ts";
import { createBells } from "./value.ts";

/** What an agent wrote and the hub has not confirmed yet: shown as a bubble at once. */
export interface Pending {
  readonly clientKey: string;
  readonly conversationId: string;
  readonly mode: "reply" | "note";
  readonly threadId: string | null;
  readonly channel: string | null;
  readonly text: string;
  readonly subject: string | null;
  readonly uploads: readonly UploadView[];
  /** lastSeq the agent saw; null = send whatever came meanwhile. */
  readonly expectedSeq: number | null;
  readonly thenStatus: ConversationStatus | null;
  /** What else the message is: recipients, a template, the time it goes. */
  readonly more?: More;
  /** "waiting" = no connection or behind another message; "stale" = somebody wrote meanwhile, the agent decides; "confirm" = addresses new to the case. */
  readonly state: "waiting" | "sending" | "failed" | "stale" | "confirm";
  readonly refusal: RefusalCode | null;
  /** With "stale": what is new in the conversation. */
  readonly news: readonly MessageView[];
  /** With "confirm": the new addresses. */
  readonly strangers: readonly string[];
  readonly at: number;
}

/** Everything of a send that the outbox itself has no opinion on. */
export type More = Omit<
  Asks<"message.send">,
  "conversationId" | "clientKey" | "mode" | "text" | "uploadIds" | "threadId" | "subject" | "expectedSeq" | "thenStatus"
>;

export type Letter = Omit<Pending, "clientKey" | "state" | "refusal" | "news" | "strangers" | "at">;

export interface Outbox {
  readonly of: (conversationId: string) => readonly Pending[];
  readonly subscribe: (conversationId: string, listener: () => void) => () => void;
  readonly add: (letter: Letter) => string;
  /** Sends a failed or stale one again under the same key; `anyway` drops the expectation, `confirmed` means the new addresses. */
  readonly retry: (input: { clientKey: string; anyway?: boolean; confirmed?: boolean }) => void;
  /** Takes one back that the hub never took. Null when it is on its way. */
  readonly withdraw: (clientKey: string) => Pending | null;
  /** A message the feed brought: its bubble is the real one now. */
  readonly confirm: (messages: readonly MessageView[]) => void;
  /** Call when the line is up: sends what waits, oldest first. */
  readonly resume: () => void;
  readonly waiting: () => number;
  readonly subscribeAll: (listener: () => void) => () => void;
}

const EVERY = "*";

/**
 * Sends in order, one at a time per conversation, each under one clientKey however often it is repeated. Lives in
 * memory only: text that was never taken by the hub is safe in the server's draft, not on this computer.
 */
export const createOutbox = (input: {
  readonly ask: Ask;
  readonly now: () => number;
  readonly key: () => string;
  readonly onSent: (input: { letter: Pending; message: MessageView }) => void;
  /** Until what the hub could not store is sent again although the line never went down, ms. */
  readonly retryMs?: number;
}): Outbox => {
  const { ask, now, key, onSent, retryMs = 3_000 } = input;
  const byConversation = new Map<string, readonly Pending[]>();
  const sending = new Set<string>();
  const retrying = new Set<string>();
  const bells = createBells();
  const none: readonly Pending[] = [];

  const of = (id: string) => byConversation.get(id) ?? none;
  const put = (id: string, list: readonly Pending[]) => {
    if (list.length === 0) byConversation.delete(id);
    else byConversation.set(id, list);
    bells.ring(id);
    bells.ring(EVERY);
  };
  const change = (letter: Pending, patch: Partial<Pending>) =>
    put(
      letter.conversationId,
      of(letter.conversationId).map((one) => (one.clientKey === letter.clientKey ? { ...one, ...patch } : one)),
    );
  const remove = (letter: Pending) =>
    put(
      letter.conversationId,
      of(letter.conversationId).filter((one) => one.clientKey !== letter.clientKey),
    );
  const find = (clientKey: string) =>
    [...byConversation.values()].flat().find((letter) => letter.clientKey === clientKey);

  const pumpLater = (id: string) => {
    if (retrying.has(id)) return;
    retrying.add(id);
    setTimeout(() => {
      retrying.delete(id);
      void pump(id);
    }, retryMs);
  };

  const pump = async (id: string): Promise<void> => {
    if (sending.has(id)) return;
    sending.add(id);
    try {
      for (;;) {
        // a failed or stale one holds back what was written after it: order is a promise
        const letter = of(id)[0];
        if (letter === undefined || letter.state !== "waiting") return;
        change(letter, { state: "sending", refusal: null });
        try {
          const { message } = await ask("message.send", {
            ...letter.more,
            conversationId: id,
            clientKey: letter.clientKey,
            mode: letter.mode,
            text: letter.text,
            uploadIds: letter.uploads.map((upload) => upload.id),
            ...(letter.threadId === null ? {} : { threadId: letter.threadId }),
            ...(letter.subject === null ? {} : { subject: letter.subject }),
            ...(letter.expectedSeq === null ? {} : { expectedSeq: letter.expectedSeq }),
            ...(letter.thenStatus === null ? {} : { thenStatus: letter.thenStatus }),
          });
          remove(letter);
          onSent({ letter, message });
        } catch (thrown) {
          const code = refusalOf(thrown);
          if (find(letter.clientKey) === undefined) continue;
          if (code === "unavailable") {
            change(letter, { state: "waiting" });
            pumpLater(id);
          } else if (code === "stale") change(letter, { state: "stale", refusal: code, news: newsOf(thrown) });
          else if (code === "new-recipients" || code === "gone-recipients")
            change(letter, { state: "confirm", refusal: code, strangers: strangersOf(thrown) });
          else change(letter, { state: "failed", refusal: code });
          return;
        }
      }
    } finally {
      sending.delete(id);
    }
  };

  return {
    of,
    subscribe: (id, listener) => bells.subscribe(id, listener),
    subscribeAll: (listener) => bells.subscribe(EVERY, listener),
    add: (letter) => {
      const clientKey = key();
      const pending: Pending = {
        ...letter,
        clientKey,
        state: "waiting",
        refusal: null,
        news: [],
        strangers: [],
        at: now(),
      };
      put(letter.conversationId, [...of(letter.conversationId), pending]);
      void pump(letter.conversationId);
      return clientKey;
    },
    retry: ({ clientKey, anyway, confirmed }) => {
      const letter = find(clientKey);
      if (letter === undefined || letter.state === "sending") return;
      change(letter, {
        state: "waiting",
        refusal: null,
        news: [],
        ...(anyway === true ? { expectedSeq: null } : {}),
        ...(confirmed === true ? { strangers: [], more: { ...letter.more, confirmed: true } } : {}),
      });
      void pump(letter.conversationId);
    },
    withdraw: (clientKey) => {
      const letter = find(clientKey);
      if (letter === undefined || letter.state === "sending") return null;
      remove(letter);
      void pump(letter.conversationId);
      return letter;
    },
    confirm: (messages) => {
      for (const message of messages) {
        const letter = message.clientKey === null ? undefined : find(message.clientKey);
        if (letter !== undefined) remove(letter);
      }
    },
    resume: () => {
      for (const id of byConversation.keys()) void pump(id);
    },
    waiting: () =>
      [...byConversation.values()].flat().filter(({ state }) => state !== "stale" && state !== "confirm").length,
  };
};

const strangersOf = (thrown: unknown): readonly string[] => {
  const data = thrown instanceof Refused ? thrown.data : undefined;
  return typeof data === "object" && data !== null && "recipients" in data && Array.isArray(data.recipients)
    ? data.recipients.map(String)
    : [];
};

const newsOf = (thrown: unknown): readonly MessageView[] => {
  const data = thrown instanceof Refused ? thrown.data : undefined;
  return typeof data === "object" && data !== null && "messages" in data && Array.isArray(data.messages)
    ? (data.messages as readonly MessageView[])
    : [];
};
