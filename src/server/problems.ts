import { z } from "zod";
import { Refused } from "#core/refused";
import type { Refusal, RefusalCode } from "#wire";
import { DatabaseUnavailable } from "#store/db";
import { FileTooLarge } from "#store/files";
import type { FileLinks } from "#store/links";
import type { Audience } from "./present/classes.ts";
import { presentDraft, presentMessage } from "./present/conversation.ts";

export const statusOf: Readonly<Record<RefusalCode, number>> = {
  "bad-request": 400,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  stale: 409,
  "window-closed": 409,
  "new-recipients": 409,
  "gone-recipients": 409,
  "no-consent": 403,
  "quiet-hours": 409,
  "too-large": 413,
  "rate-limited": 429,
  unavailable: 503,
  failed: 500,
};

export interface Problem {
  readonly refusal: Refusal;
  /** True when nobody foresaw it: to be logged with its cause. */
  readonly unexpected: boolean;
}

const plain = (code: RefusalCode, says: string, unexpected = false): Problem => ({
  refusal: { code, says },
  unexpected,
});

/** Names the fields at fault, never their values. */
const zodSays = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join(".") || "body"}: ${issue.code.replaceAll("_", " ")}`)
    .join("; ");

const parserTypes: Readonly<Record<string, RefusalCode>> = {
  "entity.too.large": "too-large",
  "entity.parse.failed": "bad-request",
  "encoding.unsupported": "bad-request",
  "charset.unsupported": "bad-request",
  "request.aborted": "bad-request",
  "request.size.invalid": "bad-request",
};

/** Turns whatever was thrown into what the asker may know. `audienceOf` tells for whom messages are presented. */
export const problemOf = (
  thrown: unknown,
  present: { readonly audienceOf: (tenantId: string) => Audience; readonly links: FileLinks },
): Problem => {
  if (thrown instanceof Refused) return { refusal: refusalOf(thrown, present), unexpected: false };
  if (thrown instanceof z.ZodError) return plain("bad-request", zodSays(thrown));
  if (thrown instanceof FileTooLarge) return plain("too-large", "The file is too large.");
  if (thrown instanceof DatabaseUnavailable) return plain("unavailable", "The database cannot be reached.", true);
  if (thrown instanceof URIError) return plain("bad-request", "The address is malformed.");
  if (thrown instanceof Error && "statusCode" in thrown && thrown.statusCode === 404)
    return plain("not-found", "There is no such address.");
  if (thrown instanceof Error && "type" in thrown && typeof thrown.type === "string") {
    const code = parserTypes[thrown.type];
    if (code !== undefined)
      return plain(code, code === "too-large" ? "The body is too large." : "The body is malformed.");
  }
  return plain("failed", "Something went wrong on our side.", true);
};

const refusalOf = (
  refused: Refused,
  present: { readonly audienceOf: (tenantId: string) => Audience; readonly links: FileLinks },
): Refusal => {
  const { code, message, data } = refused;
  if (data === undefined) return { code, says: message };
  const { messages, draft, ...open } = data;
  return {
    code,
    says: message,
    data: {
      ...open,
      ...(draft === undefined ? {} : { draft: presentDraft(draft, present.audienceOf(draft.tenantId)) }),
      ...(messages === undefined
        ? {}
        : {
            messages: messages.map((message) =>
              presentMessage({ message, audience: present.audienceOf(message.tenantId), links: present.links }),
            ),
          }),
    },
  };
};
