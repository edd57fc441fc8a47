import type { IncomingMessage } from "node:http";

/** Whether the proxy at `address`, the `hop`-th from us, may tell who is behind it. As Express compiles TRUST_PROXY. */
export type Trust = (address: string, hop: number) => boolean;

/** The customer's own address: the nearest one that is not a proxy of ours. A forged X-Forwarded-For changes nothing. */
export const clientIp = (request: IncomingMessage, trust: Trust): string => {
  const forwarded = request.headers["x-forwarded-for"];
  const header = Array.isArray(forwarded) ? forwarded.join(",") : (forwarded ?? "");
  const chain = [
    request.socket.remoteAddress ?? "",
    ...header
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean)
      .toReversed(),
  ];
  const found = chain.find((address, hop) => hop === chain.length - 1 || !trust(address, hop)) ?? "";
  return found.replace(/^::ffff:/, "");
};
