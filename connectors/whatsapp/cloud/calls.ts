import { type InboundMessage, type Raw, remoteId } from "#contract";
import { asDetail } from "../message.ts";
import { addressesOf, toThreadKey } from "../thread.ts";
import { eachOf, type Ignored, partyIn, type Reading } from "./reading.ts";
import * as shapes from "./shapes.ts";

/** A customer called the WhatsApp number. The hub has no media path there: the call is a task to call back. */
const callOf = (reading: Reading, given: unknown, raw: Raw): InboundMessage | Ignored => {
  const call = shapes.call.parse(given);
  if (call.direction !== "USER_INITIATED") return { ignored: `calls: ${call.event} of a call we began` };
  const { party, name } = partyIn(reading.contacts, call.from, call.from_user_id);
  return {
    type: "message",
    thread: toThreadKey(reading.ours, party),
    // Beginning and end of a call are one line: whichever comes first makes it.
    id: remoteId(call.id),
    from: { addresses: addressesOf(party), ...(name !== undefined && { name }) },
    oneThreadPerPerson: true,
    own: false,
    sentAt: call.timestamp,
    kind: "call",
    text: "",
    attachments: [],
    ...asDetail({ call: { id: call.id, missed: true }, missed: true, state: "ended" }),
    raw,
  };
};

export const callEvents = (reading: Reading, items: readonly unknown[]) =>
  eachOf(reading, "calls", items, (item, raw) => callOf(reading, item, raw));
