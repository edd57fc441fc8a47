import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { quote, splitOutside, unquote } from "./uri.ts";

/** HTTP digest as SIP uses it: RFC 2617, RFC 7616 and RFC 8760 (MD5, SHA-256, qop "auth"). */

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const hashes: Readonly<Record<string, "md5" | "sha256">> = { md5: "md5", "sha-256": "sha256" };

const hashOf = (algorithm: string, text: string): string | undefined => {
  const name = hashes[algorithm.toLowerCase()];
  return name === undefined ? undefined : createHash(name).update(text).digest("hex");
};

/** `Digest a="b", c=d` as a map with names in lower case; undefined = another scheme or not well-formed. */
export const parseDigest = (text: string): ReadonlyMap<string, string> | undefined => {
  const scheme = /^\s*digest\s+/i.exec(text);
  const parts = scheme === null ? undefined : splitOutside(text.slice(scheme[0].length), ",");
  if (parts === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const part of parts) {
    const equals = part.indexOf("=");
    if (equals < 1) return undefined;
    fields.set(part.slice(0, equals).trim().toLowerCase(), unquote(part.slice(equals + 1).trim()));
  }
  return fields;
};

const respond = (input: {
  readonly algorithm: string;
  readonly user: string;
  readonly realm: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly session: { readonly nc: string; readonly cnonce: string } | undefined;
}): string | undefined => {
  const ha1 = hashOf(input.algorithm, `${input.user}:${input.realm}:${input.password}`);
  const ha2 = hashOf(input.algorithm, `${input.method}:${input.uri}`);
  if (ha1 === undefined || ha2 === undefined) return undefined;
  const middle = input.session === undefined ? "" : `${input.session.nc}:${input.session.cnonce}:auth:`;
  return hashOf(input.algorithm, `${ha1}:${input.nonce}:${middle}${ha2}`);
};

const strength = (challenge: ReadonlyMap<string, string>): number =>
  ["md5", "sha-256"].indexOf((challenge.get("algorithm") ?? "MD5").toLowerCase());

/**
 * Answers the strongest challenge we know (RFC 8760 section 2.4). Gives what to send as Authorization or
 * Proxy-Authorization, and the nonce answered; undefined = nothing here can be answered.
 */
export const answerChallenge = (input: {
  readonly challenges: readonly string[];
  readonly credentials: Credentials;
  readonly method: string;
  readonly uri: string;
  /** How many times each nonce was used, this one included. */
  readonly count: (nonce: string) => number;
  readonly cnonce?: string;
}): { readonly value: string; readonly nonce: string; readonly stale: boolean } | undefined => {
  const known = input.challenges
    .flatMap((text) => parseDigest(text) ?? [])
    .filter((challenge) => strength(challenge) >= 0)
    .sort((a, b) => strength(b) - strength(a));
  const challenge = known[0];
  const nonce = challenge?.get("nonce");
  const realm = challenge?.get("realm");
  if (challenge === undefined || nonce === undefined || realm === undefined) return undefined;
  const algorithm = challenge.get("algorithm") ?? "MD5";
  const offered = challenge.get("qop")?.split(",");
  const withQop = offered?.some((one) => one.trim().toLowerCase() === "auth") === true;
  if (offered !== undefined && !withQop) return undefined;
  const nc = input.count(nonce).toString(16).padStart(8, "0");
  const cnonce = input.cnonce ?? randomBytes(8).toString("hex");
  const { user, password } = input.credentials;
  const session = withQop ? { nc, cnonce } : undefined;
  const response = respond({ ...input, algorithm, user, realm, password, nonce, session });
  if (response === undefined) return undefined;
  const opaque = challenge.get("opaque");
  const fields = [
    `username=${quote(user)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(input.uri)}`,
    `response="${response}"`,
    ...(challenge.has("algorithm") ? [`algorithm=${algorithm}`] : []),
    ...(session === undefined ? [] : ["qop=auth", `nc=${nc}`, `cnonce="${cnonce}"`]),
    ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
  ];
  return { value: `Digest ${fields.join(", ")}`, nonce, stale: challenge.get("stale")?.toLowerCase() === "true" };
};

const nonceLifeMs = 300_000;

/**
 * The asking side. Nonces carry their time and a MAC, so that nothing is stored for a challenge; a nonce's counts are
 * remembered once it was answered rightly, so that a recorded answer cannot be used again.
 */
export const challenger = (input: {
  readonly realm: string;
  readonly now: () => number;
  readonly passwordOf: (user: string) => string | undefined;
}) => {
  const key = randomBytes(32);
  const counts = new Map<string, number>();
  const mac = (time: string): string => createHmac("sha256", key).update(time).digest("hex").slice(0, 32);
  const nonce = (): string => {
    const time = `${input.now().toString(36)}.${randomBytes(6).toString("hex")}`;
    return `${time}.${mac(time)}`;
  };
  const age = (given: string): number | undefined => {
    const cut = given.lastIndexOf(".");
    const time = given.slice(0, Math.max(cut, 0));
    const right = Buffer.from(mac(time));
    const seen = Buffer.from(given.slice(cut + 1));
    if (right.length !== seen.length || !timingSafeEqual(right, seen)) return undefined;
    return input.now() - Number.parseInt(time.split(".")[0] ?? "", 36);
  };
  const counted = (given: string, nc: string): boolean => {
    const count = Number.parseInt(nc, 16);
    if (!/^[0-9a-f]{8}$/i.test(nc) || count <= (counts.get(given) ?? 0)) return false;
    counts.set(given, count);
    if (counts.size > 10_000)
      for (const [old] of counts) if ((age(old) ?? nonceLifeMs) >= nonceLifeMs) counts.delete(old);
    return true;
  };
  return {
    /** Values of WWW-Authenticate, the one we prefer first (RFC 8760). */
    challenges: (stale: boolean): readonly string[] =>
      ["SHA-256", "MD5"].map(
        (algorithm) =>
          `Digest realm=${quote(input.realm)}, nonce="${nonce()}", algorithm=${algorithm}, qop="auth"${stale ? ", stale=true" : ""}`,
      ),
    /** Who answered rightly; "stale" = rightly, but the nonce is too old: challenge again with stale=true. */
    check: (value: string, method: string): { readonly user: string } | "stale" | "wrong" => {
      const fields = parseDigest(value);
      const get = (name: string): string => fields?.get(name) ?? "";
      const password = input.passwordOf(get("username"));
      const old = age(get("nonce"));
      if (fields === undefined || old === undefined || get("qop") !== "auth" || get("realm") !== input.realm)
        return "wrong";
      const right = respond({
        algorithm: fields.get("algorithm") ?? "MD5",
        user: get("username"),
        realm: input.realm,
        // An unknown user costs the same time as a wrong password.
        password: password ?? "",
        method,
        uri: get("uri"),
        nonce: get("nonce"),
        session: { nc: get("nc"), cnonce: get("cnonce") },
      });
      const given = Buffer.from(get("response"));
      const expected = Buffer.from(right ?? "");
      const same = right !== undefined && given.length === expected.length && timingSafeEqual(given, expected);
      if (!same || password === undefined) return "wrong";
      if (old > nonceLifeMs || !counted(get("nonce"), get("nc"))) return "stale";
      return { user: get("username") };
    },
  };
};
export type Challenger = ReturnType<typeof challenger>;
