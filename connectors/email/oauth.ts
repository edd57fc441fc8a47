import { createHash } from "node:crypto";
import { z } from "zod";
import { ConnectorError, type Hub, type SignIn } from "#contract";
import type { Settings } from "./settings.ts";

/** Access tokens for one mailbox: IMAP and SMTP share them. */
export interface Tokens {
  /** A token that is good for some minutes; `renew` when the server refused the last one. Throws ConnectorError. */
  get(renew?: boolean): Promise<string>;
}

/** Renewed so long before they expire, in ms. */
const early = 300_000;
const answerWithin = 20_000;
const longestAnswer = 65_536;

const granted = z.object({
  access_token: z.string().min(1).max(20_000),
  refresh_token: z.string().min(1).max(20_000).optional(),
  expires_in: z.coerce.number().positive().default(3_600),
});
const refused = z.object({ error: z.string().max(200) });
type Granted = z.output<typeof granted>;

const ask = async (config: Settings, fields: Record<string, string>, signal: AbortSignal): Promise<Granted> => {
  const body = new URLSearchParams({
    client_id: config.oauthClientId,
    ...(config.oauthClientSecret === "" ? {} : { client_secret: config.oauthClientSecret }),
    ...fields,
  });
  const where = URL.parse(config.oauthTokenUrl)?.host ?? "the provider";
  const unreachable = (cause: unknown): never => {
    throw new ConnectorError("unreachable", `${where} does not answer.`, { cause });
  };
  const answer = await fetch(config.oauthTokenUrl, {
    method: "POST",
    body,
    headers: { accept: "application/json" },
    redirect: "error",
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithin)]),
  }).catch(unreachable);
  const text = (await answer.text().catch(unreachable)).slice(0, longestAnswer);
  const json = z
    .string()
    .transform((said, context): unknown => {
      try {
        return JSON.parse(said);
      } catch {
        context.addIssue("no JSON");
        return z.NEVER;
      }
    })
    .safeParse(text);
  if (answer.ok) {
    const read = granted.safeParse(json.data);
    if (read.success) return read.data;
    throw new ConnectorError("unreachable", `${where} gave an answer we do not understand.`);
  }
  const { error = `status ${answer.status}` } = refused.safeParse(json.data).data ?? {};
  // RFC 6749 5.2: the provider takes this sign-in no more; only a person can renew it.
  if (/^(invalid_grant|invalid_client|unauthorized_client|access_denied|interaction_required)$/.test(error))
    throw new ConnectorError("auth", `${where} wants a new sign-in (${error}). Press Connect.`);
  throw new ConnectorError("unreachable", `${where} gives no token now (${error}).`);
};

const kept = z.object({ of: z.string(), token: z.string() });

/**
 * Tokens of a mailbox that signs in at its provider; undefined when it has a password. Providers hand out new refresh
 * tokens and let the old ones die: the newest is kept in the vault, until somebody connects again.
 */
export const makeTokens = (input: {
  readonly config: Settings;
  readonly vault: Hub["vault"];
  readonly now: () => Date;
}): Tokens | undefined => {
  const { config, vault, now } = input;
  if (config.signIn === "password") return undefined;
  const of = createHash("sha256").update(config.oauthRefreshToken).digest("hex").slice(0, 16);
  let current: { readonly token: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;

  const refresh = async (): Promise<string> => {
    if (config.oauthRefreshToken === "")
      throw new ConnectorError("auth", "The mailbox is not connected to its provider yet. Press Connect.");
    const stored = kept.safeParse(JSON.parse((await vault.get("refresh-token")) ?? "null")).data;
    const token = stored?.of === of ? stored.token : config.oauthRefreshToken;
    const got = await ask(config, { grant_type: "refresh_token", refresh_token: token }, new AbortController().signal);
    if (got.refresh_token !== undefined && got.refresh_token !== token)
      await vault.set("refresh-token", JSON.stringify({ of, token: got.refresh_token }));
    current = { token: got.access_token, until: now().getTime() + got.expires_in * 1000 };
    return got.access_token;
  };

  return {
    get: (renew = false) => {
      if (!renew && current !== undefined && current.until - early > now().getTime())
        return Promise.resolve(current.token);
      asking ??= refresh().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
};

export const signIn: SignIn<Settings> = {
  page: ({ config, redirectUri, state, challenge }) => {
    if (config.signIn === "password") return undefined;
    if (config.oauthClientId === "")
      throw new ConnectorError("rejected", "Enter the client id of the registered application first.");
    const page = new URL(config.oauthAuthorizeUrl);
    const parameters = {
      response_type: "code",
      client_id: config.oauthClientId,
      redirect_uri: redirectUri,
      scope: config.oauthScope,
      state,
      code_challenge: challenge,
      code_challenge_method: "S256",
      login_hint: config.imapUser,
    };
    for (const [name, value] of Object.entries(parameters)) page.searchParams.set(name, value);
    return page;
  },
  finish: async ({ config, redirectUri, code, verifier, signal }) => {
    const got = await ask(
      config,
      { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier },
      signal,
    );
    if (got.refresh_token === undefined)
      throw new ConnectorError("rejected", "The provider gave no lasting permission (no refresh token).");
    return { oauthRefreshToken: got.refresh_token };
  },
};
