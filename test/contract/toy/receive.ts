import { createHmac, timingSafeEqual } from "node:crypto";
import type { Hub, WebhookReply, WebhookRequest } from "#contract";
import { parse } from "./parse.ts";
import type { Settings } from "./settings.ts";

const genuine = ({ webhookSecret }: Settings, { headers, body }: WebhookRequest): boolean => {
  const right = createHmac("sha256", webhookSecret).update(body).digest();
  const given = Buffer.from(headers.get("x-signature") ?? "", "hex");
  return given.length === right.length && timingSafeEqual(given, right);
};

/** 200 only after the hub has stored it; what receive() throws must not become a 200. */
export const receiver =
  (account: Settings, hub: Hub) =>
  async (request: WebhookRequest): Promise<WebhookReply> => {
    if (request.method !== "POST") return { status: 405 };
    if (!genuine(account, request)) return { status: 401 };
    try {
      await hub.receive(parse(account, request.body));
    } catch {
      hub.log.warn("an SMS could not be stored; the gateway will repeat it");
      return { status: 503 };
    }
    return { status: 200 };
  };
