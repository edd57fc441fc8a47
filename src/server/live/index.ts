import type { Server as HttpServer } from "node:http";
import { viewCounts } from "#store/conversations";
import { currentCursor } from "#store/feed";
import { makeLimiter } from "../limiter.ts";
import { ownOrigin } from "../auth/who.ts";
import type { Trust } from "../ip.ts";
import type { Metrics } from "../metrics.ts";
import type { Context, LiveDoor } from "../parts.ts";
import { makeRecount } from "./counts.ts";
import { bindQuestions, makeMembership } from "./desk.ts";
import type { DeskNamespace } from "./desk-io.ts";
import { makeFrames } from "./frames.ts";
import { openGate } from "./gate.ts";
import { makePhone } from "./phone.ts";
import { makePresence } from "./presence.ts";
import { makeDeskPublisher, type Places } from "./publish.ts";
import { makeHandlers } from "./questions.ts";
import { makeRights } from "./rights.ts";
import { dropSlow } from "./slow.ts";
import type { LatePublisher } from "./publisher.ts";
import { makeTicker } from "./ticker.ts";
import { makeTyping } from "./typing.ts";
import { serveVisitors } from "./visitors.ts";

export interface Live extends LiveDoor {
  attach(server: HttpServer): void;
  stop(): Promise<void>;
}

/** The live side: desks and visitors on one socket server, fed by what the store commits. */
export const createLive = (input: {
  readonly context: Omit<Context, "live">;
  readonly publisher: LatePublisher;
  readonly metrics: Metrics;
  readonly trust: () => Trust;
}): Live => {
  const { context, metrics } = input;
  const { db, log, now, links, tuning, scopes, auth, config } = context;
  const trust: Trust = (address, hop) => input.trust()(address, hop);
  const gate = openGate({ auth, trust, tuning, log, now });
  const { io, callers } = gate;
  const desk: DeskNamespace = io.of("/");
  const places: Places = new Map();
  const presence = makePresence({ now });
  const frames = makeFrames({
    now: () => performance.now(),
    send: ({ room, except }, frame) => {
      metrics.frame(frame.changes.length);
      const to = desk.to(room);
      (except === undefined ? to : to.except([...except])).emit("frame", frame);
    },
  });
  const recount = makeRecount({ desk, log, read: (scope) => viewCounts({ db, scope }) });
  const membership = makeMembership({
    desk,
    frames,
    places,
    left: (socket, conversationId) => {
      const { userId } = socket.data.session;
      const elsewhere = membership.socketsOf(userId).some((other) => other.data.opened.has(conversationId));
      const gone = { conversationId, userId, name: "", activity: "gone" } as const;
      if (!elsewhere && presence.note(gone)) publisher.presenceChanged(conversationId);
    },
  });
  const publisher = makeDeskPublisher({
    desk,
    frames,
    presence,
    places,
    links,
    log,
    evict: (socket) => membership.apply(socket, socket.data.scope),
    recount: (rooms) => recount.rooms(rooms),
  });
  const rights = makeRights({ db, desk, membership, scopes, life: tuning.session, log, now });
  const visitors = serveVisitors({
    io,
    callers,
    supervisor: context.supervisor,
    publicUrl: config.publicUrl,
    log,
    now,
  });
  const typing = makeTyping({ db, supervisor: context.supervisor, log, now });
  const phone = makePhone({ db, supervisor: context.supervisor });
  const handlers = makeHandlers({ context, membership, presence, publisher, places, typing, phone });
  const limiter = makeLimiter({ perMinute: 1_200, burst: 200, now });

  desk.use((socket, next) => {
    const caller = callers.get(socket.request);
    if (caller === undefined || caller.session === null || !ownOrigin(socket.request, config.publicUrl))
      return next(new Error("unauthorized"));
    const { session } = caller;
    const admit = async (): Promise<void> => {
      try {
        const scope = await scopes.of({ id: session.userId, name: session.name });
        socket.data = { session, scope, opened: new Set(), askedAt: now().getTime() };
        next();
      } catch {
        next(new Error("unavailable"));
      }
    };
    return void admit();
  });
  desk.on("connection", (socket) => {
    membership.apply(socket, socket.data.scope);
    bindQuestions({ socket, handlers, limiter, links, log, now });
    socket.on("disconnect", () => {
      phone.left(socket);
      for (const conversationId of socket.data.opened) membership.leave(socket, conversationId);
    });
    // The handshake is not needed any more and weighs several kB a socket.
    Object.assign(socket.conn, { request: undefined });
  });

  let position: string | null = null;
  /** Tells desks how far they have come: the position taken a beat ago, all of which has been told since. */
  const tellPosition = async (): Promise<void> => {
    const before = position;
    // What other nodes committed is told by following them: only they who follow know how far that has come.
    const settled = async (): Promise<string> => context.settled?.() ?? (await currentCursor({ db, now: now() }));
    position = desk.sockets.size === 0 ? null : await settled();
    if (before !== null) desk.emit("frame", { changes: [], presence: [], cursor: before });
  };

  const ticker = makeTicker({
    log,
    every: [
      { ms: tuning.sweepMs, work: () => rights.sweep() },
      {
        ms: 500,
        work: () => metrics.slow(dropSlow({ desk, bytes: tuning.slowBytes, packets: tuning.slowPackets })),
      },
      { ms: tuning.positionMs, work: tellPosition },
      { ms: 1_000, work: () => presence.expire().forEach((id) => publisher.presenceChanged(id)) },
    ],
  });
  const unbind = input.publisher.bind({
    changes: (changes) => publisher.changes(changes),
    customerTyping: (typing) => publisher.customerTyping(typing),
    tell: (message) => visitors.tell(message),
  });

  return {
    attach: (server) => gate.attach(server),
    refreshUser: (userId) => rights.refreshUser(userId),
    endSessions: (ids, reason) => rights.endSessions(ids, reason),
    sockets: () => rights.sockets(),
    stop: async () => {
      unbind();
      await ticker.stop();
      recount.stop();
      typing.stop();
      frames.stop();
      desk.emit("bye", { reason: "server-stopping" });
      await io.close();
    },
  };
};
