import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json as readJson } from "node:stream/consumers";
import { z } from "zod";
import { action, type OpenChannel, type Phone, type SandboxChannel } from "./channel.ts";

interface Shown {
  readonly channel: SandboxChannel;
  readonly open: OpenChannel;
}

const page = join(import.meta.dirname, "page");
const types: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "texts.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
};
const order = z.object({ channel: z.string(), phone: z.string(), action });
const lookMs = 250;

/** The page with the customers' phones, on this machine only. */
export const serveSandbox = async (input: {
  readonly shown: readonly Shown[];
  readonly port: number;
  readonly links: Readonly<Record<string, string>>;
}) => {
  const { shown } = input;
  const watchers = new Set<ServerResponse>();
  const files = new Map<string, { readonly mimeType: string; readonly bytes: Uint8Array }>();

  const present = (channel: string, phone: Phone) => ({
    ...phone,
    lines: phone.lines.map((line) => ({
      ...line,
      files: line.files.map(({ name, mimeType, bytes }, index) => {
        const key = Buffer.from(`${channel}/${phone.id}/${line.id}/${index}`).toString("base64url");
        files.set(key, { mimeType, bytes });
        return { name, mimeType, url: `/files/${key}` };
      }),
    })),
  });
  const state = async () => ({
    links: input.links,
    channels: await Promise.all(
      shown.map(async ({ channel: { id, offers }, open }) => ({
        id,
        offers,
        phones: (await open.phones()).map((phone) => present(id, phone)),
      })),
    ),
  });

  let told = "";
  const look = async (): Promise<void> => {
    const now = JSON.stringify(await state());
    if (now === told) return;
    told = now;
    for (const watcher of watchers) watcher.write(`data: ${now}\n\n`);
  };
  const timer = setInterval(() => void look().catch(() => {}), lookMs);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // A page elsewhere must not write to the hub through the visitor's own browser.
    const { host = "", origin } = request.headers;
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/u.test(host) || (origin !== undefined && origin !== `http://${host}`))
      return void response.writeHead(403).end();
    const path = new URL(request.url ?? "/", "http://sandbox").pathname;
    if (request.method === "POST" && path === "/act") {
      const read = order.safeParse(await readJson(request));
      const channel = shown.find((one) => one.channel.id === read.data?.channel);
      if (!read.success || channel === undefined) return void response.writeHead(400).end();
      await channel.open.act(read.data.phone, read.data.action);
      await look();
      return void response.writeHead(204).end();
    }
    if (path === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(`data: ${JSON.stringify(await state())}\n\n`);
      watchers.add(response);
      response.on("close", () => watchers.delete(response));
      return;
    }
    const file = files.get(path.slice("/files/".length));
    if (path.startsWith("/files/") && file !== undefined)
      return void response
        .writeHead(200, { "content-type": file.mimeType, "content-security-policy": "sandbox" })
        .end(file.bytes);
    const name = path === "/" ? "index.html" : path.slice(1);
    const type = types[name];
    if (type === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": type }).end(await readFile(join(page, name)));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((thrown: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(thrown));
    });
  });
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(input.port, "127.0.0.1", listening);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async (): Promise<void> => {
      clearInterval(timer);
      await new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      });
    },
  };
};
