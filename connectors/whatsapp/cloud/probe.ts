import { type Check, ConnectorError } from "#contract";
import { z } from "zod";
import type { Graph } from "../../graph/index.ts";
import type { Settings } from "./settings.ts";

const needed = ["whatsapp_business_messaging", "whatsapp_business_management"] as const;
const day = 86_400_000;
const warnBeforeMs = 14 * day;

const tokenShape = z.object({
  data: z.looseObject({
    app_id: z.string().optional(),
    is_valid: z.boolean().default(false),
    expires_at: z.number().default(0),
    scopes: z.array(z.string()).default([]),
  }),
});
const numberShape = z.looseObject({
  display_phone_number: z.string().default(""),
  verified_name: z.string().default(""),
  quality_rating: z.string().optional(),
});
const subscribedShape = z.object({
  data: z.array(z.looseObject({ whatsapp_business_api_data: z.looseObject({ id: z.string() }).optional() })),
});

/** What Meta says about the token. */
const lookAtToken = (graph: Graph, token: string, signal: AbortSignal) =>
  graph.get("debug_token", { input_token: token }, tokenShape, signal).then(({ data }) => ({
    appId: data.app_id,
    scopes: data.scopes,
    expiresAt: data.expires_at === 0 ? undefined : new Date(data.expires_at * 1_000),
  }));

export const lookAtNumber = (graph: Graph, { phoneNumberId }: Settings, signal: AbortSignal) =>
  graph.get(phoneNumberId, { fields: "display_phone_number,verified_name,quality_rating" }, numberShape, signal);

/** Words for an admin when the token ends within two weeks; undefined while there is nothing to say. */
export const tokenWarning = async (
  graph: Graph,
  { token }: Settings,
  now: Date,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const { expiresAt } = await lookAtToken(graph, token, signal);
  if (expiresAt === undefined || expiresAt.getTime() - now.getTime() > warnBeforeMs) return undefined;
  return `The access token ends on ${expiresAt.toISOString().slice(0, 10)}.`;
};

/** Every check alone: one that fails does not hide the next. */
const attempt = async (id: string, work: () => Promise<string>): Promise<Check> => {
  try {
    return { id, ok: true, says: await work() };
  } catch (thrown) {
    return { id, ok: false, says: ConnectorError.from(thrown).message };
  }
};

/** Asks Meta for everything the account needs. Throws the first failure when Meta cannot be reached or refuses the token. */
export const probe = async (graph: Graph, settings: Settings, now: Date, signal: AbortSignal) => {
  const number = await lookAtNumber(graph, settings, signal);
  const token = await lookAtToken(graph, settings.token, signal).catch((thrown: unknown) => {
    throw ConnectorError.from(thrown);
  });
  const { businessAccountId, phoneNumberId } = settings;
  const checks: Check[] = [
    { id: "number", ok: true, says: `${number.display_phone_number} ${number.verified_name}`.trim() },
    ...needed.map((scope) => ({ id: scope, ok: token.scopes.includes(scope), says: scope })),
    await attempt("account", async () => {
      const numbers = graph.list(
        `${businessAccountId}/phone_numbers`,
        { fields: "id" },
        z.looseObject({ id: z.string() }),
        signal,
      );
      for await (const { id } of numbers) if (id === phoneNumberId) return businessAccountId;
      throw new ConnectorError("rejected", "The number does not belong to this business account.");
    }),
    await attempt("webhook", async () => {
      const { data } = await graph.get(`${businessAccountId}/subscribed_apps`, {}, subscribedShape, signal);
      const apps = data.flatMap(({ whatsapp_business_api_data: app }) => app?.id ?? []);
      if (token.appId !== undefined && apps.includes(token.appId)) return token.appId;
      throw new ConnectorError("rejected", "The app is not subscribed to the business account's webhooks.");
    }),
    {
      id: "token",
      ok: token.expiresAt === undefined || token.expiresAt > now,
      says: token.expiresAt?.toISOString().slice(0, 10) ?? "",
    },
  ];
  const missing = checks.filter(({ ok }) => !ok);
  if (missing.some(({ id }) => id === needed[0]))
    throw new ConnectorError("auth", `The access token lacks ${missing.map(({ says }) => says).join(", ")}.`);
  const trouble = missing.length === 0 ? "" : ` Missing: ${missing.map(({ says }) => says).join(" ")}`;
  return { says: `${checks[0]?.says ?? ""} answers.${trouble}`, checks };
};
