import type { Address, IdentityKind } from "#contract";
import { cleanText } from "#core/text";

/** Kinds a channel itself issues: nobody can claim one that is not theirs. */
const issued: ReadonlySet<IdentityKind> = new Set(["wa_phone", "wa_bsuid", "wa_lid", "psid", "igsid", "loopback"]);

/** One form of an address, so that the same person is found again: mail and site users without case, numbers as digits. */
export const normalValue = (kind: IdentityKind, value: string): string => {
  const clean = cleanText(value).trim();
  if (kind === "email") return clean.toLowerCase();
  if (kind === "e164" || kind === "wa_phone") return clean.replace(/[^\d+]/gu, "");
  return clean;
};

const dots = "•••";

const maskedEmail = (value: string): string => {
  const at = value.lastIndexOf("@");
  if (at < 1) return dots;
  const host = value.slice(at + 1);
  const end = host.lastIndexOf(".");
  return `${value.slice(0, 1)}${dots}@${host.slice(0, 1)}${dots}${end > 0 ? host.slice(end) : ""}`;
};

/** A form of an address that is safe to show to anybody: too little to write to it, enough to tell two apart. */
export const maskAddress = (kind: IdentityKind, value: string): string => {
  switch (kind) {
    case "email":
      return maskedEmail(value);
    case "e164":
    case "wa_phone":
      return value.length < 7
        ? dots
        : `${value.startsWith("+") ? value.slice(0, 4) : ""} ${dots} ${value.slice(-3)}`.trim();
    case "wa_bsuid":
    case "wa_lid":
    case "psid":
    case "igsid":
    case "visitor":
    case "site_user":
    case "loopback":
      break;
  }
  return value.length < 6 ? dots : `${dots}${value.slice(-3)}`;
};

/** An address as the ingest works with it. `hash` is the keyed hash (hex) of tenant, kind, scope and value. */
export interface HashedAddress {
  readonly kind: IdentityKind;
  readonly scope: string;
  readonly value: string;
  readonly hash: string;
  readonly verified: boolean;
}

/** What the keyed hash of an address is taken over: two tenants never share a hash. */
export const hashedText = (input: {
  readonly tenantId: string;
  readonly kind: string;
  readonly scope: string;
  readonly value: string;
}): string => [input.tenantId, input.kind, input.scope, input.value].join("\n");

/**
 * Normalises and hashes what a channel says about a person. An address that merely was typed in beside the one the
 * channel knows (a visitor's e-mail in a form) is kept apart under its own scope: believing it would put the true
 * owner's letters into a stranger's file.
 */
export const hashAddresses = (input: {
  readonly tenantId: string;
  readonly addresses: readonly Address[];
  readonly hash: (text: string) => string;
}): readonly HashedAddress[] => {
  const made: HashedAddress[] = [];
  for (const { kind, scope = "", value, verified = false } of input.addresses) {
    const normal = normalValue(kind, value);
    if (normal === "") continue;
    const first = made[0];
    const claimed = first !== undefined && !verified && !issued.has(kind);
    const within = claimed ? `claimed:${first.hash.slice(0, 16)}` : cleanText(scope);
    const hash = input.hash(hashedText({ tenantId: input.tenantId, kind, scope: within, value: normal }));
    if (made.every((known) => known.hash !== hash)) {
      made.push({ kind, scope: within, value: normal, hash, verified: verified || issued.has(kind) });
    }
  }
  return made;
};
