import { createHmac } from "node:crypto";

/**
 * What X-Linka-Loop says: which mailbox wrote by itself. Any hub takes any such letter for a machine's; the signature
 * tells ours that it is its own letter coming back.
 */
export const loopMark = (input: { readonly signingKey: string; readonly address: string }): string => {
  const address = input.address.toLowerCase();
  return `${address} ${createHmac("sha256", input.signingKey).update(`loop ${address}`).digest("hex").slice(0, 16)}`;
};
