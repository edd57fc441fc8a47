import { calledOf, scanner } from "./callerOf.ts";
import { allowed, type Resolve, supported } from "./dialog.ts";
import { type Challenger, challenger } from "./digest.ts";
import { type Endpoint, type Incoming, makeTag, openEndpoint } from "./endpoint.ts";
import { type Guard, openGuard } from "./guard.ts";
import { header, headersOf, type SipRequest } from "./message.ts";
import { dnsNames, type Names, resolveUri } from "./resolve.ts";
import type { Flow, Listening } from "./transport.ts";
import { parseUri } from "./uri.ts";

/** A trunk as the switchboard needs it to tell whose call it is. */
interface Line {
  /** User part of its Contact: a registrar sends calls there. */
  readonly user: string;
  readonly owns: (called: string) => boolean;
  readonly inside: (host: string) => boolean;
  readonly accounts: ReadonlyMap<string, string>;
  readonly take: (incoming: Incoming) => void;
}

/** SIP sockets shared by the trunks that listen on the same addresses. */
export interface Switchboard {
  readonly endpoint: Endpoint;
  readonly guard: Guard;
  readonly resolve: Resolve;
  readonly name: string;
  /** Gives back what takes the line away. */
  join(line: Line): () => void;
  stop(): Promise<void>;
}

const realm = "linka";

/** Opens the sockets and decides for each new request which trunk it belongs to, or that it gets no answer. */
export const openSwitchboard = async (input: {
  readonly listen: readonly Listening[];
  readonly advertise?: string | undefined;
  readonly tlsCa?: string | undefined;
  readonly now?: () => number;
  readonly names?: Names;
  readonly name?: string;
}): Promise<Switchboard> => {
  const now = input.now ?? (() => performance.now());
  const name = input.name ?? "Linka";
  const guard = openGuard({ now });
  const lines = new Set<Line>();
  const digest: Challenger = challenger({
    realm,
    now: () => Math.floor(now()),
    passwordOf: (user) => [...lines].flatMap((line) => line.accounts.get(user) ?? [])[0],
  });

  const lineFor = (request: SipRequest, from: Flow): Line | undefined => {
    const user = parseUri(request.uri)?.user;
    const called = calledOf(request);
    const near = [...lines].filter((line) => line.inside(from.host));
    return (
      near.find((line) => line.user === user && line.user !== "linka") ??
      near.find((line) => line.owns(called)) ??
      near[0]
    );
  };

  const challenge = (incoming: Incoming, stale: boolean): void => {
    incoming.respond(401, { toTag: makeTag(), headers: { "www-authenticate": digest.challenges(stale) } });
  };

  /** The line of a caller that no network vouches for, by digest; undefined = it was answered here. */
  const authenticated = (incoming: Incoming): Line | undefined => {
    const { request, flow } = incoming;
    const value = header(request, "authorization");
    if (value === undefined) {
      guard.fault(flow.host, 0.5);
      challenge(incoming, false);
      return undefined;
    }
    const checked = digest.check(value, request.method);
    if (checked === "stale") challenge(incoming, true);
    else if (checked === "wrong") {
      guard.fault(flow.host, 2);
      challenge(incoming, false);
    } else {
      guard.forgive(flow.host);
      const own = [...lines].filter((line) => line.accounts.has(checked.user));
      return own.find((line) => line.owns(calledOf(request))) ?? own[0];
    }
    return undefined;
  };

  const onRequest = (incoming: Incoming): void => {
    const { request, flow } = incoming;
    const toTag = makeTag();
    if (request.method === "OPTIONS")
      return void incoming.respond(200, { toTag, headers: { allow: allowed, supported, accept: "application/sdp" } });
    if (request.method !== "INVITE") {
      const status = request.method === "REGISTER" ? 403 : request.method === "NOTIFY" ? 481 : 405;
      return void incoming.respond(status, { toTag, headers: { allow: allowed } });
    }
    const scheme = /^[a-z]+:/i.exec(request.uri)?.[0].toLowerCase();
    if (scheme !== "sip:" && scheme !== "sips:" && scheme !== "tel:") return void incoming.respond(416, { toTag });
    if (parseUri(request.uri) === undefined) return void incoming.respond(400, { toTag });
    const type = header(request, "content-type")?.toLowerCase();
    if (request.body !== "" && type !== undefined && !/^(?:application\/sdp|multipart\/)/.test(type))
      return void incoming.respond(415, { toTag, headers: { accept: "application/sdp" } });
    if (headersOf(request, "contact").length === 0) return void incoming.respond(400, { toTag });
    const line = guard.trusted(flow.host) ? lineFor(request, flow) : authenticated(incoming);
    if (line !== undefined) line.take(incoming);
    else if (guard.trusted(flow.host)) incoming.respond(404, { toTag });
  };

  const endpoint = await openEndpoint({
    listen: input.listen,
    advertise: input.advertise,
    name,
    tlsCa: input.tlsCa,
    welcome: guard.welcome,
    onFault: (_, from) => guard.fault(from.host),
    admit: (request, from) => {
      if (guard.trusted(from.host)) return true;
      if (scanner(request)) {
        guard.fault(from.host, 20);
        return false;
      }
      // Strangers get an answer only where a phone with a password could be one of them.
      const phones = [...lines].some((line) => line.accounts.size > 0);
      if (!phones) guard.fault(from.host, 0.5);
      return phones;
    },
    onRequest,
  });

  return {
    endpoint,
    guard,
    name,
    resolve: async (text) => {
      const uri = parseUri(text);
      if (uri === undefined) return [];
      const can = [...new Set(endpoint.bound.map(({ proto }) => proto))];
      return resolveUri({ uri, names: input.names ?? dnsNames, can });
    },
    join: (line) => {
      lines.add(line);
      return () => lines.delete(line);
    },
    stop: () => endpoint.stop(),
  };
};
