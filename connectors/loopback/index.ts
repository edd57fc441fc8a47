import { setTimeout as wait } from "node:timers/promises";
import { ConnectorError, defineConnector, type Hub } from "#contract";
import { begin, templates } from "./begin.ts";
import { parse } from "./parse.ts";
import { receiver } from "./receive.ts";
import { inMemory, overHttp, type Remote } from "./remote.ts";
import { sender } from "./send.ts";
import { type Settings, settings } from "./settings.ts";

/** Looks at the remote every heartbeat and reports only what changed. */
const watch = async (account: Settings, remote: Remote, hub: Hub, signal: AbortSignal): Promise<void> => {
  let was = "";
  while (!signal.aborted) {
    const reason = await remote.alive(AbortSignal.any([signal, AbortSignal.timeout(5_000)])).then(
      () => "",
      (thrown: unknown) => ConnectorError.from(thrown).message,
    );
    const is = reason || "online";
    if (is !== was && !signal.aborted) {
      hub.status(reason ? { state: "offline", reason, retryInMs: account.heartbeatMs } : { state: "online" });
    }
    was = is;
    await wait(account.heartbeatMs, undefined, { signal }).catch(() => {});
  }
};

/** A channel without a provider: customers write over a signed webhook, answers go to a callback or into memory. */
export const loopback = defineConnector({
  kind: "loopback",
  title: "Loopback",
  config: settings,
  secrets: ["secret"],
  secretsGoTo: ["callbackUrl"],
  address: ({ name }) => name,
  limits: {
    text: 10_000,
    attachments: { bytes: 2_000_000, perMessage: 10, mimeTypes: "any" },
    replyWindowHours: false,
    subject: true,
    content: ["template", "buttons", "list", "location", "contacts"],
  },
  idempotentSend: true,
  forOperators: true,
  open({ config }, hub) {
    const remote = config.callbackUrl === undefined ? inMemory() : overHttp(config, config.callbackUrl);
    return {
      async start(signal) {
        hub.status({ state: "connecting" });
        await watch(config, remote, hub, signal);
      },
      ...sender(config, remote),
      // A visitor of a web page cannot be written to first.
      ...(config.as === "chat" ? {} : { begin: (to) => begin(config, to), templates: async () => templates }),
      webhook: receiver(config, hub),
      reparse: async (raw) => parse(config, raw),
      async probe(signal) {
        await remote.alive(signal);
        return { says: config.callbackUrl === undefined ? "Messages are kept in memory." : "The callback answers." };
      },
    };
  },
});
