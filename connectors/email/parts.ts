import { once } from "node:events";
import { Readable } from "node:stream";
import { type AttachmentStream, MailParser, type MessageText } from "mailparser";
import { type Invitation, readInvitation } from "./calendar.ts";
import { decodeText } from "./charset.ts";
import { fingerprint } from "./fingerprint.ts";
import { clean, type Header, headersOf } from "./headers.ts";
import type { LetterPart } from "./letter.ts";
import { repairCharsets } from "./repair.ts";
import { readTnef, type Tnef, type TnefFile } from "./tnef.ts";

const longestReport = 65_536;
const longestCalendar = 200_000;
/** Outlook's wrapping is read in memory; a larger one stays as it came. */
const largestTnef = 25_000_000;
const reporting = /^(?:message\/|text\/rfc822)/;
const calendars = /^(?:text\/calendar|application\/ics)$/;
const wrappings = /^application\/(?:vnd\.)?ms-tnef$/;

export type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Takes the content of the n-th attachment; what it returns is its size in bytes. */
export type Sink = (index: number, content: Readable) => Promise<number>;

interface Part extends Omit<LetterPart, "inline"> {
  readonly cid: string | undefined;
}

const fileName = (said: string, mimeType: string, index: number): string => {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not be in a name
  const given = clean(said)
    .replace(/[\p{Cc}/\\]/gu, "_")
    .trim()
    .slice(0, 200);
  if (given !== "") return given;
  const extension = mimeType === "message/rfc822" ? "eml" : (mimeType.split("/")[1] ?? "bin");
  return `attachment-${index + 1}.${/^[a-z0-9]{1,8}$/.test(extension) ? extension : "bin"}`;
};

/** Runs the streaming parser over the source: memory stays at one chunk, whatever the attachments weigh. */
export const readParts = async (input: { source: Source; fallback: string; sink: Sink }) => {
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
  const told: { mimeType: string; text: string }[] = [];
  let headers: readonly Header[] = [];
  let body: MessageText | undefined;
  let bytes = 0;
  let invitation: Invitation | undefined;

  let wrapped: Tnef | undefined;
  let next = 0;

  /** What Outlook wrapped takes the place of its wrapping. */
  const unwrap = async (bytes: Buffer): Promise<boolean> => {
    const found = readTnef(bytes);
    if (found === undefined) return false;
    const { files, text, html, rtf } = found;
    wrapped ??= found;
    const extra: readonly TnefFile[] =
      rtf === undefined || text !== undefined || html !== undefined
        ? []
        : [{ name: "body.rtf", mimeType: "application/rtf", bytes: rtf }];
    for (const file of [...files, ...extra]) {
      const index = next++;
      const mimeType = file.mimeType ?? "application/octet-stream";
      const size = await input.sink(index, Readable.from([file.bytes]));
      parts.push({ index, name: fileName(file.name, mimeType, index), mimeType, bytes: size, cid: file.contentId });
    }
    return files.length + extra.length > 0 || text !== undefined || html !== undefined;
  };

  const take = async (attachment: AttachmentStream): Promise<void> => {
    const index = next++;
    const mimeType = attachment.contentType.toLowerCase();
    const calendar = invitation === undefined && calendars.test(mimeType);
    const wrapping = wrappings.test(mimeType) || /^winmail\.dat$/i.test(attachment.filename ?? "");
    const reports = reporting.test(mimeType);
    const most = wrapping ? largestTnef : calendar ? longestCalendar : reports ? longestReport : 0;
    const kept: Buffer[] = [];
    let length = 0;
    if (most > 0)
      attachment.content.on("data", (chunk: Buffer) => {
        if (length < most) kept.push(chunk);
        length += chunk.length;
      });
    const size = await input.sink(index, attachment.content);
    const content = Buffer.concat(kept);
    if (calendar) invitation = readInvitation(decodeText({ bytes: content, label: "utf-8", fallback: input.fallback }));
    if (reports) told.push({ mimeType, text: content.toString("latin1").slice(0, longestReport) });
    const unwrapped = wrapping && length <= most && (await unwrap(content));
    const name = fileName(attachment.filename ?? "", mimeType, index);
    if (!unwrapped) parts.push({ index, name, mimeType, bytes: size, cid: attachment.cid });
    attachment.release?.();
  };

  const taken: Promise<void>[] = [];
  const finished = new Promise<void>((resolve, reject) => {
    parser.on("headerLines", (lines) => (headers = headersOf(lines)));
    parser.on("data", (data) => {
      if (data.type === "text") body = data;
      else {
        const taking = take(data);
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
  return { headers, subject: parser.subject ?? "", body, parts, reports: told, bytes, hash, invitation, wrapped };
};
