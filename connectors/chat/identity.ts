import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** Who the site says its visitor is: a JWT signed by its server (preferred), or its user id with an HMAC beside it. */
export const claim = z.union([
  z.object({ jwt: z.string().max(4000) }),
  z.object({
    userId: z.string().min(1).max(200),
    /** Hex HMAC-SHA-256 of the user id under the account's identity secret. */
    hash: z.string().max(200),
    name: z.string().max(120).optional(),
    email: z.email().max(254).optional(),
  }),
]);

export interface Identity {
  readonly user: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  /** The site vouches for the address itself, not only for the user id. */
  readonly emailVerified: boolean;
}

const header = z.object({ alg: z.literal("HS256") });
const payload = z.object({
  sub: z.string().min(1).max(200),
  /** Seconds since 1970. At most ten minutes ahead: a copied token is soon worth nothing. */
  exp: z.number(),
  aud: z.string(),
  name: z.string().max(120).optional(),
  email: z.email().max(254).optional(),
  email_verified: z.boolean().optional(),
});

const equal = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

const json = (part: string): unknown => {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
};

const fromJwt = (jwt: string, secret: string, account: string, now: Date): Identity | undefined => {
  const [head = "", body = "", signature = "", ...rest] = jwt.split(".");
  const mac = createHmac("sha256", secret).update(`${head}.${body}`).digest();
  if (rest.length > 0 || !equal(mac, Buffer.from(signature, "base64url"))) return undefined;
  const claims = payload.safeParse(json(body));
  if (!header.safeParse(json(head)).success || !claims.success || claims.data.aud !== account) return undefined;
  const left = claims.data.exp - now.getTime() / 1000;
  if (left <= 0 || left > 600) return undefined;
  const { sub, name, email } = claims.data;
  return { user: sub, name, email, emailVerified: claims.data.email_verified === true };
};

/** The proved identity; undefined when it is not proved or the account has no secret. */
export const proveIdentity = (input: {
  readonly claim: z.output<typeof claim>;
  readonly secret: string;
  readonly account: string;
  readonly now: Date;
}): Identity | undefined => {
  const { claim, secret } = input;
  if (secret === "") return undefined;
  if ("jwt" in claim) return fromJwt(claim.jwt, secret, input.account, input.now);
  const mac = createHmac("sha256", secret).update(claim.userId).digest();
  if (!equal(mac, Buffer.from(claim.hash, "hex"))) return undefined;
  return { user: claim.userId, name: claim.name, email: claim.email, emailVerified: false };
};
