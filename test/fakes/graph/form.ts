import type { FormPart } from "./call.ts";

/** Reads multipart/form-data as strictly as Meta does: undefined when it is not one. */
export const readForm = (body: Buffer, contentType: string): FormPart[] | undefined => {
  const boundary = /^multipart\/form-data;\s*boundary="?([^";]+)"?/iu.exec(contentType)?.[1];
  if (boundary === undefined) return undefined;
  const mark = Buffer.from(`--${boundary}`);
  const parts: FormPart[] = [];
  let at = body.indexOf(mark);
  while (at >= 0) {
    const start = at + mark.length;
    if (body.subarray(start, start + 2).toString() === "--") return parts;
    const next = body.indexOf(mark, start);
    const split = body.indexOf("\r\n\r\n", start);
    if (next < 0 || split < 0 || split > next) return undefined;
    const head = body.subarray(start + 2, split).toString();
    const disposition = /^content-disposition:(.*)$/imu.exec(head)?.[1] ?? "";
    parts.push({
      name: /\bname="([^"]*)"/u.exec(disposition)?.[1] ?? "",
      filename: /filename="([^"]*)"/u.exec(disposition)?.[1],
      type: /^content-type:\s*(.+)$/imu.exec(head)?.[1]?.trim(),
      bytes: body.subarray(split + 4, next - 2),
    });
    at = next;
  }
  return undefined;
};
