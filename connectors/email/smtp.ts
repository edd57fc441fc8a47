import { ConnectorError } from "#contract";

/** What nodemailer tells about a failure, read without trusting its shape. */
export interface SmtpFault {
  readonly code: string;
  readonly responseCode: number;
  readonly response: string;
  readonly recipient: string;
  readonly message: string;
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
  };
};

/** RFC 3463 says more than the reply code: "5.1.1" inside "550 5.1.1 user unknown". */
const enhanced = (response: string): string => /\b([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] ?? "";
const goneStatus = /^5\.1\.[0-36]|^5\.1\.10|^5\.2\.1|^5\.4\.4/;
const goneText =
  /user unknown|unknown user|no such (?:user|mailbox|recipient)|does(?: not|n't) exist|mailbox (?:not found|unavailable)|unrouteable|recipient (?:address )?rejected/i;

/** A full mailbox (552, 5.2.2) and a confused session (503) pass; every other 5xx is final (RFC 5321 4.2.1). */
export const isPermanent = ({ responseCode, response }: Pick<SmtpFault, "responseCode" | "response">): boolean =>
  responseCode >= 500 && responseCode !== 503 && enhanced(response) !== "5.2.2";

/** Seconds a server asks us to wait ("try again in 300s"), as ms; a minute when it does not say. */
const waitMs = (response: string): number => {
  const [, amount, unit] = /\b(\d{1,4})\s*(s|sec|seconds?|m|min|minutes?)\b/i.exec(response) ?? [];
  return amount === undefined
    ? 60_000
    : Number(amount) * (unit?.toLowerCase().startsWith("m") === true ? 60_000 : 1000);
};

/**
 * Puts a failed send into the hub's words. Once the server asked for the letter (354) and gave no verdict, it may
 * have it: nodemailer's error is the same as for a connection lost before, only the dialogue tells.
 */
export const smtpError = (error: unknown, wasAskedForLetter: boolean): ConnectorError => {
  const fault = readFault(error);
  const says = fault.response === "" ? fault.message : fault.response;
  const make = (code: ConnectorError["code"], options: { retryAfterMs?: number } = {}): ConnectorError =>
    new ConnectorError(code, says, { cause: error, ...options });
  if (fault.code === "EAUTH" || fault.code === "ENOAUTH" || [530, 534, 535].includes(fault.responseCode))
    return make("auth");
  if (enhanced(fault.response) === "5.7.30") return make("auth");
  if (fault.responseCode === 0) {
    if (fault.code === "EENVELOPE" || fault.code === "EMESSAGE" || fault.code === "ESTREAM") return make("rejected");
    return make(wasAskedForLetter ? "uncertain" : "unreachable");
  }
  if (!isPermanent(fault))
    return fault.responseCode === 503
      ? make("unreachable")
      : make("rate-limited", { retryAfterMs: waitMs(fault.response) });
  const gone = goneStatus.test(enhanced(fault.response)) || goneText.test(fault.response);
  return make(gone ? "recipient-gone" : "rejected");
};
