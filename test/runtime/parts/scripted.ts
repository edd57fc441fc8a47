import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { z } from "zod";
import { type Connection, type Connector, ConnectorError, defineConnector, type Outbound, remoteId } from "#contract";

const config = z.object({
  url: z.url(),
  token: z.string().default("no-token"),
  /** Fails to start with the token in its words, as badly written libraries do. */
  broken: z.boolean().default(false),
});

const failures = { 401: "auth", 403: "recipient-gone", 422: "rejected", 503: "unreachable" } as const;
const answer = z.object({
  id: z.string(),
  refused: z.array(z.object({ recipient: z.string(), permanent: z.boolean() })),
});

const post = (url: string, text: string, signal: AbortSignal): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    let out = false;
    const call = request(url, { method: "POST", agent: false, signal }, (response) => {
      buffer(response).then((body) => resolve({ status: response.statusCode ?? 0, body: body.toString() }), reject);
    });
    call.on("finish", () => {
      out = true;
    });
    call.on("error", (error) => {
      const code = out && !/ECONNREFUSED/.test(error.message) ? "uncertain" : "unreachable";
      reject(new ConnectorError(code, error.message, { cause: error }));
    });
    call.end(text);
  });

const filesOf = (message: Outbound): Promise<{ name: string; content: string }[]> =>
  Promise.all(
    message.attachments.map(async (attachment) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await attachment.open()) chunks.push(chunk);
      return { name: attachment.name, content: Buffer.concat(chunks).toString() };
    }),
  );

/** A channel over the fake remote. `idempotent` is what it promises about repeated keys. */
export const scripted = (o: { kind: string; idempotent?: true; textLimit?: number; mail?: true }): Connector =>
  defineConnector({
    kind: o.kind,
    title: o.kind,
    config,
    secrets: ["token"],
    address: () => "",
    limits: {
      text: o.textLimit ?? 1_000,
      attachments: { bytes: 1_000, perMessage: 2, mimeTypes: ["text/plain"] },
      replyWindowHours: false,
      subject: o.mail === true,
    },
    ...(o.idempotent === undefined ? {} : { idempotentSend: o.idempotent }),
    open: (account, hub): Connection => ({
      start: (signal) =>
        new Promise((resolve, reject) => {
          if (account.config.broken) throw new Error(`no login with ${account.config.token}`);
          hub.log.warn("starting", { header: `Bearer ${account.config.token}` });
          const call = request(`${account.config.url}/live`, { agent: false, signal }, (response) => {
            hub.status({ state: "online" });
            response.resume();
            response.on("error", () => undefined);
            response.on("close", () => (signal.aborted ? resolve() : reject(new Error("the remote hung up"))));
          });
          call.on("error", (error) => (signal.aborted ? resolve() : reject(error)));
          call.end();
        }),
      send: async (message, signal) => {
        const { status, body } = await post(
          account.config.url,
          JSON.stringify({
            key: message.key,
            thread: message.thread,
            to: message.stillTo ?? message.to.map((address) => address.value),
            text: message.text,
            subject: message.subject ?? null,
            replyTo: message.replyTo ?? null,
            references: message.references,
            author: message.author.name,
            replyToken: message.replyToken ?? null,
            files: await filesOf(message),
          }),
          signal,
        );
        if (status === 429) {
          const retryAfterMs = z.object({ retryAfterMs: z.number().optional() }).parse(JSON.parse(body)).retryAfterMs;
          throw new ConnectorError("rate-limited", "slow down", retryAfterMs === undefined ? {} : { retryAfterMs });
        }
        if (status !== 200) {
          const code = failures[status as keyof typeof failures] ?? "bug";
          throw new ConnectorError(code, `the remote said ${status} to ${account.config.token}`);
        }
        const { id, refused } = answer.parse(JSON.parse(body));
        return { id: remoteId(id), refused: refused.map((one) => ({ ...one, says: "no such person" })) };
      },
    }),
  });
