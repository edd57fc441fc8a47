import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect, createServer, isIPv6, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { framer } from "./parse.ts";

export type Proto = "UDP" | "TCP" | "TLS";

/** The far end of a piece of signalling. */
export interface Flow {
  readonly proto: Proto;
  /** An IP address, as the socket names it. */
  readonly host: string;
  readonly port: number;
  /** The name the certificate must carry (TLS out). */
  readonly name?: string;
}

export interface Listening {
  readonly proto: Proto;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM, for TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface Transport {
  /** What is listened on, with the ports taken. */
  readonly bound: readonly { readonly proto: Proto; readonly host: string; readonly port: number }[];
  /** `lost` is called when the bytes surely did not go. */
  send(bytes: Buffer, to: Flow, lost?: () => void): void;
  stop(): Promise<void>;
}

const keyOf = (flow: Flow): string => `${flow.proto}|${flow.host}|${flow.port}`;
const plainHost = (host: string): string => (host.startsWith("::ffff:") ? host.slice(7) : host);

const idleMs = 600_000;
const mostConnections = 2_000;
const connectWithinMs = 8_000;

/** Sockets of one endpoint: datagrams, streams that came in, and streams opened on demand and kept. */
export const openTransport = async (input: {
  readonly listen: readonly Listening[];
  /** Decides on an address before anything of it is read: false costs no more than this call. */
  readonly welcome: (host: string) => boolean;
  readonly receive: (bytes: Buffer, from: Flow) => void;
  readonly tlsCa?: string | undefined;
}): Promise<Transport> => {
  const bound: { proto: Proto; host: string; port: number }[] = [];
  const datagrams: UdpSocket[] = [];
  const servers: Server[] = [];
  const streams = new Map<string, Socket>();
  let stopped = false;

  const follow = (socket: Socket, flow: Flow): void => {
    const cut = framer();
    const key = keyOf(flow);
    streams.set(key, socket);
    socket.setNoDelay(true);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      // RFC 5626 section 3.5.1: a double CRLF asks whether we are there.
      if (chunk.length === 4 && chunk.toString("latin1") === "\r\n\r\n") socket.write("\r\n");
      const messages = cut(chunk);
      if (messages === "broken") socket.destroy();
      else for (const message of messages) input.receive(message, flow);
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (streams.get(key) === socket) streams.delete(key);
    });
  };

  const admit = (proto: Proto) => (socket: Socket) => {
    const host = plainHost(socket.remoteAddress ?? "");
    const wanted = !stopped && host !== "" && streams.size < mostConnections && input.welcome(host);
    if (wanted) follow(socket, { proto, host, port: socket.remotePort ?? 0 });
    else socket.destroy();
  };

  const openDatagrams = async ({ host, port }: Listening): Promise<number> => {
    const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4", recvBufferSize: 4 << 20 });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, host, () => {
        socket.off("error", reject);
        resolve();
      });
    });
    socket.on("error", () => undefined);
    socket.on("message", (bytes, from) => {
      const source = plainHost(from.address);
      // Keep-alives are a few bytes of line ends.
      if (bytes.length > 4 && input.welcome(source))
        input.receive(bytes, { proto: "UDP", host: source, port: from.port });
    });
    datagrams.push(socket);
    return socket.address().port;
  };

  const openStreams = async (listening: Listening): Promise<number> => {
    const server =
      listening.proto === "TLS"
        ? createTlsServer({ ...listening.tls, handshakeTimeout: connectWithinMs }, admit("TLS"))
        : createServer(admit("TCP"));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(listening.port, listening.host, resolve);
    });
    server.on("error", () => undefined);
    server.on("tlsClientError", () => undefined);
    servers.push(server);
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : listening.port;
  };

  const dial = (flow: Flow): Socket => {
    const socket =
      flow.proto === "TLS"
        ? connectTls({
            host: flow.host,
            port: flow.port,
            ...(flow.name !== undefined && { servername: flow.name }),
            ...(input.tlsCa !== undefined && { ca: input.tlsCa }),
          })
        : connect(flow.port, flow.host);
    const late = setTimeout(() => socket.destroy(new Error("no connection in time")), connectWithinMs);
    socket.once(flow.proto === "TLS" ? "secureConnect" : "connect", () => clearTimeout(late));
    socket.once("close", () => clearTimeout(late));
    follow(socket, flow);
    return socket;
  };

  const stop = async (): Promise<void> => {
    stopped = true;
    for (const socket of datagrams) socket.close();
    for (const socket of streams.values()) socket.destroy();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  };

  try {
    for (const one of input.listen) {
      const port = one.proto === "UDP" ? await openDatagrams(one) : await openStreams(one);
      bound.push({ proto: one.proto, host: one.host, port });
    }
  } catch (thrown) {
    await stop();
    throw thrown;
  }

  return {
    bound,
    send: (bytes, to, lost) => {
      if (stopped) return;
      if (to.proto === "UDP") {
        const socket = datagrams.find((one) => isIPv6(one.address().address) === isIPv6(to.host));
        if (socket === undefined) lost?.();
        socket?.send(bytes, to.port, to.host, (error) => {
          if (error !== null) lost?.();
        });
        return;
      }
      const socket = streams.get(keyOf(to)) ?? dial(to);
      socket.write(bytes, (error) => {
        if (error !== null && error !== undefined) lost?.();
      });
    },
    stop,
  };
};
