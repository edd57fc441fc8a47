import { createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Answer, App, Endpoint, GraphCall, Token } from "./call.ts";
import { makeClock } from "./clock.ts";
import { makeFaults } from "./faults.ts";
import { readForm } from "./form.ts";
import { envelopeOf, GraphRefusal, invalid, noSuchObject } from "./refusal.ts";
import { makeWebhooks } from "./webhooks.ts";

const badToken = (subcode?: number): GraphRefusal =>
  new GraphRefusal({
    status: 401,
    code: 190,
    says: "Error validating access token",
    ...(subcode !== undefined && { subcode }),
  });

/** GET /debug_token: what a token is worth. */
const debugToken =
  (tokens: ReadonlyMap<string, Token>, now: () => Date): Endpoint =>
  ({ method, path, query }) => {
    if (method !== "GET" || path[0] !== "debug_token") return undefined;
    const token = tokens.get(query.get("input_token") ?? "");
    if (token === undefined) throw new GraphRefusal({ code: 190, says: "The access token could not be decrypted" });
    const { app, scopes, expiresAt, revoked = false } = token;
    const expires = expiresAt === undefined ? 0 : Math.trunc(expiresAt.getTime() / 1_000);
    const valid = !revoked && (expires === 0 || expires * 1_000 > now().getTime());
    return { body: { data: { app_id: app.id, type: "SYSTEM_USER", is_valid: valid, expires_at: expires, scopes } } };
  };

/**
 * Meta's Graph API on 127.0.0.1: tokens, errors, faults, signed webhooks. What it serves (WhatsApp, Messenger,
 * Instagram) is added by `use`; an address nobody serves answers as Meta does.
 */
export const startGraph = async () => {
  const clock = makeClock();
  const faults = makeFaults();
  const webhooks = makeWebhooks();
  const tokens = new Map<string, Token>();
  const requests: GraphCall[] = [];
  const endpoints: Endpoint[] = [debugToken(tokens, () => clock.now())];
  const hanging = new Set<ServerResponse>();
  let down = false;

  const believe = (request: IncomingMessage, query: URLSearchParams): Token => {
    const bearer = /^Bearer (.+)$/u.exec(request.headers.authorization ?? "")?.[1];
    const token = tokens.get(bearer ?? query.get("access_token") ?? "");
    if (token === undefined || token.revoked) throw badToken();
    if (token.expiresAt !== undefined && token.expiresAt <= clock.now()) throw badToken(463);
    const proof = query.get("appsecret_proof");
    const right = createHmac("sha256", token.app.secret).update(token.value).digest("hex");
    if (proof !== null && proof !== right) throw invalid("Invalid appsecret_proof provided in the API argument");
    return token;
  };

  const read = async (request: IncomingMessage): Promise<GraphCall> => {
    const body = await buffer(request);
    const url = new URL(request.url ?? "/", "http://graph");
    const [version = "", ...path] = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
    if (!/^v\d+\.\d+$/u.test(version)) throw new GraphRefusal({ code: 2500, says: "Unknown path components" });
    const type = request.headers["content-type"] ?? "";
    const form = readForm(body, type);
    let json: unknown;
    if (form === undefined && body.length > 0) {
      try {
        json = JSON.parse(body.toString());
      } catch {
        throw invalid("The body is not JSON");
      }
    }
    const token = believe(request, url.searchParams);
    return {
      method: request.method ?? "GET",
      path,
      version,
      query: url.searchParams,
      headers: request.headers,
      json,
      form: form ?? [],
      token,
      at: clock.now(),
    };
  };

  const serve = async (call: GraphCall): Promise<Answer> => {
    for (const endpoint of endpoints) {
      const answer = await endpoint(call);
      if (answer !== undefined) return answer;
    }
    throw noSuchObject(call.path[0] ?? "");
  };

  const write = (response: ServerResponse, answer: Answer): void => {
    const bytes = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(JSON.stringify(answer.body));
    response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers });
    response.end(bytes);
  };
  const refuse = (response: ServerResponse, refusal: GraphRefusal): void =>
    write(response, { status: refusal.status, headers: refusal.headers, body: envelopeOf(refusal) });

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const call = await read(request);
      requests.push(call);
      const mishap = faults.of(call);
      if (mishap === "reset") return void response.destroy();
      if (mishap === "hang") return void hanging.add(response);
      if (typeof mishap === "object") {
        if ("refuse" in mishap) throw mishap.refuse;
        return void response.writeHead(mishap.status, { ...mishap.headers }).end("<html>Sorry</html>");
      }
      const answer = await serve(call);
      if (mishap === "done-then-reset") return void response.destroy();
      if (mishap === "done-then-hang") return void hanging.add(response);
      write(response, answer);
    } catch (thrown) {
      if (thrown instanceof GraphRefusal) refuse(response, thrown);
      else response.writeHead(500).end(String(thrown));
    }
  };

  // Down means that connections break at once; the port stays ours, or a neighbour's server could take it.
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  server.on("connection", (socket) => down && socket.destroy());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    clock,
    faults,
    webhooks,
    /** Every request that was believed, oldest first. */
    requests,
    use: (endpoint: Endpoint): void => void endpoints.push(endpoint),
    app: (id: string = randomUUID(), secret: string = randomUUID().replaceAll("-", "")): App => ({ id, secret }),
    token: (input: {
      readonly app: App;
      readonly value?: string;
      readonly scopes?: readonly string[];
      readonly expiresAt?: Date;
      readonly objects?: readonly string[];
    }): Token => {
      const { app, value = `EAA${randomUUID().replaceAll("-", "")}`, scopes = [], expiresAt, objects = "any" } = input;
      const token: Token = { value, app, scopes, objects, ...(expiresAt !== undefined && { expiresAt }) };
      tokens.set(value, token);
      return token;
    },
    drop: async (): Promise<void> => {
      down = true;
      server.closeAllConnections();
    },
    restore: async (): Promise<void> => void (down = false),
    stop: async (): Promise<void> => {
      await webhooks.stop();
      for (const response of hanging) response.destroy();
      await new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      });
    },
  };
};
export type FakeGraph = Awaited<ReturnType<typeof startGraph>>;
