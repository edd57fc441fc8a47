import { randomUUID } from "node:crypto";
import type { Attachment } from "#contract";

const quoted = (text: string): string => text.replaceAll(/["\r\n]/gu, (char) => encodeURIComponent(char));

/** A form with one file, written as it is read: a film of 100 MB never lies in memory. The file's size must be exact. */
export const multipart = (input: {
  readonly fields: Readonly<Record<string, string>>;
  readonly field: string;
  readonly file: Attachment;
}): { readonly headers: Record<string, string>; readonly body: ReadableStream<Uint8Array> } => {
  const { fields, field, file } = input;
  const boundary = `linka-${randomUUID()}`;
  const head = Buffer.from(
    [
      ...Object.entries(fields).map(
        ([name, value]) =>
          `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(name)}"\r\n\r\n${value}\r\n`,
      ),
      `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(field)}"; filename="${quoted(file.name)}"\r\n`,
      `content-type: ${file.mimeType}\r\n\r\n`,
    ].join(""),
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const parts = async function* (): AsyncGenerator<Uint8Array> {
    yield head;
    yield* await file.open();
    yield tail;
  };
  return {
    headers: {
      "content-type": `multipart/form-data; boundary=${boundary}`,
      "content-length": String(head.length + file.bytes + tail.length),
    },
    body: ReadableStream.from(parts()),
  };
};
