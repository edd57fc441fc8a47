import { createHmac, timingSafeEqual } from "node:crypto";
import type { Hub, WebhookReply, WebhookRequest } from "#contract";
import { parse } from "./parse.ts";
import type { Settings } from "./settings.ts";

export const signatureHeader = "x-signature-256";

/** "sha256=" and the HMAC-SHA256 of the raw body in hex, in both directions. */
export const sign = (secret: string, body: Uint8Array | string): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

const genuine = (secret: string, { headers, body }: WebhookRequest): boolean => {
  const given = Buffer.from(headers.get(signatureHeader) ?? "");
  const right = Buffer.from(sign(secret, body));
  return given.length === right.length && timingSafeEqual(given, right);
};

const done: WebhookReply = { status: 200 };

/** Answers 200 only after everything in the request is stored; 503 makes the remote deliver the whole of it again. */
export const receiver =
  (account: Settings, hub: Hub) =>
  async (request: WebhookRequest): Promise<WebhookReply> => {
    if (request.path !== "" && request.path !== "/") return { status: 404 };
    if (request.method !== "POST") return { status: 405 };
    if (!genuine(account.secret, request)) return { status: 401 };
    const stored = await Promise.allSettled(parse(account, request.body).map((event) => hub.receive(event)));
    const lost = stored.find(({ status }) => status === "rejected");
    if (!lost) return done;
    hub.log.warn("a delivery could not be stored; the remote is asked to repeat it", { events: stored.length });
    return { status: 503 };
  };
