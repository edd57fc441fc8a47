import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

interface Order {
  readonly to: string;
  readonly text: string;
  readonly reference: string;
}

/** A stand-in for the SMS gateway: its HTTP interface in front, the customers' phones behind. */
export const startGateway = async (apiKey: string) => {
  const phones = new Map<string, Order>();
  const refusals = new Map<string, { readonly status: number; readonly tellsMs: number | undefined }>();
  const stalls = new Map<string, () => void>();
  let down = false;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.headers.authorization !== `Bearer ${apiKey}`) return void response.writeHead(401).end();
    if (request.method === "GET") return void response.end("{}");
    const order = (await json(request)) as Order;
    const refusal = refusals.get(order.to);
    if (refusal) {
      refusals.delete(order.to);
      const wait = refusal.tellsMs === undefined ? {} : { "retry-after": String(refusal.tellsMs / 1_000) };
      return void response.writeHead(refusal.status, wait).end();
    }
    if (!phones.has(order.reference)) phones.set(order.reference, order);
    const stalled = stalls.get(order.to);
    if (stalled) return stalled();
    response.end(JSON.stringify({ id: `gw-${order.reference}` }));
  };

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.on("connection", (socket) => down && socket.destroy());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received: (number: string): string[] =>
      [...phones.values()].filter(({ to }) => to === number).map(({ text }) => text),
    refuseNext: (number: string, status: number, tellsMs: number | undefined) =>
      refusals.set(number, { status, tellsMs }),
    stallNext: (number: string): Promise<void> => new Promise((taken) => void stalls.set(number, taken)),
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
