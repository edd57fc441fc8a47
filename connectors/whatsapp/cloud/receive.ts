import type { Connection, Hub, WebhookReply, WebhookRequest } from "#contract";
import { genuine, handshake } from "../../graph/index.ts";
import type { Moves } from "./moved.ts";
import { parse, type Parsed } from "./parse.ts";
import type { Settings } from "./settings.ts";

/** 200 only after everything in the request is stored; 503 makes Meta deliver the whole of it again, for up to 7 days. */
export const receiver =
  (input: {
    readonly settings: Settings;
    readonly hub: Hub;
    readonly fetchFile: NonNullable<Connection["fetchFile"]>;
    readonly moves: Pick<Moves, "learn">;
    readonly heard: (thread: Parameters<NonNullable<Connection["typing"]>>[0], id: string) => void;
  }) =>
  async (request: WebhookRequest): Promise<WebhookReply> => {
    const { settings, hub } = input;
    if (request.path !== "" && request.path !== "/") return { status: 404 };
    if (request.method === "GET") return handshake(settings.verify, request);
    if (!genuine(settings.appSecret, request)) return { status: 401 };
    const { events, ignored, others }: Parsed = parse(settings.phoneNumberId, input.fetchFile, request.body);
    for (const reason of ignored) hub.log.info("nothing for the inbox", { reason });
    const stored = await Promise.allSettled(events.map((event) => hub.receive(event)));
    const lost = stored.filter(({ status }) => status === "rejected").length;
    if (lost > 0) {
      hub.log.warn("a delivery could not be stored; Meta is asked to repeat it", { events: events.length, lost });
      return { status: 503 };
    }
    for (const event of events) {
      if (event.type !== "message" || event.own) continue;
      input.heard(event.thread, event.id);
      await input.moves.learn(event);
    }
    return {
      status: 200,
      ...(others.length > 0 && { others: others.map((address) => ({ kind: "whatsapp", address })) }),
    };
  };
