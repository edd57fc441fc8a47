import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Hub } from "#contract";
import { z } from "zod";

/**
 * A session token is the session's random 128-bit id and, sealed with the account's key (AES-256-GCM), what the
 * visitor told of themselves. The hub keeps nothing per visitor; a token nobody sealed here opens to nothing.
 */
const content = z.object({
  id: z.string().regex(/^[\w-]{22}$/),
  name: z.string().optional(),
  email: z.string().optional(),
  /** A user id of the site, proved by its signature. */
  user: z.string().optional(),
  emailVerified: z.boolean().optional(),
  /** Whether the pre-chat form was handed in. */
  form: z.boolean().optional(),
});
export type Session = z.output<typeof content>;

const keyName = "session-key";
const associated = Buffer.from("linka visitor session v1");

export interface Sessions {
  create(): Session;
  seal(session: Session): Promise<string>;
  /** Undefined: forged, damaged, sealed for another account, or logged out. */
  open(token: string): Promise<Session | undefined>;
  /** From now on no token of this session opens, on any node. */
  end(session: Session): Promise<void>;
}

export const openSessions = ({ memory }: { readonly memory: Hub["memory"] }): Sessions => {
  let known: Buffer | undefined;

  /** Two nodes may make a key at the same moment: both use the one that memory kept. */
  const key = async (): Promise<Buffer> => {
    known ??= Buffer.from(await memory.setOnce(keyName, randomBytes(32).toString("base64")), "base64");
    return known;
  };

  const unseal = (token: string, secret: Buffer): Session | undefined => {
    const [id, sealed] = token.split(".");
    if (!id || !sealed) return undefined;
    const bytes = Buffer.from(sealed, "base64url");
    if (bytes.length < 29) return undefined;
    try {
      const cipher = createDecipheriv("aes-256-gcm", secret, bytes.subarray(0, 12));
      cipher.setAAD(associated);
      cipher.setAuthTag(bytes.subarray(-16));
      const plain = Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]);
      const session = content.parse(JSON.parse(plain.toString("utf8")));
      return session.id === id ? session : undefined;
    } catch {
      return undefined;
    }
  };

  return {
    create: () => ({ id: randomBytes(16).toString("base64url") }),

    async seal(session) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", await key(), iv);
      cipher.setAAD(associated);
      const sealed = Buffer.concat([iv, cipher.update(JSON.stringify(session), "utf8"), cipher.final()]);
      return `${session.id}.${Buffer.concat([sealed, cipher.getAuthTag()]).toString("base64url")}`;
    },

    async open(token) {
      if (token.length > 4096) return undefined;
      const session = unseal(token, await key());
      if (!session) return undefined;
      return (await memory.get(`ended:${session.id}`)) === undefined ? session : undefined;
    },

    async end(session) {
      await memory.set(`ended:${session.id}`, "1");
    },
  };
};
