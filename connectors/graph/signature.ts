import { createHmac, timingSafeEqual } from "node:crypto";
import type { WebhookReply, WebhookRequest } from "#contract";

/** "sha256=" and the HMAC-SHA256 of the raw bytes in hex: never of JSON written anew, Meta escapes it its own way. */
export const sign = (appSecret: string, body: Uint8Array | string): string =>
  `sha256=${createHmac("sha256", appSecret).update(body).digest("hex")}`;

const equal = (given: string, right: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
};

/** Whether Meta signed these bytes (X-Hub-Signature-256); takes the same time for every wrong signature. */
export const genuine = (appSecret: string, { headers, body }: Pick<WebhookRequest, "headers" | "body">): boolean =>
  equal(headers.get("x-hub-signature-256") ?? "", sign(appSecret, body));

/** Meta's question when the webhook is set up: the challenge goes back to who knows the verify token. */
export const handshake = (verifyToken: string, { query }: Pick<WebhookRequest, "query">): WebhookReply =>
  query.get("hub.mode") === "subscribe" && equal(query.get("hub.verify_token") ?? "", verifyToken)
    ? { status: 200, contentType: "text/plain", body: query.get("hub.challenge") ?? "" }
    : { status: 403 };
