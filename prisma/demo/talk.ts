import type { ChannelKey, PersonKey, QueueKey } from "./company.ts";

/** One conversation of the demo. Lines are written as they are read: see `parseLine`. */
export interface Talk {
  readonly channel: ChannelKey;
  /** The customer's address on that channel and their name; null = an anonymous caller. */
  readonly from: readonly [address: string, name: string] | null;
  readonly subject?: string;
  /** Hours before the first start at which it begins. */
  readonly ago: number;
  readonly lines: readonly string[];
  readonly owner?: PersonKey;
  readonly queue?: QueueKey;
  readonly tags?: readonly string[];
  readonly priority?: number;
  readonly status?: "waiting" | "snoozed" | "closed";
}

export type Line =
  | { readonly by: "customer" | "elsewhere"; readonly text: string; readonly live: boolean; readonly call: boolean }
  | { readonly by: "agent"; readonly person: PersonKey; readonly mode: "reply" | "note"; readonly text: string };

const agentLine = /^(\w+)([:#]) (.*)$/s;

/**
 * "> text" the customer wrote, "! text" wrote it only now and nobody has read it, "~ text" a call, "< text" we answered
 * from outside the hub, "jana: text" Jana replied, "jana# text" Jana noted.
 */
export const parseLine = (line: string): Line => {
  const text = line.slice(2);
  if (line.startsWith("> ")) return { by: "customer", text, live: false, call: false };
  if (line.startsWith("! ")) return { by: "customer", text, live: true, call: false };
  if (line.startsWith("~ ")) return { by: "customer", text, live: false, call: true };
  if (line.startsWith("< ")) return { by: "elsewhere", text, live: false, call: false };
  const [, person, mark, words] = agentLine.exec(line) ?? [];
  if (person === undefined || words === undefined) throw new Error(`not a line of a demo conversation: ${line}`);
  return { by: "agent", person: person as PersonKey, mode: mark === ":" ? "reply" : "note", text: words };
};
