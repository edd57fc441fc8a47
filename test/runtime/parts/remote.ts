import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { z } from "zod";

const body = z.object({
  key: z.string(),
  thread: z.string(),
  to: z.array(z.string()),
  text: z.string(),
  subject: z.string().nullable(),
  replyTo: z.string().nullable(),
  references: z.array(z.string()),
  author: z.string(),
  replyToken: z.string().nullable(),
  files: z.array(z.object({ name: z.string(), content: z.string() })),
});
type Arrived = z.output<typeof body>;

/** What the remote does with the next message instead of taking it. */
type Twist =
  | { readonly status: 401 | 403 | 422 | 503 }
  | { readonly status: 429; readonly retryAfterMs?: number }
  /** Takes it and breaks the connection before the answer. */
  | { readonly cut: true }
  /** Takes it; the answer waits for `release`. */
  | { readonly hold: true }
  /** Takes it for everybody but these. */
  | { readonly refuse: readonly { recipient: string; permanent: boolean }[] };

export interface Remote {
  readonly url: string;
  /** Everything taken, in the order of taking; a repeated key is in it twice. */
  readonly arrived: readonly Arrived[];
  /** Requests, refused ones included. */
  attempts(): number;
  /** The next message meets this; several are used in turn. */
  next(...twists: readonly Twist[]): void;
  release(): void;
  /** Connections that say "I am the one who runs this account" now, and the most there ever were at once. */
  live(): number;
  mostLive(): number;
  dropLive(): void;
  stop(): Promise<void>;
}

/** A provider on 127.0.0.1: it takes messages over HTTP and knows who holds a live connection to it. */
export const startRemote = async (): Promise<Remote> => {
  const arrived: Arrived[] = [];
  const twists: Twist[] = [];
  const held: (() => void)[] = [];
  const lives = new Set<ServerResponse>();
  let attempts = 0;
  let most = 0;

  const answer = (response: ServerResponse, status: number, value: object): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };

  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const message = body.parse(await json(request));
    attempts += 1;
    const twist = twists.shift();
    if (twist !== undefined && "status" in twist) {
      answer(response, twist.status, { retryAfterMs: "retryAfterMs" in twist ? twist.retryAfterMs : undefined });
      return;
    }
    arrived.push(message);
    if (twist !== undefined && "cut" in twist) {
      request.socket.destroy();
      return;
    }
    const accept = (): void => answer(response, 200, { id: `r-${message.key}`, refused: [] });
    if (twist !== undefined && "hold" in twist) held.push(accept);
    else if (twist === undefined) accept();
    else answer(response, 200, { id: `r-${message.key}`, refused: twist.refuse });
  };

  const server = createServer((request, response) => {
    if (request.url === "/live") {
      lives.add(response);
      most = Math.max(most, lives.size);
      response.on("close", () => lives.delete(response));
      response.writeHead(200);
      response.write("live\n");
      return;
    }
    take(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  return {
    url: `http://127.0.0.1:${address.port}`,
    arrived,
    attempts: () => attempts,
    next: (...more) => twists.push(...more),
    release: () => {
      for (const accept of held.splice(0)) accept();
    },
    live: () => lives.size,
    mostLive: () => most,
    dropLive: () => {
      for (const response of lives) response.destroy();
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
