import { lookup as resolve } from "node:dns/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** What a fetched picture may be: formats that carry no scripts. */
const pictures = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
  "image/bmp",
  "image/x-icon",
]);
const longest = 5_000_000;
const withinMs = 8_000;
const mostRedirects = 3;

/** Addresses that are not the public internet (IANA special-purpose registries): never asked on anybody's behalf. */
const special = new BlockList();
for (const [net, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const)
  special.addSubnet(net, prefix, "ipv4");
/** Of IPv6 only global unicast is public; of that, the parts that embed or document other addresses are not. */
const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");
const specialSix = new BlockList();
for (const [net, prefix] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  specialSix.addSubnet(net, prefix, "ipv6");

/** Whether an address is one of the public internet. */
export const isPublicAddress = (address: string): boolean => {
  const version = isIP(address);
  if (version === 4) return !special.check(address, "ipv4");
  return version === 6 && globalUnicast.check(address, "ipv6") && !specialSix.check(address, "ipv6");
};

/** The picture cannot be had; the reason is for logs. */
export class NoPicture extends Error {
  override readonly name = "NoPicture";
}

export interface Picture {
  readonly mime: string;
  readonly bytes: Buffer;
}

export interface Reach {
  readonly addressesOf: (host: string) => Promise<readonly string[]>;
  readonly allows: (address: string, port: number) => boolean;
}

/** The public internet on the usual ports. */
export const publicReach: Reach = {
  addressesOf: async (host) => (await resolve(host, { all: true })).map(({ address }) => address),
  allows: (address, port) => (port === 80 || port === 443) && isPublicAddress(address),
};

/** The picture's format by its first bytes: what a server calls it proves nothing. */
const formatOf = (bytes: Buffer): string => {
  const text = bytes.subarray(0, 16).toString("latin1");
  if (text.startsWith("\x89PNG")) return "image/png";
  if (text.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (text.startsWith("GIF8")) return "image/gif";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "image/webp";
  if (text.slice(4, 12) === "ftypavif") return "image/avif";
  if (text.startsWith("BM")) return "image/bmp";
  return text.startsWith("\x00\x00\x01\x00") ? "image/x-icon" : "";
};

type Step = Picture | { readonly location: string };

const once = async (address: string, reach: Reach, signal: AbortSignal): Promise<Step> => {
  const url = URL.parse(address);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) throw new NoPicture("not a web address");
  if (url.username !== "" || url.password !== "") throw new NoPicture("an address with a password");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const found = isIP(host) === 0 ? await reach.addressesOf(host) : [host];
  // All of them, and the one that was checked is the one that is asked: a second look at the name could give another.
  const [target] = found;
  if (target === undefined || !found.every((one) => reach.allows(one, port)))
    throw new NoPicture("not a public address");
  const lookup: LookupFunction = (_, options, done) => {
    const family = isIP(target);
    if (options.all === true) done(null, [{ address: target, family }]);
    else done(null, target, family);
  };
  const ask = url.protocol === "https:" ? requestHttps : requestHttp;
  return await new Promise<Step>((done, fail) => {
    const request = ask(
      url,
      { lookup, signal, agent: false, headers: { accept: "image/*", "user-agent": "Linka" } },
      (answer) => {
        const { statusCode = 0, headers } = answer;
        if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
          answer.destroy();
          const next = URL.parse(headers.location, url.href);
          return next === null ? fail(new NoPicture("a broken redirect")) : done({ location: next.href });
        }
        if (statusCode !== 200 || Number(headers["content-length"] ?? 0) > longest) {
          answer.destroy();
          return fail(new NoPicture(`status ${statusCode}, or too large`));
        }
        const chunks: Buffer[] = [];
        let length = 0;
        answer.on("data", (chunk: Buffer) => {
          length += chunk.length;
          if (length > longest) request.destroy(new NoPicture("too large"));
          else chunks.push(chunk);
        });
        answer.once("error", fail);
        answer.once("end", () => {
          const bytes = Buffer.concat(chunks);
          const mime = formatOf(bytes);
          if (pictures.has(mime)) done({ mime, bytes });
          else fail(new NoPicture("not a picture we show"));
        });
      },
    );
    request.once("error", fail);
    request.end();
  });
};

/**
 * Fetches a picture of a letter in the reader's stead: no cookies, no referrer, nothing but public addresses, also
 * behind redirects. Rejects with NoPicture.
 */
export const fetchPicture = async (address: string, reach: Reach = publicReach): Promise<Picture> => {
  const signal = AbortSignal.timeout(withinMs);
  let next = address;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const step = await once(next, reach, signal).catch((thrown: unknown) => {
      throw thrown instanceof NoPicture ? thrown : new NoPicture(String(thrown));
    });
    if ("bytes" in step) return step;
    next = step.location;
  }
  throw new NoPicture("too many redirects");
};

/** Addresses of the pictures a letter's sanitised HTML holds back, in their order, each once. */
export const heldBack = (html: string): readonly string[] => [
  ...new Set(
    [...html.matchAll(/\sdata-blocked-src="([^"]{1,4000})"/g)].map(([, source = ""]) =>
      source.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">"),
    ),
  ),
];
