import type { Hub, Inbound, WebhookReply, WebhookRequest } from "#contract";
import { genuine, handshake } from "../graph/index.ts";
import type { Fetch } from "./fetch.ts";
import { parse } from "./parse.ts";
import type { Profiles } from "./profiles.ts";
import type { Settings } from "./settings.ts";

/** Answers 200 only after everything in the request is stored; 503 makes Meta deliver the whole of it again, for 7 days. */
export const receiver =
  (input: { readonly account: Settings; readonly hub: Hub; readonly fetch: Fetch; readonly profiles: Profiles }) =>
  async (request: WebhookRequest): Promise<WebhookReply> => {
    const { account, hub } = input;
    if (request.path !== "" && request.path !== "/") return { status: 404 };
    if (request.method === "GET") return handshake(account.verify, request);
    if (!genuine(account.appSecret, request)) return { status: 401 };
    const { events, others, ignored } = parse(account, input.fetch, request.body);
    const stored = await Promise.allSettled(events.map((event) => hub.receive(event)));
    if (stored.some(({ status }) => status === "rejected")) {
      hub.log.warn("a webhook could not be stored whole; Meta is asked to repeat it", { events: events.length });
      return { status: 503 };
    }
    if (ignored > 0) hub.log.info("a webhook told things of no use here", { ignored });
    if (events.length > 0) hub.alive();
    for (const person of writersOf(events)) input.profiles.meet(person);
    return { status: 200, ...(others.length > 0 && { others }) };
  };

const writersOf = (events: readonly Inbound[]): ReadonlySet<string> =>
  new Set(
    events.flatMap((event) =>
      event.type === "message" && event.from.name === undefined ? event.from.addresses.map(({ value }) => value) : [],
    ),
  );
