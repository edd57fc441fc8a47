import type { DefaultEventsMap, Namespace, Socket } from "socket.io";
import { z } from "zod";
import { ConnectorError, type Peer } from "#contract";
import type { Log } from "#core/log";
import type { Supervisor } from "../../runtime/ports.ts";
import { ownOrigin } from "../auth/who.ts";
import { makeLimiter } from "../limiter.ts";
import type { Callers, DeskIo } from "./desk-io.ts";
import { peerRoom } from "./rooms.ts";
import { reach } from "#store/points";

type Answer = (answer: object) => void;
interface VisitorAsks {
  ask(event: unknown, payload: unknown, answer: unknown): void;
}
type VisitorSocket = Socket<VisitorAsks, DefaultEventsMap, DefaultEventsMap, { account?: string }>;
type VisitorNamespace = Namespace<VisitorAsks, DefaultEventsMap, DefaultEventsMap, { account?: string }>;

const hello = z.object({ account: z.uuid() });
const question = z.string().min(1).max(64);
/** Questions one socket may have unanswered, and may ask in a minute (some at once). */
const atOnce = 16;
const perMinute = 300;
const burst = 60;

const refused = (code: string, says: string): object => ({ ok: false, refusal: { code, says } });

/** Customers' live sockets: each is handed to its channel as a `Peer`, which decides who it is. */
export const serveVisitors = (input: {
  readonly io: DeskIo;
  readonly callers: Callers;
  readonly supervisor: Pick<Supervisor, "peer" | "connection">;
  readonly publicUrl: string | undefined;
  readonly log: Log;
  readonly now: () => Date;
}): { tell(message: { accountId: string; thread: string; event: string; payload: unknown }): void } => {
  const { supervisor, log } = input;
  const visitors: VisitorNamespace = input.io.of("/visitor") as never;
  const asks = makeLimiter({ perMinute, burst, now: input.now });

  visitors.use((socket, next) => {
    // The widget is a page of ours in a frame: another site's script has no business here, whatever it holds.
    if (!ownOrigin(socket.request, input.publicUrl)) return next(new Error("forbidden"));
    const parsed = hello.safeParse(socket.handshake.auth);
    const known = parsed.success && supervisor.connection(parsed.data.account)?.peer !== undefined;
    if (!known) return next(new Error("not-found"));
    socket.data.account = parsed.data.account;
    return next();
  });

  visitors.on("connection", (socket) => {
    const account = socket.data.account ?? "";
    const caller = input.callers.get(socket.request);
    const { peer, serve } = peerOf(socket, account, caller?.ip ?? "");
    let open = 0;
    socket.on("ask", (event, payload, answer) => {
      if (typeof answer !== "function") return;
      const reply = answer as Answer;
      const name = question.safeParse(event);
      if (!name.success) return reply(refused("bad-request", "Not a question."));
      if (open >= atOnce || !asks.take(socket.id)) return reply(refused("rate-limited", "Too many questions."));
      open += 1;
      const ask = async (): Promise<void> => {
        reach("peer.asked");
        try {
          const value = await serve(name.data, payload);
          reach("peer.answered");
          reply({ ok: true, value });
        } catch (thrown) {
          if (thrown instanceof ConnectorError) return reply(refused(thrown.code, thrown.message));
          log.error({ err: thrown, accountId: account }, "a visitor's question failed");
          reply(refused("failed", "Something went wrong on our side."));
        } finally {
          open -= 1;
        }
      };
      return void ask();
    });
    if (!supervisor.peer(account, peer)) socket.disconnect(true);
  });

  return {
    tell: ({ accountId, thread, event, payload }) => {
      const room = peerRoom(accountId, thread);
      if (visitors.adapter.rooms.has(room)) visitors.to(room).emit(event, payload);
    },
  };
};

const peerOf = (socket: VisitorSocket, account: string, ip: string) => {
  const closed = new AbortController();
  let handle: ((event: string, payload: unknown) => Promise<unknown>) | undefined;
  socket.on("disconnect", () => closed.abort());
  const peer: Peer = {
    ip,
    origin: socket.handshake.headers.origin,
    onAsk: (handler) => {
      handle = handler;
    },
    tell: (event, payload) => {
      socket.emit(event, payload);
    },
    join: (thread) => {
      void socket.join(peerRoom(account, thread));
    },
    close: () => {
      socket.disconnect(true);
    },
    closed: closed.signal,
  };
  const serve = async (event: string, payload: unknown): Promise<unknown> => {
    if (handle === undefined) throw new ConnectorError("unsupported", "Nobody answers here.");
    return handle(event, payload);
  };
  return { peer, serve };
};
