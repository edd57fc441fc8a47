import type { NameAddr, Params } from "./uri.ts";

/** A header by its long name in lower case; several values in their order. */
export type Headers = Map<string, string[]>;

export interface Via {
  /** "UDP", "TCP", "TLS", ... */
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Params;
}

interface Common {
  readonly headers: Headers;
  /** One character a byte. */
  readonly body: string;
  /** The topmost Via; read when parsed. */
  readonly via: Via;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: { readonly number: number; readonly method: string };
}

export interface SipRequest extends Common {
  readonly kind: "request";
  readonly method: string;
  readonly uri: string;
}

export interface SipResponse extends Common {
  readonly kind: "response";
  readonly status: number;
  readonly reason: string;
}

export type SipMessage = SipRequest | SipResponse;

type HasHeaders = { readonly headers: Headers };

export const header = (message: HasHeaders, name: string): string | undefined => message.headers.get(name)?.[0];
export const headersOf = (message: HasHeaders, name: string): readonly string[] => message.headers.get(name) ?? [];

/** Whether an option tag stands in Supported, Require, Allow or the like. */
export const lists = (message: HasHeaders, name: string, token: string): boolean =>
  headersOf(message, name).some((value) => value.toLowerCase() === token.toLowerCase());

export const tagOf = (address: NameAddr): string | undefined => address.params.get("tag") || undefined;

/** Reason phrases of the answers we give. */
export const reasons: Readonly<Record<number, string>> = {
  100: "Trying",
  180: "Ringing",
  183: "Session Progress",
  200: "OK",
  202: "Accepted",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  415: "Unsupported Media Type",
  416: "Unsupported URI Scheme",
  420: "Bad Extension",
  421: "Extension Required",
  422: "Session Interval Too Small",
  480: "Temporarily Unavailable",
  481: "Call/Transaction Does Not Exist",
  482: "Loop Detected",
  483: "Too Many Hops",
  486: "Busy Here",
  487: "Request Terminated",
  488: "Not Acceptable Here",
  489: "Bad Event",
  491: "Request Pending",
  500: "Server Internal Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Server Time-out",
  505: "Version Not Supported",
  513: "Message Too Large",
  603: "Decline",
};

const longNames: Readonly<Record<string, string>> = {
  "call-id": "Call-ID",
  cseq: "CSeq",
  "www-authenticate": "WWW-Authenticate",
  rseq: "RSeq",
  rack: "RAck",
  "min-se": "Min-SE",
};

const longName = (name: string): string =>
  longNames[name] ?? name.replaceAll(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());

/** Nothing that came from elsewhere may start a header of its own. */
const oneLine = (value: string): string => value.replaceAll(/[\r\n\0]+/g, " ");

/** The bytes of a message. Content-Length is always ours. */
export const serialise = (input: {
  readonly start: string;
  readonly headers: Headers;
  readonly body: string;
}): Buffer => {
  const lines = [oneLine(input.start)];
  for (const [name, values] of input.headers)
    if (name !== "content-length") for (const value of values) lines.push(`${longName(name)}: ${oneLine(value)}`);
  lines.push(`Content-Length: ${input.body.length}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "utf8"), Buffer.from(input.body, "latin1")]);
};
