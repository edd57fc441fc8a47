import { createHash } from "node:crypto";
import { z } from "zod";
import { type Connector, ConnectorError } from "#contract";
import { Refused } from "#core/refused";
import { appendAudit } from "#store/audit";
import { openChannelSecrets, sealChannelSecrets, secretHint } from "#store/channel-secrets";
import { type ChannelRow, getChannel, updateChannel } from "#store/channels";
import { randomToken } from "../../secrets.ts";
import type { Who } from "../auth/who.ts";
import type { Context } from "../parts.ts";
import { type Call, idParam, route, type Route } from "../route.ts";

/** Where providers send people back to; registered there, so it never changes. */
const back = "/api/admin/sign-in";
/** How long somebody may take at the provider's page, in ms. */
const patience = 10 * 60_000;
const finishWithin = 20_000;
const longest = 4_000;

/** Travels through the provider sealed: who began it, for which account, and the PKCE verifier nobody else may know. */
const travelling = z.object({ account: z.string(), user: z.string(), verifier: z.string(), until: z.number() });

const settings = z.record(z.string(), z.unknown());

const redirectUri = (context: Context): string => `${context.origin()}${back}`;

const find = async (context: Context, who: Who, id: string) => {
  const row = await getChannel({ prisma: context.prisma, scope: who.scope, id });
  const connector = context.connectors.find(({ kind }) => kind === row.kind);
  const secrets = openChannelSecrets({ secrets: context.secrets, accountId: row.id, sealed: row.secretsEnc });
  return { row, connector, secrets, config: { ...settings.parse(row.config), ...secrets } };
};

/** The provider's page; undefined when the account does not sign in at one. */
const pageOf = (
  context: Context,
  connector: Connector | undefined,
  config: unknown,
  given: { state: string; verifier: string },
): URL | undefined => {
  const challenge = createHash("sha256").update(given.verifier).digest("base64url");
  try {
    return connector?.signIn?.page({ config, redirectUri: redirectUri(context), state: given.state, challenge });
  } catch (thrown) {
    throw new Refused("bad-request", ConnectorError.from(thrown).message);
  }
};

const begin = async ({ context, who, params }: Call<{ id: string }, unknown, undefined>) => {
  const { row, connector, config } = await find(context, who, params.id);
  if (connector?.forOperators === true && !who.platformAdmin)
    throw new Refused("forbidden", "Only a platform administrator may set this channel up.");
  const verifier = randomToken(48);
  const letter = { account: row.id, user: who.id, verifier, until: context.now().getTime() + patience };
  const state = Buffer.from(context.secrets.seal("channel-secrets", JSON.stringify(letter), "sign-in"));
  const page = pageOf(context, connector, config, { state: state.toString("base64url"), verifier });
  if (page === undefined) throw new Refused("bad-request", "This account does not sign in at a provider's page.");
  return { url: page.toString() };
};

const readState = (context: Context, state: string): z.output<typeof travelling> | undefined => {
  try {
    const text = context.secrets.openText("channel-secrets", Buffer.from(state, "base64url"), "sign-in");
    return travelling.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
};

const keep = async (
  context: Context,
  who: Who,
  found: { row: ChannelRow; secrets: Readonly<Record<string, string>> },
  gained: Readonly<Record<string, string>>,
): Promise<void> => {
  const { row } = found;
  const values = { ...found.secrets, ...gained };
  await updateChannel({
    prisma: context.prisma,
    scope: who.scope,
    id: row.id,
    setting: {
      ...row,
      config: settings.parse(row.config),
      secretsEnc: sealChannelSecrets({ secrets: context.secrets, accountId: row.id, values }),
      secretHints: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, secretHint(value)])),
    },
  });
  await appendAudit({
    db: context.db,
    now: context.now(),
    tenantId: row.tenantId,
    actorId: who.id,
    action: "channel.signed-in",
    target: row.id,
  });
  await context.supervisor.reload(row.id);
};

type Outcome = "done" | "expired" | "refused" | "failed";

const finish = async (
  context: Context,
  who: Who,
  query: { readonly code?: string | undefined; readonly state: string },
): Promise<Outcome> => {
  const state = readState(context, query.state);
  // Whoever brings it back must be who asked: else somebody could have a stranger's mailbox connected.
  if (state === undefined || state.user !== who.id || state.until < context.now().getTime()) return "expired";
  if (query.code === undefined) return "refused";
  const found = await find(context, who, state.account);
  const { signIn, secrets = [] } = found.connector ?? {};
  if (signIn === undefined) return "failed";
  try {
    const gained = await signIn.finish({
      config: found.config,
      redirectUri: redirectUri(context),
      code: query.code,
      verifier: state.verifier,
      signal: AbortSignal.timeout(finishWithin),
    });
    const known = Object.fromEntries(Object.entries(gained).filter(([key]) => secrets.includes(key)));
    await keep(context, who, found, known);
    return "done";
  } catch (thrown) {
    if (!(thrown instanceof ConnectorError)) throw thrown;
    context.log.warn({ accountId: state.account, code: thrown.code, reason: thrown.message }, "sign-in not finished");
    return "failed";
  }
};

export const adminSignInRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/admin/channels/:id/sign-in",
    says: "Whether the account signs in at its provider's page, and the redirect address to register there.",
    access: "admin",
    params: idParam,
    gives: z.object({ offered: z.boolean(), redirectUri: z.string() }),
    handle: async ({ context, who, params }) => {
      const { connector, config } = await find(context, who, params.id);
      const page = pageOf(context, connector, config, { state: "", verifier: "" });
      return { offered: page !== undefined, redirectUri: redirectUri(context) };
    },
  }),
  route({
    method: "post",
    path: "/api/admin/channels/:id/sign-in",
    says: "The provider's page at which an administrator connects the account (OAuth 2.0 with PKCE).",
    access: "admin",
    params: idParam,
    gives: z.object({ url: z.string() }),
    handle: begin,
  }),
  route({
    method: "get",
    path: back,
    says: "Where the provider sends the administrator back to; keeps what it grants, sealed.",
    access: "admin",
    query: z.object({ code: z.string().max(longest).optional(), state: z.string().max(longest) }),
    gives: "raw",
    handle: async ({ context, who, query, response }) => {
      const outcome = await finish(context, who, query);
      // The code stays out of the next page's Referer and out of caches.
      response.setHeader("referrer-policy", "no-referrer");
      response.setHeader("cache-control", "no-store");
      response.redirect(303, `/admin/channels?signIn=${outcome}`);
    },
  }),
];
