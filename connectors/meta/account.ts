import { type Check, ConnectorError } from "#contract";
import { z } from "zod";
import type { Graph } from "../graph/index.ts";
import type { Settings } from "./settings.ts";

const day = 86_400_000;
/** How long before its end a token is warned about. */
const warnDays = 14;

const node = z.looseObject({ id: z.union([z.string(), z.int().transform(String)]), name: z.string().optional() });
const debug = z.looseObject({
  data: z.looseObject({
    app_id: z.union([z.string(), z.int().transform(String)]).optional(),
    is_valid: z.boolean(),
    /** Seconds; 0 = never. */
    expires_at: z.number().optional(),
    data_access_expires_at: z.number().optional(),
    scopes: z.array(z.string()).default([]),
  }),
});
const subscription = z.looseObject({
  id: z.union([z.string(), z.int().transform(String)]),
  subscribed_fields: z.array(z.string()).default([]),
});
const subscribed = z.looseObject({ data: z.array(subscription).default([]) });
const done = z.looseObject({ success: z.boolean().optional() });

/** What the page must send us: without "messages" nothing arrives at all. */
const fieldsOf = (account: Settings): readonly string[] =>
  account.channel === "messenger" || account.node !== account.own
    ? [
        "messages",
        "messaging_postbacks",
        "message_echoes",
        "message_reactions",
        "message_edits",
        "message_reads",
        "message_deliveries",
        "messaging_referrals",
        "messaging_handovers",
        "standby",
        "feed",
      ]
    : ["messages", "messaging_postbacks", "message_reactions", "messaging_seen", "messaging_referral", "comments"];

const permissionsOf = (account: Settings): readonly string[] =>
  account.channel === "messenger"
    ? ["pages_messaging", "pages_manage_metadata", "pages_read_engagement"]
    : account.node !== account.own
      ? ["instagram_basic", "instagram_manage_messages", "pages_manage_metadata"]
      : ["instagram_business_basic", "instagram_business_manage_messages"];

/** What is known about the token: undefined where the Graph does not tell (a login with Instagram). */
const tokenOf = async (account: Settings, graph: Graph, signal: AbortSignal) => {
  if (account.channel === "instagram" && account.node === account.own) return undefined;
  return (await graph.get("debug_token", { input_token: account.token }, debug, signal)).data;
};

/** When the token or its access to data ends; undefined = never, or not told. */
const endOf = (token: z.output<typeof debug>["data"] | undefined): Date | undefined => {
  const ends = [token?.expires_at ?? 0, token?.data_access_expires_at ?? 0].filter((seconds) => seconds > 0);
  return ends.length === 0 ? undefined : new Date(Math.min(...ends) * 1_000);
};

/** The live state of one account at Meta. Every method throws ConnectorError. */
export const accountAt = (account: Settings, graph: Graph, now: () => Date) => {
  const reach = async (signal: AbortSignal): Promise<string> => {
    const fields = account.channel === "messenger" || account.node !== account.own ? "id,name" : "id,username";
    const read = await graph.get(account.node, { fields }, node, signal);
    return read.name ?? read.id;
  };
  const missingFields = async (signal: AbortSignal): Promise<readonly string[]> => {
    const { data } = await graph.get(`${account.node}/subscribed_apps`, {}, subscribed, signal);
    const has = data.find(({ id }) => id === account.appId)?.subscribed_fields ?? [];
    return fieldsOf(account).filter((field) => !has.includes(field));
  };

  return {
    reach,
    /** Has the page send its events to our app. Asks first: a page set up by hand keeps what it has. */
    async subscribe(signal: AbortSignal): Promise<void> {
      if ((await missingFields(signal)).length === 0) return;
      const body = { subscribed_fields: fieldsOf(account).join(",") };
      await graph.post(`${account.node}/subscribed_apps`, body, done, signal);
    },
    /** A warning when the token ends soon. */
    async warning(signal: AbortSignal): Promise<string | undefined> {
      const end = endOf(await tokenOf(account, graph, signal));
      if (end === undefined || end.getTime() - now().getTime() > warnDays * day) return undefined;
      return `The access token ends on ${end.toISOString().slice(0, 10)}.`;
    },
    /** Everything the account needs, one by one. */
    async checks(signal: AbortSignal): Promise<readonly Check[]> {
      const token = await tokenOf(account, graph, signal);
      if (token?.is_valid === false) throw new ConnectorError("auth", "The access token is no longer valid.");
      await reach(signal);
      const end = endOf(token);
      const missing = await missingFields(signal).catch((thrown: unknown) => {
        if (ConnectorError.from(thrown).code === "auth") return ["messages"];
        throw thrown;
      });
      return [
        ...(token === undefined
          ? []
          : [
              {
                id: "token-app",
                says: "The token was made by this app.",
                ok: token.app_id === undefined || token.app_id === account.appId,
              },
              ...permissionsOf(account).map((scope) => ({ id: scope, says: scope, ok: token.scopes.includes(scope) })),
              {
                id: "token-lasts",
                says: `The token is valid for more than ${warnDays} days.`,
                ok: end === undefined || end.getTime() - now().getTime() > warnDays * day,
              },
            ]),
        { id: "account-reached", says: "The account can be reached.", ok: true },
        { id: "subscribed", says: "The account sends its messages to this app.", ok: !missing.includes("messages") },
      ];
    },
  };
};
