import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "#core/log";
import { isUuid } from "#core/uuid";
import type { Context } from "./parts.ts";
import { reach } from "#store/points";

const prefix = "/hooks/";
/** Largest body of a channel that says nothing about attachments. */
const smallBody = 3 * 1024 * 1024;

const answer = (response: ServerResponse, status: number, body = "", headers: Record<string, string> = {}): void => {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    ...headers,
  });
  response.end(body);
};

class TooLarge extends Error {}
class TooMuch extends Error {}

/** `hold` is told of every piece before it is kept, and may refuse it. */
const readBody = async (request: IncomingMessage, most: number, hold: (bytes: number) => void): Promise<Buffer> => {
  if (Number(request.headers["content-length"] ?? 0) > most) throw new TooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new TooLarge();
    hold(chunk.length);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
};

const headersOf = (request: IncomingMessage): Headers => {
  const headers = new Headers();
  const { rawHeaders } = request;
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  return headers;
};

const bodyLimits = (connectors: Context["connectors"]): number =>
  Math.max(
    smallBody,
    ...connectors.map(({ limits }) =>
      limits.attachments === false ? 0 : Math.min(limits.attachments.bytes, 64 * 1024 * 1024),
    ),
  );

/**
 * Channels calling us. Straight on node:http: in front of Express, which would cost more than storing the event.
 * Gives false when the request is for somebody else.
 */
export const makeHooks = (context: Pick<Context, "supervisor" | "journal" | "connectors" | "tuning" | "log">) => {
  const largest = bodyLimits(context.connectors);
  const { log }: { log: Log } = context;

  /** Bytes of all bodies that are being read or answered: anybody may call, and nobody is known before the body is. */
  let held = 0;

  const serve = async (
    request: IncomingMessage,
    response: ServerResponse,
    url: string,
    hold: (bytes: number) => void,
  ): Promise<void> => {
    const question = url.indexOf("?");
    const path = url.slice(prefix.length, question < 0 ? undefined : question);
    const slash = path.indexOf("/");
    const accountId = slash < 0 ? path : path.slice(0, slash);
    const { method } = request;
    if (!isUuid(accountId)) return answer(response, 404);
    if (method !== "GET" && method !== "POST") return answer(response, 405, "", { allow: "GET, POST" });
    // Channels deliver again for days: better later than in memory.
    if (context.journal.stats().waiting > context.tuning.journalBound)
      return answer(response, 503, "busy", { "retry-after": "5" });
    const body = await readBody(request, largest, hold);
    reach("webhook.read");
    const reply = await context.supervisor.webhook(accountId, {
      method,
      path: slash < 0 ? "" : path.slice(slash),
      query: new URLSearchParams(question < 0 ? "" : url.slice(question + 1)),
      headers: headersOf(request),
      body,
    });
    reach("webhook.stored");
    if (reply === null) return answer(response, 404);
    return answer(response, reply.status, reply.body ?? "", {
      ...(reply.contentType === undefined ? {} : { "content-type": reply.contentType }),
      ...(reply.status === 503 ? { "retry-after": "5" } : {}),
    });
  };

  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const url = request.url ?? "";
    if (!url.startsWith(prefix)) return false;
    let own = 0;
    const hold = (bytes: number): void => {
      if (held + bytes > context.tuning.hookBytes) throw new TooMuch();
      held += bytes;
      own += bytes;
    };
    serve(request, response, url, hold)
      .catch((thrown: unknown) => {
        if (response.headersSent || response.destroyed) return void response.destroy();
        if (thrown instanceof TooLarge) return answer(response, 413, "too large", { connection: "close" });
        if (thrown instanceof TooMuch)
          return answer(response, 503, "busy", { "retry-after": "5", connection: "close" });
        log.error({ err: thrown }, "a webhook failed");
        return answer(response, 503, "", { "retry-after": "5" });
      })
      .finally(() => {
        held -= own;
      });
    return true;
  };
};
