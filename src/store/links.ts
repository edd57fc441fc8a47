import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Secrets } from "../secrets.ts";

/** What a file link leads to. Whoever signs has checked the right to see it. */
interface LinkedFile {
  readonly key: string;
  readonly name: string;
  readonly mime: string;
  readonly tenantId: string;
}

export interface FileLinks {
  /** A path like `/files/<token>` that works until `ttlMs` from now (default one hour). */
  sign(file: LinkedFile, ttlMs?: number): string;
  /** Null when the token is forged or expired. */
  open(token: string): LinkedFile | null;
}

const content = z.tuple([z.string(), z.string(), z.string(), z.string(), z.number()]);
const hour = 3_600_000;

/** Signed, expiring file addresses: no session is needed to follow one, none can be made without the hub's key. */
export const makeFileLinks = (input: { readonly secrets: Secrets; readonly now: () => Date }): FileLinks => {
  const seal = (text: string): Buffer => input.secrets.keyedHash("files", `link:${text}`);
  return {
    sign: (file, ttlMs = hour) => {
      // Rounded up to a quarter of the life: the same file keeps one address for a while and the browser its cache.
      const step = ttlMs / 4;
      const until = Math.ceil((input.now().getTime() + ttlMs) / step) * step;
      const text = Buffer.from(JSON.stringify([file.key, file.name, file.mime, file.tenantId, until])).toString(
        "base64url",
      );
      return `/files/${text}.${seal(text).toString("base64url")}`;
    },
    open: (token) => {
      const [text = "", signature = "", ...rest] = token.split(".");
      const given = Buffer.from(signature, "base64url");
      const wanted = seal(text);
      if (rest.length > 0 || given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
      const [key, name, mime, tenantId, until] = content.parse(
        JSON.parse(Buffer.from(text, "base64url").toString("utf8")),
      );
      return until <= input.now().getTime() ? null : { key, name, mime, tenantId };
    },
  };
};
