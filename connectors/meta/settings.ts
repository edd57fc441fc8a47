import { z } from "zod";
import { graphUrl } from "../graph/index.ts";

const graphId = z.string().regex(/^\d{1,30}$/, "digits only");
const secret = z.string().min(8).max(1_000);
const shared = {
  token: secret.meta({
    title: "Access token",
    description: "Best of a system user, which does not expire.",
  }),
  appId: graphId.meta({ title: "App ID", description: "Tells our own messages from those of other apps." }),
  appSecret: secret.meta({ title: "App secret", description: "Meta signs every webhook with it." }),
  verify: z
    .string()
    .min(8)
    .max(200)
    .meta({ title: "Verify token", description: "Any text; entered in the app's webhook settings as well." }),
  apiVersion: z
    .string()
    .regex(/^v\d{1,3}\.\d{1,2}$/, "like v26.0")
    .default("v26.0")
    .meta({ title: "Graph version" }),
  checkEveryMs: z
    .int()
    .min(10)
    .max(600_000)
    .default(60_000)
    .meta({ title: "Milliseconds between looks at the account" }),
};

export const messengerSettings = z.object({
  pageId: graphId.meta({ title: "Page ID", description: "The Facebook page customers write to." }),
  ...shared,
  apiUrl: graphUrl.default("https://graph.facebook.com").meta({ title: "Address of the Graph API" }),
});

export const instagramSettings = z.object({
  accountId: graphId.meta({ title: "Instagram account ID", description: "Of the professional account." }),
  pageId: graphId.optional().meta({
    title: "Page ID",
    description: "The Facebook page it is linked to. Empty: the token comes from a login with Instagram.",
  }),
  ...shared,
  apiUrl: graphUrl.optional().meta({
    title: "Address of the Graph API",
    description: "Empty: graph.facebook.com with a page, graph.instagram.com without one.",
  }),
});

/** One page or Instagram account as the rest of this folder sees it. */
export interface Settings {
  readonly channel: "messenger" | "instagram";
  /** What webhooks name in `object`. */
  readonly object: "page" | "instagram";
  /** The page or Instagram account customers write to: whose entries in a webhook are ours. */
  readonly own: string;
  /** The node of the Graph messages are sent through. */
  readonly node: string;
  readonly token: string;
  readonly appId: string;
  readonly appSecret: string;
  readonly verify: string;
  readonly apiUrl: string;
  readonly apiVersion: string;
  readonly checkEveryMs: number;
}

export const ofMessenger = ({ pageId, ...rest }: z.output<typeof messengerSettings>): Settings => ({
  ...rest,
  channel: "messenger",
  object: "page",
  own: pageId,
  node: pageId,
});

export const ofInstagram = ({ accountId, pageId, apiUrl, ...rest }: z.output<typeof instagramSettings>): Settings => ({
  ...rest,
  channel: "instagram",
  object: "instagram",
  own: accountId,
  node: pageId ?? accountId,
  apiUrl: apiUrl ?? (pageId === undefined ? "https://graph.instagram.com" : "https://graph.facebook.com"),
});
