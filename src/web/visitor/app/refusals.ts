import type { Line } from "./lines.ts";
import type { Look } from "./protocol.ts";

type Reason = NonNullable<Line["reason"]>;

/** What the visitor is told about a refusal; codes without words of their own are just "failed". */
export const reasonOf = (code: string): Reason =>
  code === "rate-limited" || code === "too-large" || code === "unsupported" ? code : "failed";

/** Whether the hub would refuse this file, known before a byte is sent. */
export const fileRefusal = (look: Look | null, file: File): Reason | undefined => {
  if (look && file.size > look.fileBytes) return "too-large";
  return look && !look.fileTypes.includes(file.type) ? "unsupported" : undefined;
};
