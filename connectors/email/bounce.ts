/**
 * Reads reports about letters of ours that did not arrive: delivery status notifications (RFC 3464) and the many older
 * forms. Pure; what is not a report gives undefined.
 */
export interface FailedRecipient {
  /** In lower case; "" when the report does not say. */
  readonly address: string;
  /** Enhanced status code (RFC 3463), when the report has one. */
  readonly status?: string;
  /** What the other server said. */
  readonly says: string;
  /** The address does not exist: trying again will not help, and neither will another letter. */
  readonly permanent: boolean;
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

export interface Bounce {
  /** delay: the server still tries. */
  readonly kind: "bounce" | "delay";
  readonly failed: readonly FailedRecipient[];
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

/** There is no such address, mailbox or domain. */
const unknownText =
  /user unknown|unknown user|no such (?:user|mailbox|person|recipient|address|domain)|(?:does(?: not|n't)|may not|not) exist|(?:user|mailbox|address|recipient) (?:was |is )?not (?:found|known|recognized|valid)|name is not recognized|mailbox (?:unavailable|does not exist)|unknown (?:address|recipient|local.part)|invalid (?:recipient|mailbox|address|final delivery userid)|address (?:not found|unknown|rejected\.)|recipient address rejected(?=\s*$)|unrouteable|host (?:unknown|not found)|unknown host|domain (?:not found|name not found|is not reachable)|does ?n[o']t have an? \S+ account|not listed in|no (?:valid )?recipients|no mx record|no smtp service|does not accept mail|check if address is correct|not our customer|no mailbox here|undeliverable address|nonexist/i;
/** The mailbox is there, or would be: full, slow, or just not now. */
const softText =
  /mailbox (?:is )?full|quota|over ?quota|insufficient (?:system )?storage|try again|temporar|greylist|too many|timed? ?out|delayed|exceed|too (?:large|big)|congest|deferred|connection (?:refused|timed)|receiving mail at a rate/i;
/** Somebody minds us or our letter, not the address. */
const aboutUsText =
  /sender (?:address|rejected)|domain of sender|black ?list|spamhaus|\bspam\b|virus|policy|relay(?:ing|ed)? |no relaying|reverse dns|authentication checks|authorized|preferences|media error|mailer error|system error|on hold|(?:is|account|been|user) (?:temporarily )?(?:disabled|inactive|closed|locked|suspended)|disabled recipient/i;
const hardStatus = new Set(["5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4"]);
const daemonName = /mail delivery (?:sub)?system|mailer-daemon|mail deliver|postmaster|internet mail/i;
const daemonAddress = /^(?:mailer-?daemon|postmaster|mail-?daemon|mdaemon|mmdf)(?:@|$)|mailer-daemon|^bounces?@/;
const bounceSubject =
  /undeliver|delivery (?:status notification|failure|failed|report|has failed|error)|returned (?:mail|to sender)|failure notice|mail (?:delivery )?(?:failed|failure|error|status)|could not (?:be delivered|send)|nedoručiteln|nedoručen|nedostarczon|unzustellbar|delivery problem|warning: message .* delayed|message delivery|rejected/i;
const bounceBody =
  /(?:could not|cannot|couldn't|unable to) be? ?deliver|was not delivered|wasn't delivered|delivery (?:to the following|failed|has failed)|not be delivered|permanent (?:fatal )?error|failed permanently|transcript of session|undeliverable|returned (?:message|to sender)|following (?:addresses|recipient)/i;

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
  says: /\b[45]\d\d[ -](?:[^\n]|\n[ \t]+(?=\S)){0,300}/.exec(body)?.[0].replace(/\s+/g, " ") ?? "",
});

/** Only what says that the address does not exist is permanent: a full or suspended mailbox may come back. */
const isPermanent = ({ says, status, action }: Reported, body: string): boolean => {
  const told = says === "" ? body.slice(0, 8000) : says;
  if (action === "delayed" || status.startsWith("4") || aboutUsText.test(told)) return false;
  if (softText.test(says) || status === "5.2.2" || status === "5.3.4") return false;
  return hardStatus.has(status) || unknownText.test(told);
};

/** Whether a letter came from a mail system rather than from somebody. */
export const fromMailSystem = ({ from }: Evidence): boolean =>
  daemonAddress.test(from.address.toLowerCase()) || daemonName.test(from.name);

const originalPart = /^(?:message\/(?:global|rfc822)(?:-headers)?|text\/rfc822-headers|text\/rfc822)$/;
const originalOf = ({ reports }: Evidence): string =>
  reports.find(({ mimeType }) => originalPart.test(mimeType))?.text ?? "";

/** Message-ID of the letter that a report, an automatic answer or a read receipt is about. */
export const reportedMessageId = (evidence: Evidence): string | undefined =>
  /<[^<>\s]+@[^<>\s]+>/.exec(headerIn(originalOf(evidence), "message-id"))?.[0] ??
  /^\s*>?\s*Message-I[dD]:\s*(<[^<>\s]+>)/m.exec(evidence.body.slice(0, 50_000))?.[1] ??
  /<[^<>\s]+>/.exec(evidence.header("in-reply-to"))?.[0];

export const readBounce = (evidence: Evidence): Bounce | undefined => {
  const { header, reports, subject } = evidence;
  const body = evidence.body.slice(0, 50_000);
  const daemon = fromMailSystem(evidence);
  const original = originalOf(evidence);
  const [inSubject, inBody] = [bounceSubject.test(subject), bounceBody.test(body.slice(0, 6000))];
  const bounced =
    reports.some(({ mimeType }) => /^message\/(?:global-)?delivery-status$/.test(mimeType)) ||
    /report-type="?delivery-status/i.test(header("content-type")) ||
    header("x-failed-recipients") !== "" ||
    (daemon && (inSubject || inBody || original !== "")) ||
    ((header("return-path").trim() === "<>" || inSubject) && inBody && (inSubject || original !== ""));
  if (!bounced) return undefined;
  const reported = reportedRecipients(reports);
  const found = reported.length > 0 ? reported : [guessedRecipient(body, header("x-failed-recipients"))];
  const late =
    found.every(({ action }) => action === "delayed") ||
    /delayed|will (?:be|continue).{0,20}(?:retr|try)/i.test(subject);
  return {
    kind: late ? "delay" : "bounce",
    failed: found.slice(0, 20).map((recipient) => ({
      address: recipient.address,
      ...(recipient.status === "" ? {} : { status: recipient.status }),
      says: recipient.says.slice(0, 300),
      permanent: isPermanent(recipient, found.length === 1 ? body : ""),
    })),
  };
};
