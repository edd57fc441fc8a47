import { setTimeout as pause } from "node:timers/promises";
import type { Answer, Boot, Gives, Question } from "#wire";
import { io, type Socket } from "socket.io-client";
import type { Api } from "../../src/web/state/api.ts";
import { createDesk, type Desk } from "../../src/web/state/desk.ts";

const deskSocket = (input: { readonly url: string; readonly cookie: string }): Socket =>
  io(input.url, {
    autoConnect: false,
    // One line each: a shared one would carry the agent and the visitor together.
    forceNew: true,
    transports: ["websocket"],
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
    extraHeaders: { cookie: input.cookie, origin: input.url },
  });

/** Someone who answers: every answer is repeated with its clientKey until the hub acknowledges it. */
export const makeAgent = (input: { readonly url: string; readonly cookie: string }) => {
  const socket = deskSocket(input);
  socket.connect();
  const written = new Map<string, string[]>();
  const ask = async <Q extends Question>(question: Q, takes: unknown): Promise<Gives<Q> | undefined> => {
    try {
      const answer = (await socket.timeout(5_000).emitWithAck(question, takes)) as Answer<Gives<Q>>;
      return answer.ok ? answer.value : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    /** Answers by conversation, in the order they were written. */
    written,
    conversations: async (): Promise<readonly { id: string; contact: string; kind: string }[]> => {
      for (;;) {
        const view = await ask("view.open", { kind: "all" });
        if (view) return view.rows.map((row) => ({ id: row.id, contact: row.contact.name, kind: row.lastKind }));
        await pause(40);
      }
    },
    answer: async (conversation: { readonly id: string; readonly contact: string }): Promise<void> => {
      const texts = written.get(conversation.contact) ?? [];
      written.set(conversation.contact, texts);
      const text = `out ${conversation.contact} ${texts.length}`;
      texts.push(text);
      const takes = {
        conversationId: conversation.id,
        clientKey: `key-${conversation.id}-${texts.length}`.slice(-64),
        mode: "reply",
        text,
      };
      while (!(await ask("message.send", takes))) await pause(40);
    },
    cut: () => {
      if (socket.connected) socket.io.engine.close();
    },
    close: () => socket.close(),
  };
};

/** A desk as in the browser, on the browser's own stores, that opens whatever it sees and never reloads. */
export const makeWatcher = (input: { readonly url: string; readonly cookie: string }) => {
  const socket = deskSocket(input);
  const boot = { me: { id: "watcher" } } as unknown as Boot;
  const desk: Desk = createDesk({
    boot,
    api: {} as Api,
    line: socket as never,
    now: () => Date.now(),
    schedule: (flush) => void setImmediate(flush),
    key: () => crypto.randomUUID(),
    onRights: () => undefined,
  });
  const opened = new Set<string>();
  const openNew = (): void => {
    for (const id of desk.inbox.window.get().order) {
      if (opened.has(id)) continue;
      opened.add(id);
      void desk.conversations.open(id);
    }
  };
  desk.inbox.window.subscribe(openNew);
  desk.session.start();
  return {
    desk,
    opened,
    cut: () => {
      if (socket.connected) socket.io.engine.close();
    },
    close: () => desk.stop(),
  };
};
