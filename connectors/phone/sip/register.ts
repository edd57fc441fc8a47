import { randomUUID } from "node:crypto";
import { authorizer, contactOf, type Manner } from "./dialog.ts";
import { makeTag } from "./endpoint.ts";
import { type Headers, header, headersOf, type SipResponse } from "./message.ts";
import { after, type Alarm } from "./timers.ts";
import type { Flow } from "./transport.ts";
import { parseNameAddr, parseUri } from "./uri.ts";

export type Registered =
  | { readonly state: "registered"; readonly seconds: number; readonly flow: Flow }
  /** `final`: the credentials are refused; asking again would only count as an attack. */
  | { readonly state: "refused"; readonly status: number; readonly reason: string; readonly retryInMs: number };

const againMs = { first: 5_000, most: 300_000, refused: 300_000 } as const;

/** The expiry granted to our own contact (RFC 3261 section 10.2.4). */
const granted = (response: SipResponse, user: string, asked: number): number => {
  const ours = headersOf(response, "contact")
    .map(parseNameAddr)
    .find((contact) => contact !== undefined && parseUri(contact.uri)?.user === user);
  const seconds = Number(ours?.params.get("expires") ?? header(response, "expires") ?? asked);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : asked;
};

/**
 * Keeps our contact registered (RFC 3261 section 10.2): refreshes well before it runs out, asks for longer when told
 * 423, tries again with growing pauses when nobody answers, and takes the contact away when stopped.
 */
export const keepRegistered = (input: {
  readonly manner: Manner;
  /** "sip:example.com" */
  readonly registrar: string;
  readonly proxy: string | undefined;
  /** "sip:user@example.com" */
  readonly account: string;
  readonly expires: number;
  readonly tell: (state: Registered) => void;
}): { stop(): Promise<void> } => {
  const { manner } = input;
  const callId = randomUUID();
  const tag = makeTag();
  let seq = 0;
  let asking = input.expires;
  let failures = 0;
  let stopped = false;
  let alarm: Alarm | undefined;
  let flow: Flow | undefined;

  const once = async (expires: number): Promise<SipResponse | "timeout" | "transport"> => {
    const authorize = authorizer(manner.credentials);
    let authorization: readonly [string, string] | undefined;
    const flows = await manner.resolve(input.proxy ?? input.registrar).catch((): readonly Flow[] => []);
    let last: SipResponse | "timeout" | "transport" = "transport";
    for (let index = 0; index < flows.length;) {
      const to = flows[index];
      if (to === undefined) break;
      seq += 1;
      const headers: Headers = new Map([
        ["max-forwards", ["70"]],
        ["from", [`<${input.account}>;tag=${tag}`]],
        ["to", [`<${input.account}>`]],
        ["call-id", [callId]],
        ["cseq", [`${seq} REGISTER`]],
        ["contact", [contactOf(manner, to.proto)]],
        ["expires", [String(expires)]],
        ["user-agent", [manner.name]],
      ]);
      if (authorization !== undefined) headers.set(authorization[0], [authorization[1]]);
      last = await new Promise((resolve) => {
        manner.endpoint.request({
          method: "REGISTER",
          uri: input.registrar,
          headers,
          flow: to,
          onResponse: (response) => {
            if (response.status >= 200) resolve(response);
          },
          onLost: resolve,
        });
      });
      if (typeof last === "string" || last.status === 503) {
        index += 1;
        continue;
      }
      flow = to;
      authorization = authorize(last, "REGISTER", input.registrar);
      if (authorization === undefined) return last;
    }
    return last;
  };

  const plan = (ms: number): void => {
    if (!stopped) alarm = after(ms, () => void refresh());
  };
  const refresh = async (): Promise<void> => {
    const outcome = await once(asking);
    if (stopped) return;
    if (typeof outcome !== "string" && outcome.status < 300 && flow !== undefined) {
      failures = 0;
      const seconds = granted(outcome, manner.user, asking);
      input.tell({ state: "registered", seconds, flow });
      // RFC 5626 section 4.4.1 refreshes at half time for long ones; short ones keep some seconds in hand.
      return plan(Math.max(1, seconds > 120 ? seconds / 2 : seconds - Math.min(15, seconds / 3)) * 1_000);
    }
    const least = typeof outcome === "string" ? NaN : Number(header(outcome, "min-expires"));
    if (typeof outcome !== "string" && outcome.status === 423 && least > asking && least < 86_400) {
      asking = least;
      return refresh();
    }
    failures += 1;
    const status = typeof outcome === "string" ? 408 : outcome.status;
    const reason = typeof outcome === "string" ? "the registrar does not answer" : outcome.reason;
    const wrong = status === 401 || status === 403 || status === 407 || status === 404;
    const retryInMs = wrong ? againMs.refused : Math.min(againMs.first * 2 ** (failures - 1), againMs.most);
    input.tell({ state: "refused", status, reason, retryInMs });
    plan(retryInMs);
  };
  void refresh();

  return {
    stop: async () => {
      stopped = true;
      alarm?.stop();
      if (flow === undefined) return;
      await Promise.race([once(0), new Promise((resolve) => void after(2_000, () => resolve(undefined)))]);
    },
  };
};
