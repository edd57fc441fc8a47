import { createHash, createVerify, type KeyObject, createPublicKey } from "node:crypto";

const relaxedHeader = (line: string): string => {
  const colon = line.indexOf(":");
  const value = line
    .slice(colon + 1)
    .replace(/\r\n[ \t]+/g, " ")
    .replace(/[ \t]+/g, " ")
    .trim();
  return `${line.slice(0, colon).toLowerCase().trim()}:${value}`;
};
const relaxedBody = (body: string): string =>
  `${body
    .split("\r\n")
    .map((line) => line.replace(/[ \t]+/g, " ").replace(/ $/, ""))
    .join("\r\n")
    .replace(/(?:\r\n)*$/, "")}\r\n`;

/** Whether the DKIM signature of a letter holds (RFC 6376, relaxed/relaxed, rsa-sha256): body hash and headers. */
export const dkimVerifies = (raw: Buffer, key: KeyObject): boolean => {
  const text = raw.toString("latin1");
  const cut = text.indexOf("\r\n\r\n");
  const headers = text.slice(0, cut).split(/\r\n(?![ \t])/);
  const signature = headers.find((line) => /^dkim-signature:/i.test(line)) ?? "";
  const tag = (name: string): string =>
    (
      new RegExp(`(?:^|;)\\s*${name}=([^;]*)`, "i").exec(signature.slice(signature.indexOf(":") + 1))?.[1] ?? ""
    ).replace(/\s+/g, "");
  const bodyHash = createHash("sha256")
    .update(Buffer.from(relaxedBody(text.slice(cut + 4)), "latin1"))
    .digest("base64");
  if (bodyHash !== tag("bh")) return false;
  const signed = tag("h")
    .split(":")
    .flatMap((name) => headers.findLast((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`)) ?? [])
    .map((line) => `${relaxedHeader(line)}\r\n`)
    .join("");
  const own = relaxedHeader(signature.replace(/(;\s*b=)[^;]*/, "$1"));
  const verifier = createVerify("sha256").update(signed + own);
  return verifier.verify(createPublicKey(key), tag("b"), "base64");
};
