import type { IncomingMessage, Server as HttpServer } from "node:http";
import { Server } from "socket.io";
import type { Log } from "#core/log";
import type { Auth } from "../auth/who.ts";
import { clientIp, type Trust } from "../ip.ts";
import { makeLimiter } from "../limiter.ts";
import type { Tuning } from "../parts.ts";
import type { Callers, DeskIo } from "./desk-io.ts";

/**
 * The socket server and its door. Who brings a valid session is let in; everybody else is a visitor, of whom one
 * address may hold and open only so many: the rest of the world does not notice.
 */
export const openGate = (input: {
  readonly auth: Auth;
  readonly trust: Trust;
  readonly tuning: Tuning;
  readonly log: Log;
  readonly now: () => Date;
}): { readonly io: DeskIo; readonly callers: Callers; attach(server: HttpServer): void } => {
  const { tuning } = input;
  const callers: Callers = new WeakMap();
  const held = new Map<string, number>();
  const handshakes = makeLimiter({
    perMinute: tuning.visitorHandshakes * 6,
    burst: tuning.visitorHandshakes,
    now: input.now,
  });

  const io: DeskIo = new Server({
    transports: ["websocket"],
    serveClient: false,
    perMessageDeflate: false,
    maxHttpBufferSize: 1_000_000,
    connectTimeout: 10_000,
    cleanupEmptyChildNamespaces: false,
    allowRequest: (request, decide) => {
      const ip = clientIp(request, input.trust);
      const visitor = (): void => {
        const full = (held.get(ip) ?? 0) >= tuning.visitorSockets || !handshakes.take(ip);
        if (!full) callers.set(request, { ip, session: null });
        decide(full ? "too many connections" : null, !full);
      };
      if (request.headers.cookie === undefined) return visitor();
      input.auth.session(request.headers.cookie).then(
        (found) => {
          if (found === null) return visitor();
          callers.set(request, { ip, session: found.session });
          return decide(null, true);
        },
        (thrown: unknown) => {
          input.log.warn({ err: thrown }, "a handshake could not be checked");
          decide("unavailable", false);
        },
      );
    },
  });

  const attach = (server: HttpServer): void => {
    io.attach(server);
    // Only the transport knows when it is gone, whatever namespaces were joined over it.
    io.engine.on(
      "connection",
      (raw: { request: IncomingMessage; once(event: "close", listener: () => void): void }) => {
        const caller = callers.get(raw.request);
        if (caller === undefined || caller.session !== null) return;
        held.set(caller.ip, (held.get(caller.ip) ?? 0) + 1);
        raw.once("close", () => {
          const left = (held.get(caller.ip) ?? 1) - 1;
          if (left > 0) held.set(caller.ip, left);
          else held.delete(caller.ip);
        });
      },
    );
  };
  return { io, callers, attach };
};
