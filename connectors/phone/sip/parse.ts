import type { Headers, SipMessage, Via } from "./message.ts";
import { parseHostPort, parseNameAddr, parseParams, splitOutside } from "./uri.ts";

/** Compact forms: RFC 3261 section 7.3.3, RFC 3515, 3892, 4028, 6665, 3841, 3903. */
const compact: Readonly<Record<string, string>> = {
  v: "via",
  f: "from",
  t: "to",
  i: "call-id",
  m: "contact",
  l: "content-length",
  c: "content-type",
  k: "supported",
  r: "refer-to",
  b: "referred-by",
  o: "event",
  s: "subject",
  x: "session-expires",
  e: "content-encoding",
  u: "allow-events",
  a: "accept-contact",
  j: "reject-contact",
  d: "request-disposition",
};

/** Headers whose comma separates values. */
const listed = new Set([
  "via",
  "route",
  "record-route",
  "contact",
  "allow",
  "supported",
  "require",
  "proxy-require",
  "unsupported",
  "accept",
  "diversion",
  "p-asserted-identity",
  "privacy",
]);

/** Headers of which a second one makes the message ambiguous. */
const single = new Set(["from", "to", "call-id", "cseq", "content-length", "max-forwards", "content-type"]);

const most = { bytes: 65_535, headerBytes: 32_768, lines: 256 } as const;

/** Why bytes are no message; `answer` = a request that deserves this status rather than silence. */
export interface Fault {
  readonly fault: string;
  readonly answer?: { readonly status: number; readonly headers: Headers; readonly via: Via };
}

const token = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

type Start =
  | { readonly kind: "request"; readonly method: string; readonly uri: string; readonly version: string }
  | { readonly kind: "response"; readonly status: number; readonly reason: string };

const parseStart = (line: string): Start | undefined => {
  const first = line.indexOf(" ");
  if (first < 1) return undefined;
  const head = line.slice(0, first);
  if (/^SIP\/\d+\.\d+$/i.test(head)) {
    const match = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i.exec(line);
    return match === null ? undefined : { kind: "response", status: Number(match[1]), reason: match[2] ?? "" };
  }
  const last = line.lastIndexOf(" ");
  const uri = line.slice(first + 1, last);
  const version = line.slice(last + 1);
  if (!token.test(head) || last === first || /[\s<>]/.test(uri) || uri === "") return undefined;
  return /^SIP\/\d{1,3}\.\d{1,3}$/i.test(version) ? { kind: "request", method: head, uri, version } : undefined;
};

const parseHeaders = (lines: readonly string[]): Headers | string => {
  const headers: Headers = new Map();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const written = line.slice(0, Math.max(colon, 0)).trimEnd().toLowerCase();
    if (!token.test(written)) return "a header line without a name";
    const name = compact[written] ?? written;
    const value = line.slice(colon + 1).trim();
    const values = listed.has(name) ? splitOutside(value, ",") : [value];
    if (values === undefined) return `unfinished quote in ${name}`;
    const known = headers.get(name);
    if (known === undefined) headers.set(name, values);
    else if (single.has(name)) return `${name} stands twice`;
    else known.push(...values);
  }
  return headers;
};

/** One Via value (RFC 3261 section 20.42). */
const parseVia = (text: string | undefined): Via | undefined => {
  const match = /^SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z0-9\-.!%*_+`'~]+)\s+([^;]+)(.*)$/is.exec(text ?? "");
  if (match === null) return undefined;
  const sentBy = parseHostPort((match[2] ?? "").trim());
  const params = parseParams(match[3] ?? "");
  if (sentBy === undefined || params === undefined) return undefined;
  return { transport: (match[1] ?? "").toUpperCase(), ...sentBy, params };
};

const parseCseq = (text: string | undefined): { number: number; method: string } | undefined => {
  const match = /^(\d{1,10})\s+(\S+)$/.exec(text ?? "");
  const number = Number(match?.[1]);
  const method = match?.[2] ?? "";
  return match !== null && number < 2 ** 31 && token.test(method) ? { number, method } : undefined;
};

/** Octets of the body as declared; "wrong" = not a number we accept. */
const lengthOf = (headers: Headers): number | undefined | "wrong" => {
  const text = headers.get("content-length")?.[0];
  if (text === undefined) return undefined;
  return /^\d{1,7}$/.test(text) ? Number(text) : "wrong";
};

const wellFormed = (headers: Headers): string | undefined => {
  const hops = headers.get("max-forwards")?.[0];
  if (hops !== undefined && !(/^\d{1,10}$/.test(hops) && Number(hops) < 256)) return "Max-Forwards";
  if (headers.get("via")?.includes("") === true) return "Via";
  for (const name of ["contact", "route", "record-route"])
    for (const value of headers.get(name) ?? []) if (value !== "*" && parseNameAddr(value) === undefined) return name;
  return undefined;
};

/**
 * One message from the bytes of a datagram or of one framed piece of a stream (RFC 3261 section 7). Never throws, and
 * takes time linear in the bytes. The rules of RFC 4475 decide what is refused.
 */
export const parseMessage = (bytes: Buffer): SipMessage | Fault => {
  if (bytes.length > most.bytes) return { fault: "too large" };
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0 || end > most.headerBytes) return { fault: "no end of headers" };
  const text = bytes.toString("utf8", 0, end);
  if (text.includes("\0")) return { fault: "a zero byte in the headers" };
  const [first = "", ...lines] = text.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n");
  if (lines.length > most.lines) return { fault: "too many header lines" };
  const start = parseStart(first);
  if (start === undefined) return { fault: "no start line" };
  const headers = parseHeaders(lines);
  if (typeof headers === "string") return refused(start, lines, headers);
  const via = parseVia(headers.get("via")?.[0]);
  if (via === undefined) return { fault: "no Via" };
  const bad = (fault: string, status = 400): Fault => ({
    fault,
    ...(start.kind === "request" && start.method !== "ACK" && { answer: { status, headers, via } }),
  });
  const from = parseNameAddr(headers.get("from")?.[0] ?? "");
  const to = parseNameAddr(headers.get("to")?.[0] ?? "");
  const callId = headers.get("call-id")?.[0];
  const cseq = parseCseq(headers.get("cseq")?.[0]);
  if (from === undefined || to === undefined || cseq === undefined) return bad("From, To or CSeq");
  if (callId === undefined || callId === "") return bad("no Call-ID");
  const wrong = wellFormed(headers);
  if (wrong !== undefined) return bad(wrong);
  const declared = lengthOf(headers);
  const rest = bytes.length - end - 4;
  if (declared === "wrong" || (declared ?? 0) > rest) return bad("Content-Length");
  const body = bytes.toString("latin1", end + 4, end + 4 + (declared ?? rest));
  const common = { headers, body, via, from, to, callId, cseq };
  if (start.kind === "response") return { kind: "response", status: start.status, reason: start.reason, ...common };
  if (start.version.toUpperCase() !== "SIP/2.0") return bad("version", 505);
  if (cseq.method !== start.method) return bad("CSeq names another method");
  return { kind: "request", method: start.method, uri: start.uri, ...common };
};

/** A request with one unreadable header still gets its 400 when what an answer needs can be read. */
const refused = (start: Start, lines: readonly string[], fault: string): Fault => {
  const headers: Headers = new Map();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const written = line.slice(0, Math.max(colon, 0)).trimEnd().toLowerCase();
    const name = compact[written] ?? written;
    if (!["via", "from", "to", "call-id", "cseq"].includes(name) || (name !== "via" && headers.has(name))) continue;
    const values = name === "via" ? splitOutside(line.slice(colon + 1).trim(), ",") : [line.slice(colon + 1).trim()];
    if (values !== undefined) headers.set(name, [...(headers.get(name) ?? []), ...values]);
  }
  const via = parseVia(headers.get("via")?.[0]);
  const answerable = start.kind === "request" && start.method !== "ACK" && via !== undefined && headers.size === 5;
  return { fault, ...(answerable && { answer: { status: 400, headers, via } }) };
};

/**
 * Cuts a stream into messages by Content-Length (RFC 3261 section 18.3). Gives what is whole and keeps the rest;
 * "broken" = the stream cannot be followed any more and must be closed.
 */
export const framer = (): ((chunk: Buffer) => readonly Buffer[] | "broken") => {
  let kept: Buffer = Buffer.alloc(0);
  return (chunk) => {
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    const whole: Buffer[] = [];
    for (;;) {
      let blank = 0;
      while (blank < kept.length && (kept[blank] === 13 || kept[blank] === 10)) blank += 1;
      kept = kept.subarray(blank);
      const end = kept.indexOf("\r\n\r\n");
      if (end < 0) return kept.length > most.headerBytes ? "broken" : whole;
      const declared = /\r\n(?:content-length|l)[ \t]*:\s*(\d{1,7})[ \t]*(?:\r\n|$)/i.exec(
        kept.toString("latin1", 0, end),
      );
      // Without a length nobody knows where the next message starts.
      if (declared === null || Number(declared[1]) > most.bytes) return "broken";
      const size = end + 4 + Number(declared[1]);
      if (kept.length < size) return whole;
      whole.push(kept.subarray(0, size));
      kept = kept.subarray(size);
    }
  };
};
