import type { Letter } from "./letter.ts";

/** Comments may quote the sender; they say nothing. */
const withoutComments = (text: string): string => {
  let kept = "";
  let depth = 0;
  for (const character of text)
    if (character === "(") depth++;
    else if (character === ")") depth = Math.max(0, depth - 1);
    else if (depth === 0) kept += character;
  return kept;
};

/** One Authentication-Results header (RFC 8601). Of several DKIM signatures the best counts. */
export const authResults = (value: string): Letter["auth"][number] => {
  const [server = "", ...results] = withoutComments(value.slice(0, 10_000)).split(";");
  const found = new Map<string, string>();
  for (const result of results) {
    const [, method = "", verdict = ""] = /^\s*(spf|dkim|dmarc)\s*=\s*([a-z]+)/i.exec(result) ?? [];
    const name = method.toLowerCase();
    if (name !== "" && found.get(name) !== "pass") found.set(name, verdict.toLowerCase());
  }
  return { authserv: server.trim().split(/\s/)[0]?.toLowerCase() ?? "", ...Object.fromEntries(found) };
};
