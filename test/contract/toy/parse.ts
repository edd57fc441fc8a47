import { createHash } from "node:crypto";
import { type Inbound, remoteId } from "#contract";
import { z } from "zod";
import type { Settings } from "./settings.ts";
import { toThreadKey } from "./thread.ts";

const sms = z.object({
  id: z.string().min(1),
  from: z.e164(),
  to: z.e164(),
  text: z.string(),
  sentAt: z.iso.datetime({ offset: true }),
});

const toJson = (raw: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(raw).toString());
  } catch {
    return undefined;
  }
};

/** Pure: the same bytes give the same event, when they arrive and when they are read again a year later. */
export const parse = (account: Settings, raw: Uint8Array): Inbound => {
  const read = sms.safeParse(toJson(raw));
  if (!read.success) {
    const id = remoteId(createHash("sha256").update(raw).digest("hex"));
    return { type: "unparsed", id, reason: "not an SMS we know", raw: { bytes: raw } };
  }
  const { id, from, to, text, sentAt } = read.data;
  const own = from === account.number;
  return {
    type: "message",
    thread: toThreadKey(account.number, own ? to : from),
    id: remoteId(id),
    from: { addresses: own ? [] : [{ kind: "e164", value: from }] },
    own,
    sentAt: new Date(sentAt),
    kind: "text",
    text,
    attachments: [],
    raw: { bytes: raw },
  };
};
