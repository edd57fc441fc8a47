import { createHash } from "node:crypto";
import { type Inbound, type InboundMessage, type Raw, remoteId } from "#contract";
import { asDetail, type WhatsAppDetail } from "../message.ts";
import { addressesOf, type Party, toThreadKey } from "../thread.ts";
import { eachOf, type Ignored, partyIn, type Reading } from "./reading.ts";
import * as shapes from "./shapes.ts";

/** A line of the history that nobody wrote. Meta gives such news no id: equal news has an equal one. */
const line = (input: {
  readonly reading: Reading;
  readonly party: Party;
  readonly former?: Party;
  readonly at: Date;
  readonly system: NonNullable<WhatsAppDetail["system"]>;
  readonly text: string;
  readonly raw: Raw;
}): InboundMessage => {
  const { reading, party, former = {}, at, system, text, raw } = input;
  const said = JSON.stringify([reading.ours, party, former, at.getTime(), system]);
  return {
    type: "message",
    thread: toThreadKey(reading.ours, party),
    id: remoteId(`news:${createHash("sha256").update(said).digest("hex").slice(0, 40)}`),
    from: { addresses: [...addressesOf(party), ...addressesOf(former)] },
    oneThreadPerPerson: true,
    own: false,
    sentAt: at,
    kind: "system",
    text,
    attachments: [],
    ...asDetail({ system }),
    automatic: true,
    raw,
  };
};

const idUpdate = (reading: Reading, item: unknown, raw: Raw): InboundMessage => {
  const { wa_id: phone, user_id: id, detail = "", timestamp } = shapes.idUpdate.parse(item);
  return line({
    reading,
    party: { phone, bsuid: id.current },
    ...(id.previous !== undefined && { former: { bsuid: id.previous } }),
    at: timestamp,
    system: { type: "id-changed" },
    text: detail,
    raw,
  });
};

const preference = (reading: Reading, item: unknown, raw: Raw): InboundMessage => {
  const { wa_id: waId, user_id: userId, value, detail = "", timestamp } = shapes.preference.parse(item);
  const { party } = partyIn(reading.contacts, waId, userId);
  return line({ reading, party, at: timestamp, system: { type: "marketing", value }, text: detail, raw });
};

const lists: Readonly<Record<string, (reading: Reading, item: unknown, raw: Raw) => InboundMessage>> = {
  user_id_update: idUpdate,
  user_preferences: preference,
};

/** News about a person: fields whose list has the field's own name. */
export const changeEvents = (
  reading: Reading,
  field: string,
  value: Readonly<Record<string, unknown>>,
): (Inbound | Ignored)[] => {
  const read = lists[field];
  const items = value[field];
  return read === undefined || !Array.isArray(items)
    ? []
    : eachOf(reading, field, items, (item, raw) => read(reading, item, raw));
};
