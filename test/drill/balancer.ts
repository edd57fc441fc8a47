import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Balancer {
  readonly url: string;
  /** Takes a node out, as a health check does: its connections are cut and it gets no new ones. */
  out(port: number): void;
  back(port: number): void;
  /** Cuts every line at once, as a network does. */
  cut(): void;
  /** Holds every byte back by so many milliseconds from now on; 0 ends it. */
  slow(ms: number): void;
  stop(): void;
}

/** A TCP balancer on loopback in front of several nodes, in turns; nothing is sticky. */
export const startBalancer = async (ports: readonly number[]): Promise<Balancer> => {
  const off = new Set<number>();
  const lines = new Map<Socket, number>();
  let turn = 0;
  let delayMs = 0;

  const carry = (from: Socket, to: Socket): void => {
    from.on("data", (chunk: Buffer) => {
      if (delayMs === 0 && to.writableLength === 0) {
        to.write(chunk);
        return;
      }
      from.pause();
      setTimeout(() => {
        if (!to.destroyed) to.write(chunk);
        from.resume();
      }, delayMs);
    });
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  };
  const route = (client: Socket, tries: number): void => {
    const up = ports.filter((port) => !off.has(port));
    const port = up[turn++ % Math.max(1, up.length)];
    if (port === undefined || tries === 0) {
      client.destroy();
      return;
    }
    const node = connect({ port, host: "127.0.0.1", noDelay: true });
    const refused = (): void => route(client, tries - 1);
    node.once("error", refused);
    node.once("connect", () => {
      node.off("error", refused);
      lines.set(client, port);
      client.once("close", () => lines.delete(client));
      carry(client, node);
      carry(node, client);
    });
  };
  const server = createServer({ noDelay: true, pauseOnConnect: false }, (client) => {
    client.on("error", () => client.destroy());
    route(client, ports.length * 2);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cutWhere = (fits: (port: number) => boolean): void => {
    for (const [client, port] of lines) if (fits(port)) client.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    out: (port) => {
      off.add(port);
      cutWhere((of) => of === port);
    },
    back: (port) => off.delete(port),
    cut: () => cutWhere(() => true),
    slow: (ms) => {
      delayMs = ms;
    },
    stop: () => {
      server.close();
      cutWhere(() => true);
    },
  };
};
