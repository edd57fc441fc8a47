import type { SipCall, SipUa } from "../ports.ts";
import { calledOf, callerOf } from "./callerOf.ts";
import type { Manner } from "./dialog.ts";
import { makeTag } from "./endpoint.ts";
import { incomingCall } from "./incoming.ts";
import type { Incoming } from "./endpoint.ts";
import { type Headers, reasons, type SipResponse } from "./message.ts";
import { outgoingCall } from "./outgoing.ts";
import { keepRegistered } from "./register.ts";
import type { Switchboard } from "./switchboard.ts";
import { after, type Alarm } from "./timers.ts";
import { escapeUser, parseUri, quote, sipUri } from "./uri.ts";

export interface TrunkSettings {
  /** Unique among the trunks of one switchboard. */
  readonly id: string;
  /** "sip:example.com", where calls go out; "" = calls only come in (a softphone to try with). */
  readonly server: string;
  /** When calls go to `server` by another way. */
  readonly proxy?: string | undefined;
  readonly credentials?: { readonly user: string; readonly password: string } | undefined;
  /** Undefined = a static peer. Seconds. */
  readonly register?: number | undefined;
  /** Who may call us through this trunk, beside the server itself. */
  readonly sources: (host: string) => boolean;
  /** Digest accounts that may call us from anywhere. */
  readonly accounts: ReadonlyMap<string, string>;
  /** Whether a called number is one of this trunk. */
  readonly owns: (called: string) => boolean;
  /** Caller identities from this trunk are believed (RFC 3325). */
  readonly trusted: boolean;
  /** Calls at once, both ways. */
  readonly most: number;
  readonly keepAliveMs: number;
}

export type TrunkState =
  | { readonly state: "connecting" }
  | { readonly state: "online" }
  | { readonly state: "refused" | "offline"; readonly reason: string; readonly retryInMs?: number };

/** What a refusal of the trunk means, for the admin screen. */
export const inWords = (status: number, reason: string): string => {
  if (status === 401 || status === 403 || status === 407)
    return `The trunk refused the user name or password (${status}).`;
  if (status === 404) return "The trunk does not know this account (404).";
  if (status === 408) return "The trunk does not answer.";
  return `The trunk answered ${status} ${reason || (reasons[status] ?? "")}.`;
};

/** One way to the telephone network, on the sockets of a switchboard. */
export const openTrunk = (input: {
  readonly switchboard: Switchboard;
  readonly settings: TrunkSettings;
  readonly tell: (state: TrunkState) => void;
}): SipUa => {
  const { switchboard, settings, tell } = input;
  const { endpoint, resolve } = switchboard;
  const server = parseUri(settings.server);
  const host = server?.host ?? "localhost";
  const account = settings.credentials?.user ?? "linka";
  const manner: Manner = {
    endpoint,
    resolve,
    credentials: settings.credentials,
    name: switchboard.name,
    user: settings.register === undefined ? "linka" : `linka-${settings.id.replaceAll(/[^a-z0-9]/gi, "").slice(-12)}`,
  };
  const calls = new Set<SipCall>();
  let onCall: (call: SipCall) => void = (call) => call.reject({ status: 480 });
  let stopped = false;
  let alarm: Alarm | undefined;
  const addresses = new Set<string>();

  /** The trunk's own server is a source even when nobody wrote it down. */
  const inside = (source: string): boolean => settings.sources(source) || addresses.has(source);
  const trust = switchboard.guard.trust(inside);
  const learn = (found: readonly string[]): void => {
    for (const address of found) addresses.add(address);
    trust.changed();
  };
  if (settings.server !== "")
    void resolve(settings.proxy ?? settings.server).then(
      (flows) => learn(flows.map((flow) => flow.host)),
      () => undefined,
    );

  const count = (call: SipCall): SipCall => {
    calls.add(call);
    return {
      ...call,
      onEvent: (listener) =>
        call.onEvent((event) => {
          if (event.type === "ended" || event.type === "failed") calls.delete(call);
          listener(event);
        }),
    };
  };

  const leave = switchboard.join({
    user: manner.user,
    owns: settings.owns,
    inside,
    accounts: settings.accounts,
    take: (incoming: Incoming) => {
      const { request } = incoming;
      const full = stopped || calls.size >= settings.most;
      if (full) incoming.respond(503, { toTag: makeTag(), headers: { "retry-after": "10" } });
      else if (!settings.owns(calledOf(request)) && parseUri(request.uri)?.user !== manner.user)
        incoming.respond(404, { toTag: makeTag() });
      else {
        const call = incomingCall({ incoming, manner, caller: callerOf(request, settings.trusted) });
        if (call !== undefined) onCall(count(call));
      }
    },
  });

  const options = async (): Promise<SipResponse | "timeout" | "transport"> => {
    const flow = (await resolve(settings.proxy ?? settings.server).catch(() => []))[0];
    if (flow === undefined) return "transport";
    const headers: Headers = new Map([
      ["max-forwards", ["70"]],
      ["from", [`<${sipUri({ user: account, host })}>;tag=${makeTag()}`]],
      ["to", [`<${settings.server}>`]],
      ["call-id", [makeTag()]],
      ["cseq", ["1 OPTIONS"]],
      ["user-agent", [manner.name]],
    ]);
    return new Promise((done) => {
      endpoint.request({
        method: "OPTIONS",
        uri: settings.server,
        headers,
        flow,
        onResponse: (response) => {
          if (response.status >= 200) done(response);
        },
        onLost: done,
      });
    });
  };
  /** Any answer proves that somebody is there, also 404 and 405; only silence and 503 do not. */
  const watch = async (): Promise<void> => {
    const outcome = await options();
    if (stopped) return;
    if (typeof outcome === "string")
      tell({ state: "offline", reason: inWords(408, ""), retryInMs: settings.keepAliveMs });
    else if (outcome.status === 503)
      tell({ state: "offline", reason: inWords(503, outcome.reason), retryInMs: settings.keepAliveMs });
    else tell({ state: "online" });
    alarm = after(settings.keepAliveMs, () => void watch());
  };

  tell({ state: "connecting" });
  const registration =
    settings.register === undefined
      ? undefined
      : keepRegistered({
          manner,
          registrar: settings.server,
          proxy: settings.proxy,
          account: sipUri({ user: account, host }),
          expires: settings.register,
          tell: (outcome) => {
            if (outcome.state === "registered") {
              learn([outcome.flow.host]);
              tell({ state: "online" });
            } else {
              const wrong = [401, 403, 404, 407].includes(outcome.status);
              const reason = inWords(outcome.status, outcome.reason);
              tell({ state: wrong ? "refused" : "offline", reason, retryInMs: outcome.retryInMs });
            }
          },
        });
  if (registration === undefined && settings.server === "") tell({ state: "online" });
  else if (registration === undefined) void watch();

  return {
    onCall: (listener) => {
      onCall = listener;
    },
    invite: ({ target, sdp, from, anonymous }) => {
      const shown = from.display === undefined ? "" : `${quote(from.display)} `;
      const identity = sipUri({ user: from.number || account, host });
      const uri = target.startsWith("sip:") || target.startsWith("sips:") ? target : toTarget(target, settings.server);
      return count(
        outgoingCall({
          manner,
          target: uri,
          proxy: settings.proxy ?? (settings.server === "" ? undefined : settings.server),
          sdp,
          number: from.number,
          from: anonymous === true ? `"Anonymous" <sip:anonymous@anonymous.invalid>` : `${shown}<${identity}>`,
          extra: {
            "p-asserted-identity": `${shown}<${identity}>`,
            ...(anonymous === true && { privacy: "id" }),
          },
        }),
      );
    },
    stop: async () => {
      stopped = true;
      alarm?.stop();
      leave();
      for (const call of calls) call.hangup("the hub stops");
      trust.end();
      await registration?.stop();
    },
  };
};

/** A dialled number at the trunk's server, with its port and transport. */
const toTarget = (number: string, server: string): string => {
  const rest = server.replace(/^sips?:/i, "").replace(/^[^@]*@/, "");
  const scheme = server.toLowerCase().startsWith("sips:") ? "sips" : "sip";
  return `${scheme}:${escapeUser(number)}@${rest}`;
};
