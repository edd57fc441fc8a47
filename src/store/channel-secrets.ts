import { z } from "zod";
import type { Secrets } from "../secrets.ts";

const content = z.record(z.string(), z.string());
type Values = Readonly<Record<string, string>>;

/** Seals the secret settings of one account; they open for this account alone. Null when there are none. */
export const sealChannelSecrets = (input: { secrets: Secrets; accountId: string; values: Values }): Buffer | null =>
  Object.keys(input.values).length === 0
    ? null
    : Buffer.from(input.secrets.seal("channel-secrets", JSON.stringify(input.values), input.accountId));

export const openChannelSecrets = (input: { secrets: Secrets; accountId: string; sealed: Uint8Array | null }): Values =>
  input.sealed === null
    ? {}
    : content.parse(JSON.parse(input.secrets.openText("channel-secrets", input.sealed, input.accountId)));

/** What may be told of a secret: its last four characters, and of a short one nothing. */
export const secretHint = (value: string): string => (value.length >= 12 ? value.slice(-4) : "");
