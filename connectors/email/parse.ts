import type { Evidence } from "./bounce.ts";
import { authResults } from "./auth-results.ts";
import { classify } from "./classify.ts";
import { clean, type Header, mailboxesIn, textHeader, valueOf } from "./headers.ts";
import type { Letter, Mailbox } from "./letter.ts";
import { readParts, type Sink, type Source } from "./parts.ts";
import { foldOf } from "./quote.ts";
import { sanitise, textOf } from "./sanitise.ts";
import { messageIdsIn } from "./thread.ts";

/** Characters of text that are shown; what is longer is a log or a book, and stays in the raw mail. */
const longestText = 1_000_000;
/** Content ids that the HTML shows, as they are written in the parts' headers. */
const shownIn = (html: string): ReadonlySet<string> =>
  new Set(
    [...html.matchAll(/\bcid:([^"'\s<>)]{1,300})/gi)].map(([, id = ""]) => {
      try {
        return decodeURIComponent(id);
      } catch {
        return id;
      }
    }),
  );

/** Reads one mail. Rejects only when there is nothing that could be shown; the caller keeps the raw bytes then. */
export const parseMail = async (input: {
  source: Source;
  /** Charset of text that does not say or lies about its own. */
  fallback: string;
  sink: Sink;
}): Promise<Letter> => {
  const { fallback } = input;
  const { headers, body, parts, reports, bytes, hash, invitation, wrapped, ...parsed } = await readParts(input);
  if (bytes === 0) throw new Error("The mail is empty.");
  const first = (name: string): Header | undefined => headers.find((header) => header.name === name);
  const all = (name: string): readonly Header[] => headers.filter((header) => header.name === name);
  const value = (name: string): string => valueOf(first(name));
  const mailboxes = (name: string): readonly Mailbox[] => all(name).flatMap((header) => mailboxesIn(header, fallback));

  const html = clean(body?.html ?? wrapped?.html ?? "");
  const safe = html === "" ? undefined : sanitise(html);
  const shown = shownIn(safe ?? "");
  const whole =
    clean((body?.text ?? "").trim() === "" ? (wrapped?.text ?? "") : (body?.text ?? "")).trimEnd() ||
    (html === "" ? "" : textOf(html));
  const text = whole.slice(0, longestText).toWellFormed();
  const messageId = messageIdsIn(value("message-id"))[0];
  const subject = textHeader({ header: first("subject"), parsed: parsed.subject, fallback }).slice(0, 1000);
  const from = mailboxes("from");
  const evidence: Evidence = {
    header: value,
    // Old mail servers write as "MAILER-DAEMON" alone, which is no address.
    from: from[0] ?? { address: value("from").replace(/[<>"]/g, "").trim(), name: value("from") },
    subject,
    body: text,
    reports,
  };
  const date = Date.parse(value("date").replace(/\([^()]*\)/g, ""));
  return {
    ...(messageId === undefined ? {} : { messageId }),
    inReplyTo: messageIdsIn(value("in-reply-to")),
    references: messageIdsIn(value("references")),
    ...(Number.isNaN(date) ? {} : { date }),
    subject,
    from,
    replyTo: mailboxes("reply-to"),
    to: mailboxes("to"),
    cc: mailboxes("cc"),
    deliveredTo: ["delivered-to", "x-original-to", "envelope-to", "x-gm-original-to", "to", "cc"].flatMap((name) =>
      mailboxes(name).map(({ address }) => address),
    ),
    text,
    textCut: whole.length > longestText,
    ...(safe === undefined ? {} : { html: safe }),
    fold: foldOf(text),
    verdict: classify(evidence),
    auth: all("authentication-results").map((header) => authResults(valueOf(header))),
    ...(invitation === undefined ? {} : { calendar: invitation }),
    attachments: parts.map(({ cid, ...part }) => {
      const contentId = clean(cid ?? "").slice(0, 255);
      return { ...part, ...(contentId === "" ? {} : { contentId }), inline: shown.has(contentId) };
    }),
    hash: hash.end(messageId),
    bytes,
  };
};
