import { setTimeout as wait } from "node:timers/promises";
import { ConnectorError, defineConnector } from "#contract";
import { parse } from "./parse.ts";
import { receiver } from "./receive.ts";
import { call, send } from "./send.ts";
import { settings } from "./settings.ts";

export const toy = defineConnector({
  kind: "toy",
  title: "Toy SMS gateway",
  config: settings,
  secrets: ["apiKey", "webhookSecret"],
  secretsGoTo: ["apiUrl"],
  address: ({ number }) => number,
  limits: { text: 1_000, attachments: false, replyWindowHours: false, subject: false },
  open({ config }, hub) {
    return {
      async start(signal) {
        hub.status({ state: "connecting" });
        while (!signal.aborted) {
          try {
            await call(config, "health", { signal });
            hub.status({ state: "online" });
          } catch (thrown) {
            const reason = ConnectorError.from(thrown).message;
            if (!signal.aborted) hub.status({ state: "offline", reason, retryInMs: config.checkEveryMs });
          }
          await wait(config.checkEveryMs, undefined, { signal }).catch(() => {});
        }
      },
      send: (message, signal) => send(config, message, signal),
      webhook: receiver(config, hub),
      reparse: async (raw) => [parse(config, raw)],
      async probe(signal) {
        await call(config, "health", { signal });
        return { says: "The gateway answers." };
      },
    };
  },
});
