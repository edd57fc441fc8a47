import { fileTypeFromBuffer } from "file-type";

/** Bytes at the start of a file that are enough to tell its kind. */
const sniffBytes = 4_100;

/** Passes a file through and keeps its start in `head`. */
export async function* keepingHead(source: AsyncIterable<Uint8Array>, head: Uint8Array[]): AsyncGenerator<Uint8Array> {
  let kept = 0;
  for await (const chunk of source) {
    if (kept < sniffBytes) {
      head.push(chunk.subarray(0, sniffBytes - kept));
      kept += chunk.byteLength;
    }
    yield chunk;
  }
}

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

const textual = /^(?:text\/|message\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b)/i;

/**
 * What a file is that came over a channel. A kind of text keeps the type it came with, which says more than its bytes
 * do (a calendar, a letter, a page): none of them is ever shown in our origin.
 */
export const sniffReceived = async (input: {
  readonly head: Buffer;
  readonly name: string;
  readonly declared: string;
}): Promise<string> => {
  if (!textual.test(input.declared)) return sniff(input);
  const found = (await fileTypeFromBuffer(input.head))?.mime;
  return found === undefined || found === "application/xml" ? input.declared : sniff(input);
};
