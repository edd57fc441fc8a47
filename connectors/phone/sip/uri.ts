/** SIP, SIPS and tel addresses (RFC 3261 section 19 and 25, RFC 3966). Every reader here is linear in its input. */

export type Params = ReadonlyMap<string, string>;

export interface SipUri {
  readonly scheme: "sip" | "sips" | "tel";
  /** Unescaped; "" = none. For tel: the number. */
  readonly user: string;
  /** Without brackets; "" for tel. */
  readonly host: string;
  readonly port: number | undefined;
  /** Names in lower case; a parameter without a value is "". */
  readonly params: Params;
}

export interface NameAddr {
  readonly display: string;
  /** As written, without angle brackets. */
  readonly uri: string;
  readonly params: Params;
}

/** Splits at `mark` outside quotes and angle brackets. An unfinished quote gives undefined. */
export const splitOutside = (text: string, mark: "," | ";"): string[] | undefined => {
  const parts: string[] = [];
  let quoted = false;
  let angle = false;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "<") angle = true;
    else if (char === ">") angle = false;
    else if (char === mark && !angle) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  if (quoted) return undefined;
  parts.push(text.slice(from).trim());
  return parts;
};

/** The inside of a quoted string; anything else stays as it is. */
export const unquote = (text: string): string =>
  text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/gs, "$1") : text;

export const quote = (text: string): string => `"${text.replaceAll(/[\\"]/g, "\\$&").replaceAll(/[\r\n\0]/g, " ")}"`;

/** `;a=b;c` as it follows an address or a value; undefined = not well-formed. */
export const parseParams = (text: string): Params | undefined => {
  const params = new Map<string, string>();
  const parts = splitOutside(text, ";");
  if (parts === undefined) return undefined;
  for (const part of parts) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name === "") return undefined;
    if (!params.has(name)) params.set(name, equals < 0 ? "" : unquote(part.slice(equals + 1).trim()));
  }
  return params;
};

const unescape = (text: string): string | undefined => {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

const hostname = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?$/;
const ipv6 = /^[0-9A-Fa-f:.]{2,45}$/;

/** "host", "host:port", "[v6]:port"; undefined = none of them. */
export const parseHostPort = (text: string): { host: string; port: number | undefined } | undefined => {
  const close = text.startsWith("[") ? text.indexOf("]") : -1;
  const colon = close < 0 ? text.indexOf(":") : text.indexOf(":", close);
  const host = close < 0 ? (colon < 0 ? text : text.slice(0, colon)) : text.slice(1, close);
  const rest = close < 0 ? (colon < 0 ? "" : text.slice(colon)) : text.slice(close + 1);
  if (!(close < 0 ? hostname : ipv6).test(host.trim())) return undefined;
  const after = rest.trim();
  if (after === "") return { host: host.trim(), port: undefined };
  if (!/^:\s*\d{1,5}$/.test(after)) return undefined;
  const port = Number(after.slice(1));
  return port > 0 && port < 65_536 ? { host: host.trim(), port } : undefined;
};

/** Undefined = not an address we know. */
export const parseUri = (text: string): SipUri | undefined => {
  if (text.length > 2_000 || /[\s<>]/.test(text)) return undefined;
  const colon = text.indexOf(":");
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  const rest = text.slice(colon + 1);
  if (scheme === "tel") {
    const [number = "", ...others] = rest.split(";");
    const params = parseParams(others.join(";"));
    if (!/^[+0-9A-Da-d*#().-]+$/.test(number) || params === undefined) return undefined;
    return { scheme, user: number.replaceAll(/[().-]/g, ""), host: "", port: undefined, params };
  }
  if (scheme !== "sip" && scheme !== "sips") return undefined;
  const at = rest.lastIndexOf("@");
  const query = rest.indexOf("?", at + 1);
  const place = query < 0 ? rest.slice(at + 1) : rest.slice(at + 1, query);
  const semicolon = place.indexOf(";");
  const found = parseHostPort(semicolon < 0 ? place : place.slice(0, semicolon));
  const params = semicolon < 0 ? new Map<string, string>() : parseParams(place.slice(semicolon + 1));
  const userinfo = at < 0 ? "" : rest.slice(0, at);
  // What follows the first colon is a password; what follows a semicolon belongs to the number (RFC 3966 in a SIP URI).
  const user = unescape(userinfo.split(":")[0]?.split(";")[0] ?? "");
  if (found === undefined || params === undefined || user === undefined) return undefined;
  return { scheme, user, host: found.host, port: found.port, params };
};

/** `"Name" <sip:a@b>;tag=x` or `sip:a@b;tag=x` (parameters then belong to the header). Undefined = neither. */
export const parseNameAddr = (text: string): NameAddr | undefined => {
  let open = -1;
  let quoted = false;
  for (let at = 0; at < text.length && open < 0; at += 1) {
    const char = text[at];
    if (quoted && char === "\\") at += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === "<" && !quoted) open = at;
  }
  if (quoted) return undefined;
  if (open < 0) {
    const semicolon = text.indexOf(";");
    const uri = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
    const params = parseParams(semicolon < 0 ? "" : text.slice(semicolon + 1));
    return params === undefined || uri === "" || /[\s,"]/.test(uri) ? undefined : { display: "", uri, params };
  }
  const close = text.indexOf(">", open);
  if (close < 0) return undefined;
  const uri = text.slice(open + 1, close);
  const params = parseParams(text.slice(close + 1));
  if (params === undefined || uri === "" || /\s/.test(uri)) return undefined;
  const before = text.slice(0, open).trim();
  if (!before.startsWith('"') && /[<>@;,"]/.test(before)) return undefined;
  if (before.startsWith('"') && !before.endsWith('"')) return undefined;
  return { display: unquote(before), uri, params };
};

/** A host as it stands in a URI or Via. */
export const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

const plain = /[^A-Za-z0-9\-_.!~*'()&=+$,;?/#]/g;

/** Escapes what may not stand in the user part as it is. "#" is let through as `%23` (RFC 3261 section 19.1.2). */
export const escapeUser = (user: string): string =>
  user
    .replaceAll(plain, (char) => encodeURIComponent(char))
    .replaceAll("#", "%23")
    .replaceAll("?", "%3F");

/** An address of ours or one we call. */
export const sipUri = (input: {
  readonly user?: string;
  readonly host: string;
  readonly port?: number | undefined;
  readonly params?: string;
}): string => {
  const user = input.user === undefined || input.user === "" ? "" : `${escapeUser(input.user)}@`;
  const port = input.port === undefined ? "" : `:${input.port}`;
  return `sip:${user}${bracketed(input.host)}${port}${input.params ?? ""}`;
};
