import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Server, type Socket } from "socket.io";
import { type ConversationRow, type MessageView, type Presence, type ViewSpec } from "#wire";
import { anna, message, petr } from "./data.ts";
import { composingOf } from "./fake-composing.ts";
import { adminRoutes, pageRoutes, sessionRoutes } from "./fake-rest.ts";
import type { FakePhone } from "./fake-phone.ts";
import { makeMemory, Refusal } from "./fake-memory.ts";
import { bindQuestions, type Handlers } from "./fake-questions.ts";
import { countsOf, viewOf } from "./fake-views.ts";

const people = [anna, petr];
const userOf = (cookie: string | undefined) => people.find(({ id }) => cookie?.includes(`user=${id}`));

/** A hub in memory that speaks the wire: real express and socket.io, no database, no channels. */
export const startFakeHub = async (options: {
  dist: string;
  conversations: number;
  locale?: string;
  heldMs?: number;
  /** Gives the companies a telephone. */
  phone?: FakePhone;
}) => {
  const { dist, conversations, heldMs = 0 } = options;
  const asked: { question: string; takes: unknown }[] = [];
  const looking = new Map<string, Map<string, Presence["viewers"][number]>>();
  /** Makes the next questions of a kind fail. */
  const failing = new Map<string, string>();
  let refuseSockets = false;

  const app = express();
  const http = createServer(app);
  const io = new Server(http, { serveClient: false, transports: ["websocket"] });

  const { cases, log, caseOf, step, messageById, deliver } = makeMemory({
    conversations,
    tell: (change, cursor) => {
      io.to(change.row.id).emit("frame", { changes: [change], presence: [], cursor });
      io.except(change.row.id).emit("frame", { changes: [{ ...change, messages: [] }], presence: [], cursor });
    },
  });
  const view = (spec: ViewSpec, meId: string) => viewOf({ cases, spec, meId });
  const counts = (meId: string) => countsOf({ cases, meId });
  const me = (socket: Socket): typeof anna => socket.data.user as typeof anna;
  const viewersOf = (id: string) => [...(looking.get(id)?.values() ?? [])];
  const tellPresence = (id: string, customerTyping = false) =>
    io.emit("frame", { changes: [], presence: [{ conversationId: id, viewers: viewersOf(id), customerTyping }] });
  const handlers: Handlers = {
    ...composingOf({ cases, caseOf, messageById, step }),
    "view.open": (socket, { after, limit, ...spec }) => {
      const all = view(spec, me(socket).id);
      const from = after === undefined ? 0 : Number(after);
      return {
        rows: all.slice(from, from + limit),
        next: from + limit < all.length ? String(from + limit) : null,
        counts: counts(me(socket).id),
        cursor: String(log.length),
      };
    },
    sync: (_socket, { cursor, have, limit }) => {
      const ids = [...new Set(log.slice(Number(cursor)).map((change) => change.row.id))];
      const changes = ids.slice(0, limit).map((id) => {
        const one = caseOf(id);
        const known = have.find((item) => item.id === id)?.version;
        return {
          prev: known ?? one.row.version,
          row: one.row,
          messages: known === undefined ? [] : one.messages.filter((item) => item.version > known),
        };
      });
      return { changes, cursor: String(log.length), more: false, reset: false };
    },
    "conversation.open": (socket, { id, limit }) => {
      const one = caseOf(id);
      void socket.join(id);
      const messages = one.messages.slice(-limit);
      return {
        row: one.row,
        contact: one.contact,
        threads: one.threads,
        messages,
        more: messages.length < one.messages.length,
        drafts: ["reply", "note"].flatMap((mode) => one.drafts.get(`${me(socket).id}:${mode}`) ?? []),
        viewers: viewersOf(id),
      };
    },
    "conversation.close": (socket, { id }) => {
      void socket.leave(id);
      return {};
    },
    "conversation.since": (_socket, { id, version }) => {
      const one = caseOf(id);
      return { row: one.row, messages: one.messages.filter((item) => item.version > version), more: false };
    },
    "conversation.before": (_socket, { id, seq, limit }) => {
      const older = caseOf(id).messages.filter((item) => item.seq < seq);
      return { messages: older.slice(-limit), more: older.length > limit };
    },
    "message.send": (socket, takes) => {
      const one = caseOf(takes.conversationId);
      const before = one.messages.find((item) => item.clientKey === takes.clientKey);
      if (before !== undefined) return { message: before };
      const news = one.messages.filter(
        (item) =>
          item.seq > (takes.expectedSeq ?? Infinity) &&
          (item.direction === "in" || (item.direction === "out" && item.author.id !== me(socket).id)),
      );
      if (news.length > 0) throw new Refusal("stale", { messages: news });
      const reply = takes.mode === "reply";
      const thread = one.threads.find(({ id }) => id === takes.threadId) ?? one.threads[0];
      const sent = message({
        conversationId: one.row.id,
        seq: one.row.lastSeq + 1,
        id: randomUUID(),
        direction: reply ? "out" : "note",
        author: { type: "agent", id: me(socket).id, name: me(socket).name },
        clientKey: takes.clientKey,
        text: takes.text,
        threadId: reply ? (thread?.id ?? null) : null,
        channel: reply ? (thread?.channel ?? null) : null,
        deliveries: reply
          ? [
              {
                id: randomUUID(),
                recipient: "•••",
                role: "to" as const,
                scheduled: takes.sendAt !== undefined,
                state: heldMs > 0 ? "held" : "queued",
                dueAt: heldMs > 0 ? new Date(Date.now() + heldMs).toISOString() : null,
                attempts: 0,
                errorCode: null,
                errorText: null,
              },
            ]
          : [],
      });
      step(
        one,
        {
          preview: takes.text,
          lastDirection: reply ? "out" : "note",
          lastAt: sent.createdAt,
          unread: 0,
          ...(takes.thenStatus === undefined ? {} : { status: takes.thenStatus }),
        },
        [sent],
      );
      if (reply && heldMs === 0) setTimeout(() => deliver(sent.id, "delivered"), 60);
      return { message: one.messages.find(({ id }) => id === sent.id) ?? sent };
    },
    "message.cancel": (_socket, { messageId }) => ({ message: deliver(messageId, "cancelled") }),
    "message.retry": (_socket, { messageId }) => ({ message: deliver(messageId, "queued") }),
    "message.accept": (_socket, { messageId }) => {
      const [one, found] = messageById(messageId);
      step(one, {}, [{ ...found, held: false }]);
      return { message: { ...found, held: false, version: one.row.version } };
    },
    "conversation.update": (socket, { id, set }) => {
      const one = caseOf(id);
      const { assigneeId, ...rest } = set;
      const who = assigneeId === "me" ? me(socket).id : assigneeId;
      if (assigneeId === "me" && one.row.assigneeId !== null && one.row.assigneeId !== who)
        throw new Refusal("conflict");
      const event = message({
        conversationId: id,
        seq: one.row.lastSeq + 1,
        id: randomUUID(),
        direction: "event",
        author: { type: "agent", id: me(socket).id, name: me(socket).name },
        detail:
          set.status === undefined
            ? { event: "assigned", to: who }
            : { event: "status", to: set.status, until: set.snoozedUntil },
      });
      step(one, { ...(rest as Partial<ConversationRow>), ...(who === undefined ? {} : { assigneeId: who }) }, [event]);
      io.emit("counts", counts(me(socket).id));
      return { row: one.row };
    },
    "conversation.read": (_socket, { id }) => {
      if (caseOf(id).row.unread > 0) step(caseOf(id), { unread: 0 });
      return {};
    },
    presence: (socket, { conversationId, activity, mode }) => {
      const there = looking.get(conversationId) ?? new Map();
      looking.set(conversationId, there);
      const { id: userId, name } = me(socket);
      const seen = activity === "composing" && mode === "note" ? "noting" : activity;
      if (seen === "gone") there.delete(userId);
      else there.set(userId, { userId, name, activity: seen });
      tellPresence(conversationId);
      return {};
    },
    "draft.save": (socket, { conversationId, mode, body, rev }) => {
      const one = caseOf(conversationId);
      const key = `${me(socket).id}:${mode}`;
      const known = one.drafts.get(key);
      if ((known?.rev ?? 0) !== rev) throw new Refusal("conflict", { draft: known });
      const draft = { mode, body, rev: rev + 1 };
      one.drafts.set(key, draft);
      return { draft };
    },
    "contact.get": (_socket, { id }) => {
      const one = [...cases.values()].find(({ contact }) => contact.id === id);
      if (one === undefined) throw new Refusal("not-found");
      return one.contact;
    },
  };

  io.use((socket, next) => {
    const user = userOf(socket.request.headers.cookie);
    socket.data.user = user;
    if (refuseSockets) next(new Error("busy"));
    else if (user === undefined) next(new Error("unauthorized"));
    else next();
  });
  io.on("connection", (socket) => {
    options.phone?.attach(io, socket);
    bindQuestions({ socket, handlers, asked, failing });
    socket.on("disconnect", () => {
      for (const [id, there] of looking) if (there.delete(me(socket).id)) tellPresence(id);
    });
  });

  sessionRoutes({ app, locale: options.locale ?? "cs", userOf, phone: options.phone !== undefined });
  options.phone?.routes(app);
  adminRoutes(app, cases);
  pageRoutes(app, dist);

  await new Promise<void>((resolve) => {
    http.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    url,
    cases,
    asked,
    failing,
    login: (user: typeof anna) => ({ name: "user", value: user.id, url }),
    customerWrites: (id: string, text: string): MessageView => {
      const one = caseOf(id);
      const fresh = message({
        conversationId: id,
        seq: one.row.lastSeq + 1,
        id: randomUUID(),
        author: { type: "contact", id: one.contact.id, name: one.contact.name },
        text,
        channel: one.threads[0]?.channel ?? null,
        threadId: one.threads[0]?.id ?? null,
      });
      step(one, { preview: text, lastDirection: "in", lastAt: fresh.createdAt, unread: one.row.unread + 1 }, [fresh]);
      return fresh;
    },
    agentWrites: (id: string, text: string): void => {
      const one = caseOf(id);
      step(one, { preview: text, lastDirection: "out" }, [
        message({
          conversationId: id,
          seq: one.row.lastSeq + 1,
          id: randomUUID(),
          direction: "out",
          author: { type: "agent", id: petr.id, name: petr.name },
          text,
          channel: one.threads[0]?.channel ?? null,
        }),
      ]);
    },
    /** Any message of the conversation, as the feed brings it. */
    tell: (id: string, fresh: MessageView): void =>
      step(caseOf(id), {}, [{ ...fresh, seq: caseOf(id).row.lastSeq + 1 }]),
    customerTypes: (id: string) => tellPresence(id, true),
    deliver,
    /** Cuts every line; with `refuse`, nobody comes back until `accept`. */
    cut: ({ refuse }: { refuse: boolean }) => {
      refuseSockets = refuse;
      for (const socket of io.sockets.sockets.values()) socket.conn.close();
    },
    accept: () => {
      refuseSockets = false;
    },
    stop: async () => {
      await io.close();
      http.closeAllConnections();
    },
  };
};

export type FakeHub = Awaited<ReturnType<typeof startFakeHub>>;
