/**
 * Says what wrote a letter: a person, or which machine. All kinds are kept and shown; the kind only decides
 * that nothing is answered, reopened or timed because of it (RFC 3834, RFC 3464, RFC 5965).
 */
type LetterKind = "human" | "auto-reply" | "bounce" | "delay" | "complaint" | "read-receipt" | "bulk";

interface FailedRecipient {
  readonly address: string;
  readonly status?: string;
  readonly says: string;
  /** Trying again will not help. */
  readonly permanent: boolean;
}

export interface Verdict {
  readonly kind: LetterKind;
  /** Of a bounce, delay: whom our letter did not reach. */
  readonly failed: readonly FailedRecipient[];
  /** Message-ID of the letter this one reports on. */
  readonly about?: string;
}

export interface Evidence {
  /** First value of a header, "" when absent; names in lower case. */
  readonly header: (name: string) => string;
  readonly from: { readonly address: string; readonly name: string };
  readonly subject: string;
  readonly body: string;
  /** Parts that speak about another letter, with their text. */
  readonly reports: readonly { readonly mimeType: string; readonly text: string }[];
}

/** Looked at up to 4,000 characters: the expression is quadratic on a run without spaces. */
const addressIn = (text: string): string =>
  /<?([^\s<>;,"'()]+@[^\s<>;,"'()]+?)>?[.,:]?(?=$|[\s>;,)"'])/.exec(text.slice(0, 4000))?.[1]?.toLowerCase() ?? "";

const headerIn = (text: string, name: string): string =>
  new RegExp(`^${name}\\s*:\\s*((?:.|\\n[ \\t])*)`, "im")
    .exec(text)?.[1]
    ?.replace(/\n[ \t]+/g, " ")
    .trim() ?? "";

/** The groups of fields of a delivery status report. */
const fieldGroups = (text: string): readonly ReadonlyMap<string, string>[] =>
  text
    .replace(/\r\n?/g, "\n")
    .split(/\n{2,}/)
    .map((group) => {
      const fields = new Map<string, string>();
      let key = "";
      for (const line of group.split("\n")) {
        const [, name, value = ""] = /^([A-Za-z][A-Za-z0-9-]*)\s*:\s?(.*)$/.exec(line) ?? [];
        if (name !== undefined) key = name.toLowerCase();
        const more = name === undefined ? (/^[ \t]/.test(line) ? line.trim() : undefined) : value;
        if (key !== "" && more !== undefined) fields.set(key, [fields.get(key), more].filter(Boolean).join(" "));
      }
      return fields;
    })
    .filter((fields) => fields.size > 0);

const hardText =
  /user unknown|unknown user|no such (?:user|mailbox|person|recipient|address)|does(?: not|n't) exist|mailbox (?:not found|unavailable|does not exist)|unknown (?:address|recipient|local.part)|invalid (?:recipient|mailbox|address)|recipient (?:address )?rejected|address (?:not found|unknown)|unrouteable|host (?:unknown|not found)|domain (?:not found|name not found)|account (?:has been )?(?:disabled|inactive|closed)|not our customer|no mailbox here|disabled|undeliverable address|nonexist/i;
const softText =
  /mailbox (?:is )?full|quota|over ?quota|insufficient (?:system )?storage|try again|temporar|greylist|too many|timed? ?out|delayed|exceeded.{0,30}size|too (?:large|big)|congest|deferred|connection (?:refused|timed)/i;
const hardStatus = new Set(["5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"]);
const daemonName = /mail delivery (?:sub)?system|mailer-daemon|mail deliver|postmaster|internet mail/i;
const daemonAddress = /^(?:mailer-?daemon|postmaster|mail-?daemon|mdaemon|mmdf)(?:@|$)|mailer-daemon|^bounces?@/;
const bounceSubject =
  /undeliver|delivery (?:status notification|failure|failed|report|has failed|error)|returned (?:mail|to sender)|failure notice|mail (?:delivery )?(?:failed|failure|error|status)|could not (?:be delivered|send)|nedoručiteln|nedoručen|nedostarczon|unzustellbar|delivery problem|warning: message .* delayed|message delivery|rejected/i;
const bounceBody =
  /(?:could not|cannot|couldn't|unable to) be? ?deliver|was not delivered|wasn't delivered|delivery (?:to the following|failed|has failed)|not be delivered|permanent (?:fatal )?error|failed permanently|transcript of session|undeliverable|returned (?:message|to sender)|following (?:addresses|recipient)/i;
const autoSubject =
  /^(?:auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|automatická odpověď|automatic(?:ka|ká) odpoved|mimo kancelář|nepřítomnost|autoodpowiedź|automatyczna odpowiedź|odpowiedź automatyczna|abwesenheit)/i;
const autoHeaders = [
  "x-autoreply",
  "x-autorespond",
  "x-autoresponder",
  "x-auto-reply-from",
  "x-mail-autoreply",
  "x-ms-exchange-inbox-rules-loop",
  "x-vacation",
];

interface Reported {
  readonly address: string;
  readonly action: string;
  readonly status: string;
  readonly says: string;
}

const reportedRecipients = (reports: Evidence["reports"]): readonly Reported[] =>
  reports
    .filter(({ mimeType }) => /^message\/(?:global-)?delivery-status$/.test(mimeType))
    .flatMap(({ text }) => fieldGroups(text))
    .filter((group) => group.has("final-recipient") || group.has("original-recipient") || group.has("action"))
    .map((group) => ({
      address: addressIn(
        (group.get("original-recipient") ?? group.get("final-recipient") ?? "").split(";").at(-1) ?? "",
      ),
      action: (group.get("action") ?? "").toLowerCase().split(/[\s(]/)[0] ?? "",
      status: /[245]\.\d{1,3}\.\d{1,3}/.exec(group.get("status") ?? "")?.[0] ?? "",
      says: group.get("diagnostic-code") ?? "",
    }));

const guessedRecipient = (body: string, failedHeader: string): Reported => ({
  address: addressIn(failedHeader === "" ? (/<([^<>\s]+@[^<>\s]+)>/.exec(body)?.[0] ?? body) : failedHeader),
  action: "",
  status: /\b([245]\.\d{1,3}\.\d{1,3})\b/.exec(body)?.[1] ?? "",
  says: /\b[45]\d\d[ -][^\n]{0,200}/.exec(body)?.[0] ?? "",
});

const isPermanent = (reported: Reported, body: string): boolean => {
  const soft =
    softText.test(reported.says) ||
    reported.status.startsWith("4") ||
    ["5.2.2", "5.3.4"].includes(reported.status) ||
    reported.action === "delayed";
  if (soft && !hardText.test(reported.says)) return false;
  const hard =
    hardStatus.has(reported.status) ||
    hardText.test(reported.says) ||
    (reported.says === "" && hardText.test(body.slice(0, 8000)));
  return hard && !(softText.test(reported.says) && !reported.status.startsWith("5"));
};

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
  const { header, reports, subject } = evidence;
  const body = evidence.body.slice(0, 50_000);
  const part = (form: RegExp): string | undefined => reports.find(({ mimeType }) => form.test(mimeType))?.text;
  const reportType = /report-type="?([\w-]+)/i.exec(header("content-type"))?.[1]?.toLowerCase() ?? "";
  const original = part(/^(?:message\/(?:global|rfc822)(?:-headers)?|text\/rfc822-headers|text\/rfc822)$/) ?? "";
  const about =
    /<[^<>\s]+@[^<>\s]+>/.exec(headerIn(original, "message-id"))?.[0] ??
    /^\s*>?\s*Message-I[dD]:\s*(<[^<>\s]+>)/m.exec(body)?.[1] ??
    /<[^<>\s]+>/.exec(header("in-reply-to"))?.[0];
  const verdict = (kind: LetterKind, failed: readonly FailedRecipient[] = []): Verdict => ({
    kind,
    failed,
    ...(about === undefined ? {} : { about }),
  });

  if (part(/^message\/feedback-report$/) !== undefined || reportType === "feedback-report") return verdict("complaint");
  if (part(/^message\/disposition-notification$/) !== undefined || reportType === "disposition-notification")
    return verdict("read-receipt");

  const reported = reportedRecipients(reports);
  const nullSender = header("return-path").trim() === "<>";
  const daemon = daemonAddress.test(evidence.from.address.toLowerCase()) || daemonName.test(evidence.from.name);
  const [inSubject, inBody] = [bounceSubject.test(subject), bounceBody.test(body.slice(0, 6000))];
  const bounced =
    part(/^message\/(?:global-)?delivery-status$/) !== undefined ||
    reportType === "delivery-status" ||
    header("x-failed-recipients") !== "" ||
    (daemon && (inSubject || inBody || original !== "")) ||
    ((nullSender || inSubject) && inBody && (inSubject || original !== ""));
  if (bounced) {
    const found = reported.length > 0 ? reported : [guessedRecipient(body, header("x-failed-recipients"))];
    const late =
      found.every(({ action }) => action === "delayed") ||
      /delayed|will (?:be|continue).{0,20}(?:retr|try)/i.test(subject);
    return verdict(
      late ? "delay" : "bounce",
      found.slice(0, 20).map((recipient) => ({
        address: recipient.address,
        ...(recipient.status === "" ? {} : { status: recipient.status }),
        says: recipient.says.slice(0, 300),
        permanent: isPermanent(recipient, found.length === 1 ? body : ""),
      })),
    );
  }
  if (automatic(evidence)) return verdict("auto-reply");
  if (/bulk|list|junk/i.test(header("precedence")) || header("list-id") !== "" || header("list-unsubscribe") !== "")
    return verdict("bulk");
  return verdict(nullSender || daemon ? "auto-reply" : "human");
};
