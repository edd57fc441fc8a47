import { header, lists, type SipRequest, type SipResponse } from "./message.ts";

export const sdpType = "application/sdp";

/** A body's session description, also out of a multipart body; undefined = none. */
export const sdpOf = (message: SipRequest | SipResponse): string | undefined => {
  if (message.body === "") return undefined;
  const type = (header(message, "content-type") ?? sdpType).toLowerCase();
  if (type.startsWith(sdpType)) return message.body;
  if (!type.startsWith("multipart/")) return undefined;
  const boundary = /boundary="?([^";\s]+)/i.exec(header(message, "content-type") ?? "")?.[1];
  if (boundary === undefined) return undefined;
  for (const part of message.body.split(`--${boundary}`)) {
    const end = part.indexOf("\r\n\r\n");
    if (end >= 0 && /\r\ncontent-type:\s*application\/sdp/i.test(part.slice(0, end))) return part.slice(end + 4);
  }
  return undefined;
};

/** A key pressed, as INFO carries it (application/dtmf-relay or application/dtmf). */
export const digitOf = (request: SipRequest): { digit: string; durationMs: number } | undefined => {
  const type = (header(request, "content-type") ?? "").toLowerCase();
  const relay = /^\s*Signal\s*=\s*([0-9A-D*#])/im.exec(request.body)?.[1];
  const bare = /^\s*([0-9A-D*#])\s*$/i.exec(request.body)?.[1];
  const digit = type.startsWith("application/dtmf-relay")
    ? relay
    : type.startsWith("application/dtmf")
      ? (bare ?? relay)
      : undefined;
  const duration = Number(/Duration\s*=\s*(\d{1,5})/i.exec(request.body)?.[1] ?? "160");
  return digit === undefined ? undefined : { digit: digit.toUpperCase(), durationMs: duration };
};

/** Whether the far side said that it takes UPDATE. */
export const allowsUpdate = (message: SipRequest | SipResponse): boolean => lists(message, "allow", "UPDATE");
