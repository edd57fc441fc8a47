import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";
import { sign, signatureHeader } from "../../connectors/loopback/receive.ts";
import type { Order } from "../../connectors/loopback/remote.ts";
import type { Received } from "./bench.ts";

interface Letter {
  readonly id: string;
  readonly thread: string;
  text: string;
  readonly files: Received["files"];
  readonly reactions: string[];
}

/** The customers' side of loopback accounts: an HTTP server that checks signatures and keeps one message a key. */
export const startCallback = async (secrets: readonly string[]) => {
  const letters = new Map<string, Letter>();
  const refusals = new Map<string, { readonly status: number; readonly tellsMs: number | undefined }>();
  const stalls = new Map<string, () => void>();

  const keep = (order: Order): string => {
    if (order.type === "send") {
      const known = letters.get(order.key);
      if (known) return known.id;
      const files = order.attachments.map(({ name, mimeType, content }) => ({
        name,
        mimeType,
        bytes: Buffer.from(content, "base64"),
      }));
      const letter = { id: `remote-${letters.size + 1}`, thread: order.thread, text: order.text, files, reactions: [] };
      letters.set(order.key, letter);
      return letter.id;
    }
    const [key, letter] = [...letters].find(([, { id }]) => "id" in order && id === order.id) ?? [];
    if (key !== undefined && order.type === "remove") letters.delete(key);
    if (letter && order.type === "edit") letter.text = order.text;
    if (letter && order.type === "react") letter.reactions.push(order.emoji);
    return letter?.id ?? "none";
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readText(request);
    if (request.method === "GET") return void response.end("{}");
    if (!secrets.some((secret) => request.headers[signatureHeader] === sign(secret, body))) {
      return void response.writeHead(401).end();
    }
    const order = JSON.parse(body) as Order;
    const refusal = refusals.get(order.thread);
    if (refusal) {
      refusals.delete(order.thread);
      const wait = refusal.tellsMs === undefined ? {} : { "retry-after": String(refusal.tellsMs / 1_000) };
      return void response.writeHead(refusal.status, wait).end();
    }
    const id = keep(order);
    const stalled = stalls.get(order.thread);
    if (stalled) return stalled();
    response.end(JSON.stringify({ id }));
  };

  // Down means that connections break at once; the port stays ours, or a neighbour's server could take it.
  let down = false;
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.on("connection", (socket) => down && socket.destroy());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/`,
    received: (thread: string): Received[] => [...letters.values()].filter((letter) => letter.thread === thread),
    refuseNext: (thread: string, status: number, tellsMs: number | undefined) =>
      refusals.set(thread, { status, tellsMs }),
    stallNext: (thread: string): Promise<void> => new Promise((taken) => void stalls.set(thread, taken)),
    drop: async (): Promise<void> => {
      down = true;
      server.closeAllConnections();
    },
    restore: async (): Promise<void> => {
      down = false;
    },
    stop: (): Promise<void> =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};
