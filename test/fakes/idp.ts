import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";

/** An identity provider on loopback: authorisation code with PKCE, refresh tokens that rotate, introspection for Dovecot. */
export interface IdentityProvider {
  readonly url: string;
  /** The user consented at the page: what the browser brings back. */
  consent(page: URL, user: string): { readonly code: string; readonly state: string };
  /** A refresh token as if somebody had signed in. */
  grant(user: string): string;
  /** Every access token dies now. */
  expire(): void;
  /** Every refresh token dies now: the user took the permission back. */
  revoke(): void;
  /** Who a token belongs to; undefined when it is not good. */
  userOf(accessToken: string): string | undefined;
  /** Forms that were posted to /token. */
  readonly asked: readonly Readonly<Record<string, string>>[];
  /** The next so many questions to /token are answered 503. */
  fail(times: number): void;
  stop(): Promise<void>;
}

export const clientId = "linka-test";
export const clientSecret = "a secret of the registered application";

export const startIdentityProvider = async (): Promise<IdentityProvider> => {
  const codes = new Map<string, { user: string; challenge: string; redirect: string }>();
  const refresh = new Map<string, string>();
  const access = new Map<string, string>();
  const asked: Record<string, string>[] = [];
  let failures = 0;
  const token = (kind: string): string => `${kind}-${randomBytes(12).toString("hex")}`;
  const issue = (user: string): object => {
    const [a, r] = [token("access"), token("refresh")];
    access.set(a, user);
    refresh.set(r, user);
    return { access_token: a, refresh_token: r, expires_in: 3_600, token_type: "Bearer" };
  };
  const answer = (form: Record<string, string>): readonly [number, object] => {
    if (form["client_id"] !== clientId || form["client_secret"] !== clientSecret)
      return [401, { error: "invalid_client" }];
    if (form["grant_type"] === "refresh_token") {
      const user = refresh.get(form["refresh_token"] ?? "");
      refresh.delete(form["refresh_token"] ?? "");
      return user === undefined ? [400, { error: "invalid_grant" }] : [200, issue(user)];
    }
    const code = codes.get(form["code"] ?? "");
    codes.delete(form["code"] ?? "");
    const proof = createHash("sha256")
      .update(form["code_verifier"] ?? "")
      .digest("base64url");
    const good = code !== undefined && code.challenge === proof && code.redirect === form["redirect_uri"];
    return good ? [200, issue(code.user)] : [400, { error: "invalid_grant" }];
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const form = Object.fromEntries(new URLSearchParams(body));
      const reply = (status: number, json: object): void => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(json));
      };
      if (request.url?.startsWith("/introspect") === true) {
        const user = access.get(form["token"] ?? "");
        return reply(200, user === undefined ? { active: false } : { active: true, email: user, username: user });
      }
      asked.push(form);
      if (failures > 0) {
        failures--;
        return reply(503, { error: "temporarily_unavailable" });
      }
      return reply(...answer(form));
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    consent: (page, user) => {
      const of = (name: string): string => page.searchParams.get(name) ?? "";
      const code = token("code");
      codes.set(code, { user, challenge: of("code_challenge"), redirect: of("redirect_uri") });
      return { code, state: of("state") };
    },
    grant: (user) => {
      const made = token("refresh");
      refresh.set(made, user);
      return made;
    },
    expire: () => access.clear(),
    revoke: () => refresh.clear(),
    userOf: (given) => access.get(given),
    asked,
    fail: (times) => {
      failures = times;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
