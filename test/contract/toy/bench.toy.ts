import { createHmac, randomUUID } from "node:crypto";
import { type WebhookRequest } from "#contract";
import type { Bench, Customer, Refusal, Side } from "../bench.ts";
import { startGateway } from "./gateway.ts";
import { toThreadKey } from "./thread.ts";

const numbers: Record<Side, string> = { a: "+420910000001", b: "+420910000002" };
const apiKey = "toy api key";
const webhookSecret = "toy webhook secret";

const request = (body: string, secret = webhookSecret): WebhookRequest => ({
  method: "POST",
  path: "",
  query: new URLSearchParams(),
  headers: new Headers({ "x-signature": createHmac("sha256", secret).update(body).digest("hex") }),
  body: Buffer.from(body),
});
/** The rules name customers; the gateway knows numbers. */
const numberOf = (name: string): string =>
  `+4206${Buffer.from(name).readUIntBE(0, 4).toString().padStart(10, "0").slice(-8)}`;
const sms = (from: string, to: string, text: string): string =>
  JSON.stringify({ id: randomUUID(), from, to, text, sentAt: "2026-01-05T08:00:00Z" });

export const bench: Bench = {
  bad: [{}, { number: "601", apiUrl: "http://127.0.0.1/", apiKey, webhookSecret }],
  samples: new URL("./samples/", import.meta.url),
  async start() {
    const gateway = await startGateway(apiKey);
    const settingsOf = (side: Side) => ({
      number: numbers[side],
      apiUrl: gateway.url,
      apiKey,
      webhookSecret,
      checkEveryMs: 15,
    });
    return {
      settings: { a: settingsOf("a"), b: settingsOf("b") },
      drop: gateway.drop,
      restore: gateway.restore,
      stop: gateway.stop,
      async customer(account, name): Promise<Customer> {
        const ours = numbers[account.side];
        const number = numberOf(name);
        /** The gateway repeats until it is answered 200, three times at most. */
        const deliver = async (body: string): Promise<void> => {
          for (let attempt = 1; attempt <= 3; attempt += 1) {
            if ((await account.connection.webhook?.(request(body)))?.status === 200) return;
          }
        };
        const refusal = (code: Refusal["code"], status: number, tellsMs?: number): Refusal => ({
          code,
          ...(tellsMs !== undefined && { tellsMs }),
          arrange: async () => {
            gateway.refuseNext(number, status, tellsMs);
            return undefined;
          },
        });
        return {
          to: { thread: toThreadKey(ours, number), to: [{ kind: "e164", value: number }] },
          async writes({ text }) {
            const body = sms(number, ours, text);
            await deliver(body);
            return { again: () => deliver(body) };
          },
          received: async () => gateway.received(number).map((text) => ({ text, files: [] })),
          answeredElsewhere: (text) => deliver(sms(ours, number, text)),
          refusals: [refusal("rate-limited", 429, 2_000), refusal("recipient-gone", 404), refusal("auth", 401)],
          stall: async () => ({ taken: gateway.stallNext(number) }),
        };
      },
      async webhook(account) {
        const genuine = sms(numberOf("jana"), numbers[account.side], "Pravá SMS");
        const unsigned = { ...request(genuine), headers: new Headers() };
        return {
          genuine: request(genuine),
          events: 1,
          forged: [
            unsigned,
            request(genuine, "a secret of somebody else"),
            { ...request(genuine), body: Buffer.from("{}") },
          ],
          unknown: request(JSON.stringify({ mms: true })),
        };
      },
    };
  },
};
