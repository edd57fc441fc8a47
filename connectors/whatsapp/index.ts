import { setTimeout as wait } from "node:timers/promises";
import { ConnectorError, defineConnector, type Hub } from "#contract";
import { type Graph, leadsElsewhere, openGraph } from "../graph/index.ts";
import { fileFetcher } from "./cloud/media.ts";
import { openMoves } from "./cloud/moved.ts";
import { parse } from "./cloud/parse.ts";
import { lookAtNumber, probe, tokenWarning } from "./cloud/probe.ts";
import { receiver } from "./cloud/receive.ts";
import { sender, textMost } from "./cloud/send.ts";
import { type Settings, settings } from "./cloud/settings.ts";
import { listTemplates } from "./cloud/template.ts";
import { partyAt, toThreadKey } from "./thread.ts";

const lookWithinMs = 10_000;
const tokenEveryMs = 6 * 3_600_000;

/** Looks at our number every `checkEveryMs`; a refused token asks for a person, everything else for patience. */
const watch = async (graph: Graph, config: Settings, hub: Hub, signal: AbortSignal): Promise<void> => {
  let was = "";
  let tokenAt = Number.NEGATIVE_INFINITY;
  let warning: string | undefined;
  const look = async (): Promise<Parameters<Hub["status"]>[0]> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(lookWithinMs)]);
    try {
      await lookAtNumber(graph, config, limit);
      hub.alive();
      if (hub.now().getTime() - tokenAt > tokenEveryMs) {
        warning = await tokenWarning(graph, config, hub.now(), limit).catch(() => undefined);
        tokenAt = hub.now().getTime();
      }
      return { state: "online", ...(warning !== undefined && { warning }) };
    } catch (thrown) {
      const { code, message } = ConnectorError.from(thrown);
      if (code === "auth") return { state: "needs-login", reason: message };
      return { state: "offline", reason: message, retryInMs: config.checkEveryMs };
    }
  };
  while (!signal.aborted) {
    const status = await look();
    const is = JSON.stringify(status);
    if (is !== was && !signal.aborted) hub.status(status);
    was = is;
    await wait(config.checkEveryMs, undefined, { signal }).catch(() => {});
  }
};

/** WhatsApp through Meta's Cloud API: the transport for production. */
export const whatsapp = defineConnector({
  kind: "whatsapp",
  title: "WhatsApp",
  config: settings,
  secrets: ["token", "appSecret"],
  secretsGoTo: ["apiUrl"],
  webhookToken: "verify",
  leadsElsewhere,
  address: ({ phoneNumberId }) => phoneNumberId,
  limits: {
    text: textMost,
    attachments: { bytes: 100_000_000, perMessage: 1, mimeTypes: "any" },
    replyWindowHours: 24,
    content: ["template", "buttons", "list", "location", "contacts"],
    subject: false,
  },
  open({ config }, hub) {
    const { apiUrl, apiVersion, token, appSecret } = config;
    const graph = openGraph({ baseUrl: apiUrl, version: apiVersion, token, appSecret });
    const fetchFile = fileFetcher(graph, config.phoneNumberId);
    const moves = openMoves(config.phoneNumberId, hub.memory);
    const { heard, ...sending } = sender(graph, config, moves);
    return {
      async start(signal) {
        hub.status({ state: "connecting" });
        await watch(graph, config, hub, signal);
      },
      ...sending,
      begin: (to) => toThreadKey(config.phoneNumberId, partyAt(to)),
      templates: (signal) => listTemplates(graph, config.businessAccountId, signal),
      fetchFile,
      webhook: receiver({ settings: config, hub, fetchFile, heard, moves }),
      reparse: async (raw) => parse(config.phoneNumberId, fetchFile, raw).events,
      probe: (signal) => probe(graph, config, hub.now(), signal),
    };
  },
});
