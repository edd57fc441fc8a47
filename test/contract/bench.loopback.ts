import { randomUUID } from "node:crypto";
import { remoteId, threadKey, type WebhookRequest } from "#contract";
import { sign, signatureHeader } from "../../connectors/loopback/receive.ts";
import type { Bench, Customer, File, Refusal, Side } from "./bench.ts";
import { startCallback } from "./callback.ts";

const secrets: Record<Side, string> = { a: "loopback secret of a", b: "loopback secret of b" };
const nameOf = (side: Side): string => `side-${side}`;
const second = 1_000;

const request = (secret: string, body: string, signature = sign(secret, body)): WebhookRequest => ({
  method: "POST",
  path: "",
  query: new URLSearchParams(),
  headers: new Headers({ [signatureHeader]: signature }),
  body: Buffer.from(body),
});

const messageBody = (input: {
  readonly thread: string;
  readonly text: string;
  readonly files?: readonly File[];
  readonly own?: boolean;
}): string =>
  JSON.stringify({
    messages: [
      {
        id: randomUUID(),
        thread: input.thread,
        ...(!input.own && { from: { id: input.thread, name: input.thread } }),
        text: input.text,
        at: "2026-01-05T08:00:00Z",
        own: input.own ?? false,
        attachments: (input.files ?? []).map(({ name, mimeType, bytes }) => ({
          name,
          mimeType,
          content: Buffer.from(bytes).toString("base64"),
        })),
      },
    ],
  });

export const bench: Bench = {
  bad: [
    {},
    { name: "x", secret: "short" },
    { name: "a/b", secret: secrets.a },
    { name: "x", secret: secrets.a, callbackUrl: "http://example.com/" },
  ],
  async start() {
    const callback = await startCallback(Object.values(secrets));
    const settingsOf = (side: Side) => ({
      name: nameOf(side),
      secret: secrets[side],
      callbackUrl: callback.url,
      heartbeatMs: 15,
    });
    return {
      settings: { a: settingsOf("a"), b: settingsOf("b") },
      drop: callback.drop,
      restore: callback.restore,
      stop: callback.stop,
      async customer(account, name): Promise<Customer> {
        const secret = secrets[account.side];
        const deliver = async (body: string): Promise<void> => {
          for (let attempt = 1; attempt <= 3; attempt += 1) {
            const reply = await account.connection.webhook?.(request(secret, body));
            if (reply?.status === 200) return;
          }
        };
        const refusal = (
          code: "rate-limited" | "recipient-gone" | "rejected",
          status: number,
          tellsMs?: number,
        ): Refusal => ({
          code,
          ...(tellsMs !== undefined && { tellsMs }),
          arrange: async () => {
            callback.refuseNext(name, status, tellsMs);
            return undefined;
          },
        });
        return {
          to: { thread: threadKey(`${nameOf(account.side)}/${name}`), to: [{ kind: "loopback", value: name }] },
          async writes({ text, files = [] }) {
            const body = messageBody({ thread: name, text, files });
            await deliver(body);
            return { again: () => deliver(body) };
          },
          received: async () => callback.received(name),
          answeredElsewhere: (text) => deliver(messageBody({ thread: name, text, own: true })),
          refusals: [
            refusal("rate-limited", 429, 3 * second),
            refusal("recipient-gone", 410),
            refusal("rejected", 422),
          ],
          stall: async () => ({ taken: callback.stallNext(name) }),
        };
      },
      async webhook(account) {
        const secret = secrets[account.side];
        const genuine = messageBody({ thread: "jana", text: "Pravá zpráva" });
        const other = messageBody({ thread: "jana", text: "Podvržená zpráva" });
        return {
          genuine: request(secret, genuine),
          events: 1,
          forged: [
            request(secret, genuine, ""),
            request("another secret altogether", genuine),
            request(secret, other, sign(secret, genuine)),
            request(secret, genuine, sign(secret, genuine).slice(0, -1)),
          ],
          unknown: request(secret, JSON.stringify({ holograms: [{ id: remoteId("h1") }] })),
        };
      },
    };
  },
};
