import { type Connection, ConnectorError, defineConnector, type Hub, type Inbound } from "#contract";
import { leadsElsewhere, openGraph } from "../graph/index.ts";
import { accountAt } from "./account.ts";
import { bring } from "./fetch.ts";
import { parse } from "./parse.ts";
import { makeProfiles } from "./profiles.ts";
import { receiver } from "./receive.ts";
import { sender } from "./send.ts";
import { instagramSettings, messengerSettings, ofInstagram, ofMessenger, type Settings } from "./settings.ts";
import { watch } from "./watch.ts";

const megabyte = 1_000_000;
const fetchWithinMs = 60_000;

const open = (account: Settings, hub: Hub): Connection => {
  const graph = openGraph({
    baseUrl: account.apiUrl,
    version: account.apiVersion,
    token: account.token,
    appSecret: account.appSecret,
  });
  const at = accountAt(account, graph, () => hub.now());
  const profiles = makeProfiles(account, graph, hub);
  const fetch = (url: string) => bring(graph, url, AbortSignal.timeout(fetchWithinMs));
  return {
    start: (signal) => watch({ at, hub, everyMs: account.checkEveryMs, signal }),
    ...sender(account, graph),
    fetchFile: (url, signal) => bring(graph, url, signal),
    webhook: receiver({ account, hub, fetch, profiles }),
    reparse: async (raw): Promise<readonly Inbound[]> => parse(account, fetch, raw).events,
    async probe(signal) {
      const checks = await at.checks(signal);
      const missing = checks.filter(({ ok }) => !ok);
      if (missing.some(({ id }) => id === "token-app"))
        throw new ConnectorError("auth", "The access token belongs to another app.");
      return { says: `Reached as ${await at.reach(signal)}.`, checks };
    },
  };
};

const shared = {
  secrets: ["token", "appSecret"],
  secretsGoTo: ["apiUrl"],
  webhookToken: "verify",
  leadsElsewhere,
} as const;

/** Messenger: one Facebook page. Facts: Messenger Platform pages of developers.facebook.com, 2026. */
export const messenger = defineConnector({
  ...shared,
  kind: "messenger",
  title: "Messenger",
  config: messengerSettings,
  address: ({ pageId }) => pageId,
  limits: {
    text: 2_000,
    attachments: { bytes: 25 * megabyte, perMessage: 10, mimeTypes: "any" },
    replyWindowHours: 24,
    humanAgentHours: 7 * 24,
    content: ["buttons"],
    subject: false,
  },
  open: ({ config }, hub) => open(ofMessenger(config), hub),
});

/** Instagram: one professional account. */
export const instagram = defineConnector({
  ...shared,
  kind: "instagram",
  title: "Instagram",
  config: instagramSettings,
  address: ({ accountId }) => accountId,
  limits: {
    text: 1_000,
    textBytes: 1_000,
    attachments: {
      bytes: 8 * megabyte,
      perMessage: 10,
      mimeTypes: [
        "image/jpeg",
        "image/png",
        "image/gif",
        "audio/aac",
        "audio/mp4",
        "audio/mpeg",
        "audio/wav",
        "video/mp4",
        "video/quicktime",
        "video/webm",
        "application/pdf",
      ],
    },
    replyWindowHours: 24,
    humanAgentHours: 7 * 24,
    content: ["buttons"],
    subject: false,
  },
  open: ({ config }, hub) => open(ofInstagram(config), hub),
});
