import { answerChallenge, type Credentials } from "./digest.ts";
import type { Endpoint, Sent } from "./endpoint.ts";
import { type Headers, header, headersOf, type SipRequest, type SipResponse, tagOf } from "./message.ts";
import type { Flow, Proto } from "./transport.ts";
import { parseNameAddr, parseUri } from "./uri.ts";

/** A dialog (RFC 3261 section 12) as its owner keeps it; every field that changes is changed by its owner only. */
export interface Dialog {
  readonly callId: string;
  readonly ourTag: string;
  theirTag: string | undefined;
  /** Values of From and To in our requests, tags included. */
  readonly ours: string;
  theirs: string;
  ourSeq: number;
  theirSeq: number | undefined;
  /** The far side's Contact. */
  target: string;
  routes: readonly string[];
  /** Where the far side was last heard from. */
  flow: Flow;
}

export const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY";
export const supported = "100rel, timer";

export type Resolve = (uri: string) => Promise<readonly Flow[]>;

/** What every request of one trunk has in common. */
export interface Manner {
  readonly endpoint: Endpoint;
  readonly resolve: Resolve;
  readonly credentials: Credentials | undefined;
  readonly name: string;
  /** User part of our Contact. */
  readonly user: string;
}

export type Outcome = SipResponse | "timeout" | "transport";

export const contactOf = ({ endpoint, user }: Manner, proto: Proto): string => {
  const { host, port } = endpoint.place(proto);
  const bracket = host.includes(":") ? `[${host}]` : host;
  return `<sip:${user}@${bracket}:${port}${proto === "UDP" ? "" : `;transport=${proto.toLowerCase()}`}>`;
};

const uriIn = (nameAddr: string): string => parseNameAddr(nameAddr)?.uri ?? nameAddr;

const privateHost = (host: string): boolean =>
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|f[cd][0-9a-f]{2}:|fe80:)/i.test(host);

/** Where a request inside the dialog goes: the first route, else the far side's Contact unless it lies behind a NAT. */
export const nextHop = async (dialog: Dialog, resolve: Resolve): Promise<Flow> => {
  const next = dialog.routes[0] === undefined ? dialog.target : uriIn(dialog.routes[0]);
  const uri = parseUri(next);
  // A stream stays the stream it is; RFC 5626 peers expect that.
  if (dialog.routes.length === 0 && dialog.flow.proto !== "UDP") return dialog.flow;
  if (uri === undefined || (privateHost(uri.host) && !privateHost(dialog.flow.host))) return dialog.flow;
  return (await resolve(next))[0] ?? dialog.flow;
};

/** Headers of a request inside the dialog (RFC 3261 section 12.2.1.1). */
export const dialogHeaders = (dialog: Dialog, manner: Manner, method: string, seq: number): Headers => {
  const headers: Headers = new Map([
    ["max-forwards", ["70"]],
    ["from", [dialog.ours]],
    ["to", [dialog.theirs]],
    ["call-id", [dialog.callId]],
    ["cseq", [`${seq} ${method}`]],
  ]);
  if (dialog.routes.length > 0) headers.set("route", [...dialog.routes]);
  if (["INVITE", "UPDATE", "REFER", "NOTIFY", "ACK"].includes(method))
    headers.set("contact", [contactOf(manner, dialog.flow.proto)]);
  headers.set("user-agent", [manner.name]);
  return headers;
};

/** Answers 401 and 407 with the trunk's credentials; one answer for each nonce, so that a wrong password ends it. */
export const authorizer = (credentials: Credentials | undefined) => {
  const counts = new Map<string, number>();
  const tried = new Set<string>();
  return (response: SipResponse, method: string, uri: string): readonly [string, string] | undefined => {
    if ((response.status !== 401 && response.status !== 407) || credentials === undefined) return undefined;
    const proxy = response.status === 407;
    const answer = answerChallenge({
      challenges: headersOf(response, proxy ? "proxy-authenticate" : "www-authenticate"),
      credentials,
      method,
      uri,
      count: (nonce) => {
        counts.set(nonce, (counts.get(nonce) ?? 0) + 1);
        return counts.get(nonce) ?? 1;
      },
    });
    if (answer === undefined || tried.has(answer.nonce)) return undefined;
    // A second fresh nonce without "stale" means that the password is wrong.
    if (tried.size > 0 && !answer.stale) return undefined;
    tried.add(answer.nonce);
    return [proxy ? "proxy-authorization" : "authorization", answer.value];
  };
};

export interface Ask {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly type: string; readonly text: string };
  /** An INVITE's 2xx must be acknowledged by whoever asked; told the CSeq it must carry. */
  readonly onSent?: (sent: Sent, seq: number) => void;
}

/** Sends one request inside the dialog and gives its final answer; answers one challenge on the way. */
export const ask = async (dialog: Dialog, manner: Manner, question: Ask): Promise<Outcome> => {
  const { method, body } = question;
  const authorize = authorizer(manner.credentials);
  const flow = await nextHop(dialog, manner.resolve);
  let extra: readonly [string, string] | undefined;
  for (;;) {
    dialog.ourSeq += 1;
    const seq = dialog.ourSeq;
    const headers = dialogHeaders(dialog, manner, method, seq);
    for (const [name, value] of Object.entries(question.headers ?? {})) headers.set(name, [value]);
    if (extra !== undefined) headers.set(extra[0], [extra[1]]);
    if (body !== undefined) headers.set("content-type", [body.type]);
    const uri = dialog.target;
    const outcome = await new Promise<Outcome>((resolve) => {
      const sent = manner.endpoint.request({
        method,
        uri,
        headers,
        ...(body !== undefined && { body: body.text }),
        flow,
        onResponse: (response) => {
          if (response.status >= 200) resolve(response);
        },
        onLost: resolve,
      });
      question.onSent?.(sent, seq);
    });
    if (typeof outcome === "string") return outcome;
    extra = authorize(outcome, method, uri);
    if (extra === undefined) return outcome;
  }
};

/** The dialog a caller's INVITE opens on our side (RFC 3261 section 12.1.1). */
export const dialogOfRequest = (request: SipRequest, flow: Flow, ourTag: string): Dialog => ({
  callId: request.callId,
  ourTag,
  theirTag: tagOf(request.from),
  ours: `${header(request, "to") ?? ""};tag=${ourTag}`,
  theirs: header(request, "from") ?? "",
  ourSeq: Math.floor(Math.random() * 10_000),
  theirSeq: request.cseq.number,
  target: uriIn(header(request, "contact") ?? request.from.uri),
  routes: [...headersOf(request, "record-route")],
  flow,
});

/** What an answer to our INVITE says about the far side (RFC 3261 section 12.1.2). */
export const learn = (dialog: Dialog, response: SipResponse): void => {
  dialog.theirTag = tagOf(response.to);
  dialog.theirs = header(response, "to") ?? dialog.theirs;
  const contact = header(response, "contact");
  if (contact !== undefined) dialog.target = uriIn(contact);
  dialog.routes = headersOf(response, "record-route").toReversed();
};
