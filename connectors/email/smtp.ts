import { ConnectorError } from "#contract";

/** What nodemailer tells about a failure, read without trusting its shape. */
export interface SmtpFault {
  readonly code: string;
  readonly responseCode: number;
  readonly response: string;
  readonly recipient: string;
  readonly message: string;
  /** What was being said to the server: "MAIL FROM", "RCPT TO", "DATA". */
  readonly command: string;
}

export const readFault = (error: unknown): SmtpFault => {
  const field = (name: string): unknown =>
    typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined;
  const text = (name: string): string => {
    const value = field(name);
    return typeof value === "string" ? value : "";
  };
  const status = field("responseCode");
  return {
    code: text("code"),
    responseCode: typeof status === "number" ? status : 0,
    response: text("response").slice(0, 300),
    recipient: text("recipient"),
    message: text("message").slice(0, 300),
    command: text("command").toUpperCase(),
  };
};

/** RFC 3463 says more than the reply code: "5.1.1" inside "550 5.1.1 user unknown". */
const enhanced = (response: string): string => /\b([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] ?? "";
const goneStatus = /^5\.1\.[0-36]$|^5\.1\.10$|^5\.4\.4$/;
const goneText =
  /user unknown|unknown user|no such (?:user|mailbox|recipient)|does(?: not|n't) exist|mailbox (?:not found|unavailable)|unrouteable/i;

/** A full mailbox (552, 5.2.2) and a confused session (503) pass; every other 5xx is final (RFC 5321 4.2.1). */
export const isPermanent = ({ responseCode, response }: Pick<SmtpFault, "responseCode" | "response">): boolean =>
  responseCode >= 500 && responseCode !== 503 && enhanced(response) !== "5.2.2";

/** Whether the server says that there is no such address. */
export const isGone = (fault: Pick<SmtpFault, "responseCode" | "response">): boolean =>
  isPermanent(fault) && (goneStatus.test(enhanced(fault.response)) || goneText.test(fault.response));

/** Our mailbox has sent enough for now, whatever the reply code: Google says 550 5.4.5, others 4xx. */
const quotaText =
  /(?:daily|hourly|sending|message|rate|user) (?:sending |message )?(?:limit|quota)|too many (?:messages|connections|mails)/i;
const outOfQuota = ({ response }: SmtpFault): boolean =>
  enhanced(response) === "5.4.5" || (quotaText.test(response) && enhanced(response) !== "5.2.2");

const hour = 3_600_000;

/** Seconds a server asks us to wait ("try again in 300s"), as ms. */
const waitMs = (response: string): number | undefined => {
  const [, amount, unit] = /\b(\d{1,4})\s*(s|sec|seconds?|m|min|minutes?)\b/i.exec(response) ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * (unit?.toLowerCase().startsWith("m") === true ? 60_000 : 1000);
};

/**
 * Puts a failed send into the hub's words. What concerns the mailbox (sign-in, quota, connection, 421) holds back the
 * mailbox; what concerns a recipient or the letter holds back that alone. Once the server asked for the letter (354)
 * and gave no verdict, it may have it: nodemailer's error is the same as for a connection lost before, only the
 * dialogue tells.
 */
export const smtpError = (error: unknown, wasAskedForLetter: boolean): ConnectorError => {
  const fault = readFault(error);
  const says = fault.response === "" ? fault.message : fault.response;
  const make = (
    code: ConnectorError["code"],
    options: { retryAfterMs?: number; wholeAccount?: true } = {},
  ): ConnectorError => new ConnectorError(code, says, { cause: error, ...options });
  if (fault.code === "EAUTH" || fault.code === "ENOAUTH" || [530, 534, 535].includes(fault.responseCode))
    return make("auth");
  if (enhanced(fault.response) === "5.7.30") return make("auth");
  if (fault.responseCode === 0) {
    if (fault.code === "EENVELOPE" || fault.code === "EMESSAGE" || fault.code === "ESTREAM") return make("rejected");
    return wasAskedForLetter ? make("uncertain") : make("unreachable", { wholeAccount: true });
  }
  const asked = waitMs(fault.response);
  if (outOfQuota(fault)) return make("rate-limited", { retryAfterMs: asked ?? hour });
  if (!isPermanent(fault)) {
    // 421 closes the channel for everybody; a 4xx on the sender is about our mailbox.
    if (fault.responseCode === 421 || fault.command === "MAIL FROM")
      return make("rate-limited", { retryAfterMs: asked ?? 60_000 });
    return make("later", asked === undefined ? {} : { retryAfterMs: asked });
  }
  return make(isGone(fault) ? "recipient-gone" : "rejected");
};
