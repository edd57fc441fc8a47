import { once } from "node:events";
import type { Readable } from "node:stream";
import { type AttachmentStream, MailParser, type MessageText } from "mailparser";
import type { Evidence } from "./bounce.ts";
import { authResults } from "./auth-results.ts";
import { type Invitation, readInvitation } from "./calendar.ts";
import { classify } from "./classify.ts";
import { fingerprint } from "./fingerprint.ts";
import { clean, type Header, headersOf, mailboxesIn, textHeader, valueOf } from "./headers.ts";
import type { Letter, LetterPart, Mailbox } from "./letter.ts";
import { foldOf } from "./quote.ts";
import { repairCharsets } from "./repair.ts";
import { sanitise, textOf } from "./sanitise.ts";
import { messageIdsIn } from "./thread.ts";

/** Characters of text that are shown; what is longer is a log or a book, and stays in the raw mail. */
const longestText = 1_000_000;
const longestReport = 65_536;
const longestCalendar = 200_000;
const speaksOfAnother = /^(?:message\/|text\/rfc822)/;

type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Takes the content of the n-th attachment; what it returns is its size in bytes. */
export type Sink = (index: number, content: Readable) => Promise<number>;

interface Part extends Omit<LetterPart, "inline"> {
  readonly cid: string | undefined;
  readonly marked: boolean;
}

const fileName = (attachment: AttachmentStream, index: number): string => {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not be in a name
  const given = clean(attachment.filename ?? "")
    .replace(/[\p{Cc}/\\]/gu, "_")
    .trim()
    .slice(0, 200);
  if (given !== "") return given;
  const extension =
    attachment.contentType === "message/rfc822" ? "eml" : (attachment.contentType.split("/")[1] ?? "bin");
  return `attachment-${index + 1}.${/^[a-z0-9]{1,8}$/.test(extension) ? extension : "bin"}`;
};

/** Runs the streaming parser over the source: memory stays at one chunk, whatever the attachments weigh. */
const readParts = async (input: { source: Source; fallback: string; sink: Sink }) => {
  const parser = repairCharsets({
    parser: new MailParser({
      skipTextToHtml: true,
      skipImageLinks: true,
      skipTextLinks: true,
      keepDeliveryStatus: true,
      checksumAlgo: false,
      maxHtmlLengthToParse: 1_000_000,
    }),
    fallback: input.fallback,
  });
  const hash = fingerprint();
  const parts: Part[] = [];
  const reports: { mimeType: string; text: string }[] = [];
  let headers: readonly Header[] = [];
  let body: MessageText | undefined;
  let bytes = 0;
  let invitation: Invitation | undefined;

  const take = async (attachment: AttachmentStream, index: number): Promise<void> => {
    const mimeType = attachment.contentType.toLowerCase();
    const kept: Buffer[] = [];
    let length = 0;
    const calendar = invitation === undefined && /^(?:text\/calendar|application\/ics)$/.test(mimeType);
    const most = calendar ? longestCalendar : longestReport;
    if (calendar || speaksOfAnother.test(mimeType))
      attachment.content.on("data", (chunk: Buffer) => {
        if (length < most) kept.push(chunk);
        length += chunk.length;
      });
    const size = await input.sink(index, attachment.content);
    if (calendar) invitation = readInvitation(Buffer.concat(kept).toString("utf8"));
    else if (kept.length > 0)
      reports.push({ mimeType, text: Buffer.concat(kept).toString("latin1").slice(0, longestReport) });
    parts.push({
      name: fileName(attachment, index),
      mimeType,
      bytes: size,
      cid: attachment.cid,
      marked: attachment.contentDisposition === "attachment",
    });
    attachment.release?.();
  };

  const taken: Promise<void>[] = [];
  const finished = new Promise<void>((resolve, reject) => {
    parser.on("headerLines", (lines) => (headers = headersOf(lines)));
    parser.on("data", (data) => {
      if (data.type === "text") body = data;
      else {
        const taking = take(data, taken.length);
        taking.catch(reject);
        taken.push(taking);
      }
    });
    parser.once("end", resolve);
    parser.once("error", reject);
  });
  // Awaited below; a parser that fails while we still write must not end the process.
  finished.catch(() => undefined);
  for await (const chunk of input.source) {
    hash.add(chunk);
    bytes += chunk.byteLength;
    if (!parser.write(chunk)) await Promise.race([once(parser, "drain"), finished]);
  }
  parser.end();
  await finished;
  await Promise.all(taken);
  return { headers, subject: parser.subject ?? "", body, parts, reports, bytes, hash, invitation };
};

/** Reads one mail. Rejects only when there is nothing that could be shown; the caller keeps the raw bytes then. */
export const parseMail = async (input: {
  source: Source;
  /** Charset of text that does not say or lies about its own. */
  fallback: string;
  sink: Sink;
}): Promise<Letter> => {
  const { fallback } = input;
  const { headers, body, parts, reports, bytes, hash, invitation, ...parsed } = await readParts(input);
  if (bytes === 0) throw new Error("The mail is empty.");
  const first = (name: string): Header | undefined => headers.find((header) => header.name === name);
  const all = (name: string): readonly Header[] => headers.filter((header) => header.name === name);
  const value = (name: string): string => valueOf(first(name));
  const mailboxes = (name: string): readonly Mailbox[] => all(name).flatMap((header) => mailboxesIn(header, fallback));

  const html = clean(body?.html ?? "");
  const safe = html === "" ? undefined : sanitise(html);
  const whole = clean(body?.text ?? "").trimEnd() || (html === "" ? "" : textOf(html));
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
    attachments: parts.map(({ cid, marked, ...part }) => ({
      ...part,
      ...(cid === undefined || cid === "" ? {} : { contentId: clean(cid).slice(0, 255) }),
      inline: !marked && cid !== undefined && cid !== "" && (safe?.includes(`cid:${cid}`) ?? false),
    })),
    hash: hash.end(messageId),
    bytes,
  };
};
