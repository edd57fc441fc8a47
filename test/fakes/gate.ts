import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP gate in front of a server: shut it and the server is gone, its connections with it; open it and it is back. */
export interface Gate {
  readonly port: number;
  shut(): Promise<void>;
  open(): Promise<void>;
  /** Stops passing bytes while connections stay up: a frozen network. */
  freeze(frozen: boolean): void;
}

export const startGate = async (target: number): Promise<Gate> => {
  const pairs = new Set<readonly [Socket, Socket]>();
  let frozen = false;
  const serve = (socket: Socket): void => {
    const behind = connect(target, "127.0.0.1");
    const pair = [socket, behind] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      socket.destroy();
      behind.destroy();
    };
    socket.on("error", end).on("close", end);
    behind.on("error", end).on("close", end);
    socket.on("data", (chunk: Buffer) => void (frozen || behind.write(chunk)));
    behind.on("data", (chunk: Buffer) => void (frozen || socket.write(chunk)));
  };
  let server: Server | undefined;
  let port = 0;
  const open = async (): Promise<void> => {
    if (server !== undefined) return;
    const next = createServer(serve);
    server = next;
    await new Promise<void>((resolve, reject) => next.once("error", reject).listen(port, "127.0.0.1", resolve));
    const address = next.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  };
  const shut = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    for (const [near, far] of pairs) {
      near.destroy();
      far.destroy();
    }
    if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
  };
  await open();
  return { port, shut, open, freeze: (now) => (frozen = now) };
};
