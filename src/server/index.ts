import { once } from "node:events";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import type { StoredChange } from "#core/records";
import { makeApp } from "./app.ts";
import { makeScopes } from "./auth/scopes.ts";
import { makeAuth } from "./auth/who.ts";
import { makeHooks } from "./hooks.ts";
import { createLive, type Live } from "./live/index.ts";
import { makeMetrics } from "./metrics.ts";
import { type Context, defaultTuning, type ServerParts } from "./parts.ts";
import type { Trust } from "./ip.ts";

export { createPublisher } from "./live/publisher.ts";
export { type ServerParts, type Tuning } from "./parts.ts";

export interface RunningServer {
  /** Where the hub answers, without a slash at the end; of this machine, not PUBLIC_URL. */
  readonly url: string;
  readonly port: number;
  /** Tells sockets, ends connections, waits for requests under way (at most 3 s). */
  stop(): Promise<void>;
}

const stopWithinMs = 3_000;

/** HTTP and sockets. Rejects when the port is taken (`code` EADDRINUSE) or not allowed. */
export const startServer = async (parts: ServerParts): Promise<RunningServer> => {
  const { config, db, secrets, now, log } = parts;
  const tuning = { ...defaultTuning, ...parts.tuning };
  const secure = config.publicUrl?.startsWith("https:") ?? false;
  const metrics = parts.metrics ?? makeMetrics();
  let port = config.port;
  let live: Live | undefined;
  let trust: Trust = () => false;

  const scopes = makeScopes({ db, now });
  const base = {
    ...parts,
    tuning,
    secure,
    scopes,
    auth: makeAuth({ db, secrets, life: tuning.session, secure, now }),
    publish: (changes: readonly StoredChange[]) => parts.publisher.publisher.changes(changes),
    origin: () => config.publicUrl ?? `http://localhost:${port}`,
  };
  live = createLive({ context: base, publisher: parts.publisher, metrics, trust: () => trust });
  const context: Context = { ...base, live };
  metrics.watch(context);
  const made = makeApp({ context, metrics });
  trust = made.trust;
  const { app } = made;
  const hooks = makeHooks(context);

  const server = createServer((request, response) => {
    if (!hooks(request, response)) app(request, response);
  });
  // Longer than a load balancer keeps an idle connection, so that it is never we who close one it is about to use.
  server.keepAliveTimeout = 72_000;
  server.headersTimeout = 75_000;
  server.requestTimeout = 300_000;
  live.attach(server);
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });

  server.listen(config.port, config.host);
  await once(server, "listening").catch(async (thrown: unknown) => {
    await live.stop();
    throw thrown;
  });
  const address = server.address();
  if (address !== null && typeof address === "object") port = address.port;
  const host =
    config.host === "0.0.0.0" || config.host === "::"
      ? "localhost"
      : config.host.includes(":")
        ? `[${config.host}]`
        : config.host;
  log.info({ port, host: config.host }, "listening");

  return {
    url: `http://${host}:${port}`,
    port,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Sockets too, which Node's own closing does not know: a client that reads nothing would hold us for 30 s.
      const timer = setTimeout(() => {
        for (const socket of open) socket.destroy();
      }, stopWithinMs);
      await live.stop();
      await closed;
      clearTimeout(timer);
    },
  };
};
