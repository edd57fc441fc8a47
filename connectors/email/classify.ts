import { type Evidence, type FailedRecipient, fromMailSystem, readBounce, reportedMessageId } from "./bounce.ts";

/**
 * Says what wrote a letter: a person, or which machine. All kinds are kept and shown; the kind only decides
 * that nothing is answered, reopened or timed because of it (RFC 3834, RFC 3464, RFC 5965).
 */
type LetterKind = "human" | "auto-reply" | "bounce" | "delay" | "complaint" | "read-receipt" | "bulk";

export interface Verdict {
  readonly kind: LetterKind;
  /** Of a bounce, delay: whom our letter did not reach. */
  readonly failed: readonly FailedRecipient[];
  /** Message-ID of the letter this one reports on. */
  readonly about?: string;
}

const autoSubject =
  /^(?:auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|automatick[aá] odpov[eě][dď]|mimo kancel[aá][rř]|nepřítomnost|neprítomnosť|poza biurem|nieobecność|autoodpowiedź|automatyczna odpowiedź|odpowiedź automatyczna|abwesenheit)/i;
const autoHeaders = [
  "x-autoreply",
  "x-autorespond",
  "x-autoresponder",
  "x-auto-reply-from",
  "x-mail-autoreply",
  "x-ms-exchange-inbox-rules-loop",
  "x-vacation",
  "x-linka-loop",
];

const automatic = (evidence: Evidence): boolean => {
  const submitted = evidence.header("auto-submitted").toLowerCase();
  return (
    (submitted !== "" && !/^no\b/.test(submitted)) ||
    /auto[-_]?reply/i.test(evidence.header("precedence")) ||
    autoHeaders.some((name) => evidence.header(name) !== "" && !/^no$/i.test(evidence.header(name))) ||
    autoSubject.test(evidence.subject.trim())
  );
};

export const classify = (evidence: Evidence): Verdict => {
  const { header, reports } = evidence;
  const about = reportedMessageId(evidence);
  const verdict = (kind: LetterKind, failed: readonly FailedRecipient[] = []): Verdict => ({
    kind,
    failed,
    ...(about === undefined ? {} : { about }),
  });
  const has = (form: RegExp): boolean => reports.some(({ mimeType }) => form.test(mimeType));
  const reportType = /report-type="?([\w-]+)/i.exec(header("content-type"))?.[1]?.toLowerCase() ?? "";
  if (has(/^message\/feedback-report$/) || reportType === "feedback-report") return verdict("complaint");
  if (has(/^message\/disposition-notification$/) || reportType === "disposition-notification")
    return verdict("read-receipt");
  const bounce = readBounce(evidence);
  if (bounce !== undefined) return verdict(bounce.kind, bounce.failed);
  if (automatic(evidence)) return verdict("auto-reply");
  if (/bulk|list|junk/i.test(header("precedence")) || header("list-id") !== "" || header("list-unsubscribe") !== "")
    return verdict("bulk");
  return verdict(header("return-path").trim() === "<>" || fromMailSystem(evidence) ? "auto-reply" : "human");
};
