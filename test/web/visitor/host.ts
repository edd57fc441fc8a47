import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { accountId, ConnectorError, type Connection, threadKey } from "#contract";
import { Server } from "socket.io";
import { build } from "vite";
import { chat } from "../../../connectors/chat/index.ts";
import { makeHub, type TestFile } from "./hub.ts";

const account = accountId("0198c0de-0000-7000-8000-00000000c4a7");

/** The widget as `npm run build` makes it, in a folder of its own. */
export const buildWidget = async (): Promise<{ dir: string; remove(): Promise<void> }> => {
  const dir = await mkdtemp(join(tmpdir(), "linka-widget-"));
  for (const config of ["vite.visitor.ts", "vite.loader.ts"])
    await build({
      configFile: new URL(`../../../src/web/${config}`, import.meta.url).pathname,
      build: { outDir: dir },
      logLevel: "error",
    });
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
};

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
};

const bodyOf = async (request: IncomingMessage): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new Uint8Array(Buffer.concat(chunks));
};

const listen = async (server: HttpServer): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};

export type Host = Awaited<ReturnType<typeof startHost>>;

/** A hub just big enough for the widget, and a shop of another site that embeds it under a strict policy. */
export const startHost = async (input: { readonly dir: string; readonly config?: object }) => {
  const made = makeHub({ account, fileUrl: (index) => `/files/${index}` });
  const { hub } = made;
  const requests: string[] = [];
  let connection: Connection;
  let failUploads = 0;
  let cutAnswers = 0;
  let cutQuestions = 0;

  const serveFile = async (path: string, response: ServerResponse): Promise<void> => {
    const body = await readFile(join(input.dir, path)).catch(() => undefined);
    const type = types[extname(path)] ?? "application/octet-stream";
    if (!body) {
      response.writeHead(404).end();
      return;
    }
    const policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
      `frame-ancestors 'self' ${shop()}`;
    response.writeHead(200, {
      "content-type": type,
      ...(path.startsWith("app/") && type.startsWith("text/html") ? { "content-security-policy": policy } : {}),
    });
    response.end(path === "demo.html" ? body.toString().replace("__ACCOUNT__", account) : body);
  };

  const upload = async (request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    if (failUploads > 0) {
      failUploads -= 1;
      response.writeHead(503).end();
      return;
    }
    const reply = await connection.webhook?.({
      method: "POST",
      path: url.pathname.slice(`/hooks/${account}`.length),
      query: url.searchParams,
      headers: new Headers(Object.entries(request.headers).map(([key, value]) => [key, String(value)])),
      body,
    });
    response.writeHead(reply?.status ?? 404, { "content-type": reply?.contentType ?? "text/plain" }).end(reply?.body);
  };

  const hubServer = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://hub");
    requests.push(url.pathname);
    if (url.pathname.startsWith("/hooks/")) void upload(request, url, response);
    else if (url.pathname.startsWith("/files/")) {
      const file = made.files[Number(url.pathname.slice(7))];
      response.writeHead(file ? 200 : 404, { "content-type": file?.mimeType ?? "text/plain" }).end(file?.bytes);
    } else void serveFile(url.pathname === "/demo" ? "demo.html" : url.pathname.replace(/^\/widget\//, ""), response);
  });
  const io = new Server(hubServer, { serveClient: false, maxHttpBufferSize: 64 * 1024 });
  io.of("/visitor").on("connection", (socket) => {
    const gone = new AbortController();
    socket.on("disconnect", () => gone.abort());
    connection.peer?.({
      ip: socket.handshake.address,
      origin: socket.handshake.headers.origin,
      closed: gone.signal,
      onAsk(handler) {
        socket.on("ask", (event: string, payload: unknown, answer: (given: unknown) => void) => {
          if (event === "send" && cutQuestions > 0) {
            cutQuestions -= 1;
            socket.conn.close();
            return;
          }
          const reply = async (): Promise<unknown> => {
            try {
              return { ok: true, value: await handler(event, payload) };
            } catch (thrown) {
              const { code, message } = ConnectorError.from(thrown);
              return { ok: false, refusal: { code, says: message } };
            }
          };
          void reply().then((given) => {
            if (event !== "send" || cutAnswers === 0) return answer(given);
            cutAnswers -= 1;
            return socket.conn.close();
          });
        });
      },
      tell: (event, payload) => void socket.emit(event, payload),
      join: (thread) => void socket.join(thread),
      close: () => void socket.disconnect(),
    });
  });
  made.onTell((thread, event, payload) => void io.of("/visitor").to(thread).emit(event, payload));

  const hubPort = await listen(hubServer);
  const base = `http://127.0.0.1:${hubPort}`;
  const shopServer = createServer((request, response) => {
    const attributes = new URL(request.url ?? "/", "http://shop").searchParams.get("with") ?? "";
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; script-src ${base}; frame-src ${base}`,
    });
    response.end(
      `<!doctype html><html lang="cs"><head><title>Obchod</title></head><body><main><h1>Obchod</h1><p>Stránka zákazníka.</p></main>` +
        `<script src="${base}/widget/loader.js" data-account="${account}" ${attributes} defer></script></body></html>`,
    );
  });
  const shopPort = await listen(shopServer);
  function shop(): string {
    return `http://localhost:${shopPort}`;
  }
  connection = chat.open(
    {
      id: account,
      name: "Obchod",
      config: { allowedOrigins: [shop(), base], agentName: "Zákaznická péče", ...input.config },
    },
    hub,
  );

  const lastThread = (): string => [...made.threads.keys()].at(-1) ?? "";
  return {
    ...made,
    account,
    base,
    shop: shop(),
    requests,
    io,
    connection,
    lastThread,
    /** An agent writes: stored as the core does, then sent. Gives the key. */
    async agent(text: string, options: { readonly files?: readonly TestFile[]; readonly name?: string } = {}) {
      const key = randomUUID();
      const thread = lastThread();
      const author = { name: options.name ?? "Jana Veselá" };
      const at = new Date();
      made.agentLine(
        thread,
        { id: key, clientId: key, direction: "out", text, author, at, state: "sent" },
        options.files,
      );
      await connection.send(
        {
          key,
          thread: threadKey(thread),
          to: [],
          text,
          attachments: (options.files ?? []).map(({ name, mimeType, bytes }) => ({
            name,
            mimeType,
            bytes: bytes.length,
            open: async () =>
              (async function* () {
                yield bytes;
              })(),
          })),
          references: [],
          author,
          writtenAt: at,
        },
        new AbortController().signal,
      );
      return key;
    },
    /** Cuts every transport, as a lost network does: nobody says goodbye. */
    cut(): void {
      for (const [, socket] of io.of("/visitor").sockets) socket.conn.close();
    },
    /** The next messages are stored, but the network goes before the answer is out. */
    cutAnswers(times: number): void {
      cutAnswers = times;
    },
    /** The network goes before the next messages reach the hub. */
    cutQuestions(times: number): void {
      cutQuestions = times;
    },
    failUploads(times: number): void {
      failUploads = times;
    },
    async stop(): Promise<void> {
      await io.close();
      shopServer.closeAllConnections();
      await new Promise((resolve) => shopServer.close(resolve));
    },
  };
};
