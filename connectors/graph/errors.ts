import { ConnectorError, type FailureCode } from "#contract";
import { z } from "zod";

/** Meta's error codes that mean something other than "this message is refused" (error page of 2026-05-15). */
const meanings: Readonly<Partial<Record<FailureCode, readonly number[]>>> = {
  // 368, 131031, 131042, 131045 and 133010 are troubles of our own account: messages wait until somebody mends it.
  auth: [0, 3, 10, 102, 190, 368, 131_031, 131_042, 131_045, 133_010],
  "rate-limited": [4, 17, 32, 341, 613, 80_007, 130_429, 131_048, 131_056, 131_064, 133_016],
  "window-closed": [131_047],
  "recipient-gone": [551, 131_026],
  unsupported: [131_051],
  unreachable: [1, 2, 131_000, 131_016, 131_057],
};
const byCode = new Map<number, FailureCode>(
  (Object.entries(meanings) as [FailureCode, readonly number[]][]).flatMap(([failure, codes]) =>
    codes.map((code) => [code, failure] as const),
  ),
);
/**
 * Where the subcode says more than the code. 2018278 and 2534022: outside the window; 2018300: another app has the
 * conversation; 2018001: no such person.
 */
const bySubcode = new Map<string, FailureCode>([
  ["10/2018278", "window-closed"],
  ["10/2534022", "window-closed"],
  ["10/2018300", "rejected"],
  ["100/2018001", "recipient-gone"],
]);

const permissions = { from: 200, to: 299 };

/** What a Graph error means for the hub. Titles change, codes do not: nothing else is looked at. */
export const failureOf = (code: number, subcode?: number): FailureCode =>
  bySubcode.get(`${code}/${subcode ?? ""}`) ??
  byCode.get(code) ??
  (code >= permissions.from && code <= permissions.to ? "auth" : "rejected");

export const graphError = z.object({
  code: z.int(),
  title: z.string().optional(),
  message: z.string().optional(),
  error_subcode: z.int().optional(),
  error_data: z.object({ details: z.string().optional() }).optional(),
});
export type GraphError = z.output<typeof graphError>;

/** The error in Meta's own words, code first. */
export const wordsOf = ({ code, title, message, error_data: data }: GraphError): string => {
  const says = (message ?? title ?? "").replace(/^\(#\d+\)\s*/u, "");
  const details = data?.details;
  return `(#${code}) ${[says, details === says ? undefined : details].filter(Boolean).join(": ")}`.trim();
};

const usage = z.record(
  z.string(),
  z.array(z.looseObject({ estimated_time_to_regain_access: z.number().nonnegative().optional() })),
);
const minute = 60_000;

/** Milliseconds until the next call may be made: Retry-After (seconds), else what the usage header says (minutes). */
export const waitOf = (headers: Headers): number | undefined => {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000;
  try {
    const read = usage.safeParse(JSON.parse(headers.get("x-business-use-case-usage") ?? ""));
    const minutes = Object.values(read.data ?? {}).flatMap((uses) =>
      uses.map((use) => use.estimated_time_to_regain_access ?? 0),
    );
    const longest = Math.max(0, ...minutes);
    return longest > 0 ? longest * minute : undefined;
  } catch {
    return undefined;
  }
};

const envelope = z.object({ error: graphError });
const graphCause = z.object({ graph: z.object({ code: z.int(), subcode: z.int().optional() }) });

/** Code and subcode of the Graph error behind a ConnectorError of this client. */
export const graphCodeOf = (thrown: unknown): { readonly code: number; readonly subcode: number | undefined } => {
  const read = thrown instanceof ConnectorError ? graphCause.safeParse(thrown.cause).data : undefined;
  return { code: read?.graph.code ?? Number.NaN, subcode: read?.graph.subcode };
};

/** An answer that is not 2xx as the error the hub knows. `changes`: the request may have done something. */
export const refusalOf = (input: {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly changes: boolean;
}): ConnectorError => {
  const { status, headers } = input;
  const read = envelope.safeParse(input.body);
  if (!read.success) {
    if (status === 429) return new ConnectorError("rate-limited", "Meta answered 429.", withWait(headers));
    if (status === 401 || status === 403) return new ConnectorError("auth", `Meta answered ${status}.`);
    if (status < 500) return new ConnectorError("rejected", `Meta answered ${status}.`);
    // A gateway in between that gave up says nothing about what the server behind it has done.
    const unknown = input.changes && (status === 502 || status === 504);
    return new ConnectorError(unknown ? "uncertain" : "unreachable", `Meta answered ${status}.`);
  }
  const { error } = read.data;
  const failure = failureOf(error.code, error.error_subcode);
  const graph = {
    code: error.code,
    ...(error.error_subcode !== undefined && { subcode: error.error_subcode }),
  };
  return new ConnectorError(failure, wordsOf(error), {
    cause: { graph },
    ...(failure === "rate-limited" && withWait(headers)),
  });
};

const withWait = (headers: Headers): { retryAfterMs?: number } => {
  const retryAfterMs = waitOf(headers);
  return retryAfterMs === undefined ? {} : { retryAfterMs };
};
