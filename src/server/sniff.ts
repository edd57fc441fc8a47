import { fileTypeFromBuffer } from "file-type";

/** Bytes at the start of a file that are enough to tell its kind. */
export const sniffBytes = 4_100;

const byEnding: Readonly<Record<string, string>> = {
  txt: "text/plain",
  log: "text/plain",
  csv: "text/csv",
  md: "text/markdown",
  json: "application/json",
  ics: "text/calendar",
  vcf: "text/vcard",
  eml: "message/rfc822",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  odt: "application/vnd.oasis.opendocument.text",
  ods: "application/vnd.oasis.opendocument.spreadsheet",
  doc: "application/msword",
  xls: "application/vnd.ms-excel",
};
const zipped = /officedocument|opendocument/;
const oldOffice = /msword|ms-excel/;
const markup =
  /^\s*(?:<\?xml[^>]*>\s*|<!--[\s\S]*?-->\s*)*<(?:!doctype\s+(?:html|svg)|html|head|body|script|iframe|svg)\b/i;

const isText = (head: Buffer): boolean => !head.includes(0);

/**
 * What a file really is. The name and the declared type count only where the bytes cannot tell (plain text) or agree
 * with them (an office document is a zip): a page dressed as a picture is not a picture.
 */
export const sniff = async (input: {
  readonly head: Buffer;
  readonly name: string;
  readonly declared: string;
}): Promise<string> => {
  const ending = /\.([a-z0-9]{1,5})$/i.exec(input.name)?.[1]?.toLowerCase() ?? "";
  const named = byEnding[ending] ?? "";
  const found = (await fileTypeFromBuffer(input.head))?.mime;
  if (markup.test(input.head.toString("latin1"))) return "application/octet-stream";
  if (found === undefined)
    return isText(input.head) && !zipped.test(named) && !oldOffice.test(named)
      ? named || textOf(input.declared)
      : "application/octet-stream";
  if (found === "application/zip" && zipped.test(named)) return named;
  if (found === "application/x-cfb" && oldOffice.test(named)) return named;
  if (found === "application/xml") return "application/octet-stream";
  return found;
};

const textOf = (declared: string): string =>
  declared.startsWith("text/") && declared !== "text/html" ? "text/plain" : "application/octet-stream";

const inline = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
  "application/pdf",
  "audio/mpeg",
  "audio/ogg",
  "audio/wav",
  "audio/mp4",
  "audio/x-m4a",
  "audio/webm",
  "video/mp4",
  "video/webm",
]);

/** Whether a browser may show it in our origin. Never HTML, SVG or XML, which can carry scripts. */
export const mayShowInline = (mime: string): boolean => inline.has(mime);
