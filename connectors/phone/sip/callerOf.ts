import type { Caller } from "../ports.ts";
import { header, headersOf, type SipRequest } from "./message.ts";
import { type NameAddr, parseNameAddr, parseUri } from "./uri.ts";

const withheldUsers = new Set(["anonymous", "restricted", "unavailable", "unknown", "private", "withheld"]);

const userOf = (address: NameAddr | undefined): string | undefined => {
  const uri = address === undefined ? undefined : parseUri(address.uri);
  if (uri === undefined || uri.user === "") return undefined;
  if (uri.host.toLowerCase().endsWith("anonymous.invalid") || withheldUsers.has(uri.user.toLowerCase()))
    return undefined;
  return uri.user;
};

/**
 * Who calls. A number that the caller asked to withhold (RFC 3323 Privacy: id, user or header; RFC 3325) is not
 * looked at even when the trunk tells it: asserted identities are for the network and the emergency services.
 */
export const callerOf = (request: SipRequest, trusted: boolean): Caller => {
  const privacy = headersOf(request, "privacy").flatMap((value) => value.toLowerCase().split(/[;\s]+/));
  const withheld = privacy.some((value) => ["id", "user", "header", "full"].includes(value));
  if (withheld || userOf(request.from) === undefined) return { number: undefined, display: "" };
  const asserted = trusted
    ? headersOf(request, "p-asserted-identity")
        .map(parseNameAddr)
        .find((address) => userOf(address) !== undefined)
    : undefined;
  const display = (asserted?.display || request.from.display).slice(0, 100);
  return { number: userOf(asserted) ?? userOf(request.from), display };
};

/** The number called: the Request-URI, or where the trunk puts ours there, the To it was called by. */
export const calledOf = (request: SipRequest): string => {
  const uri = parseUri(request.uri);
  return uri?.user || parseUri(request.to.uri)?.user || "";
};

/** Whether this came from a tool that looks for open PBXs; it gets no answer. */
export const scanner = (request: SipRequest): boolean =>
  /friendly-scanner|sipvicious|sipcli|sip-scan|sundayddr|vaxsipuseragent|iwar|pplsip|sipsak|smap/i.test(
    header(request, "user-agent") ?? "",
  );
