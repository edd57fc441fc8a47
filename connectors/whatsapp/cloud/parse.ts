import { type Inbound, type InboundMessage, type Raw, remoteId } from "#contract";
import { asDetail, type Said } from "../message.ts";
import { addressesOf, type Party, toThreadKey } from "../thread.ts";
import { callEvents } from "./calls.ts";
import { changeEvents } from "./changes.ts";
import { saidOf } from "./kinds.ts";
import { eachOf, type Ignored, partyFrom, partyIn, type Reading, unparsed } from "./reading.ts";
import * as shapes from "./shapes.ts";
import { statusEvents } from "./statuses.ts";

/** What a webhook came to. `ignored`: read, and knowingly nothing for the inbox, each with its reason. */
export interface Parsed {
  readonly events: readonly Inbound[];
  readonly ignored: readonly string[];
  /** Other numbers of ours that Meta sent along. */
  readonly others: readonly string[];
}

/** The new address first, the old ones after it: whoever is known by any of them stays the same person. */
const rotated = (item: shapes.Message, party: Party) => {
  const { data } = shapes.system.safeParse(item["system"]);
  if (data === undefined) return addressesOf(party);
  const next = partyFrom(data.new_wa_id ?? data.wa_id, data.new_user_id ?? data.user_id);
  const all = [...addressesOf(next), ...addressesOf(party)];
  return all.filter(({ value }, index) => all.findIndex((other) => other.value === value) === index);
};

const letter = (reading: Reading, item: shapes.Message, said: Said, raw: Raw, own: boolean): InboundMessage => {
  const { party, name } = own
    ? partyIn(reading.contacts, item.to, item.to_user_id)
    : partyIn(reading.contacts, item.from, item.from_user_id);
  const replyTo = item.context?.id;
  return {
    type: "message",
    thread: toThreadKey(reading.ours, { ...party, group: item.group_id }),
    id: remoteId(item.id),
    from: {
      addresses: item.type === "system" ? rotated(item, party) : addressesOf(party),
      ...(!own && name !== undefined && { name }),
    },
    ...(item.group_id === undefined && { oneThreadPerPerson: true }),
    own,
    sentAt: item.timestamp,
    kind: said.kind,
    text: said.text,
    attachments: said.attachments ?? [],
    ...asDetail(said.detail ?? {}),
    ...(replyTo !== undefined && { replyTo: remoteId(replyTo) }),
    ...(said.automatic === true && { automatic: true }),
    raw,
  };
};

/** News about an earlier message comes as a message of its own kind. */
const messageEvent = (reading: Reading, given: unknown, raw: Raw, own: boolean): Inbound => {
  const item = shapes.message.parse(given);
  const { party } = own
    ? partyIn(reading.contacts, item.to, item.to_user_id)
    : partyIn(reading.contacts, item.from, item.from_user_id);
  const thread = toThreadKey(reading.ours, { ...party, group: item.group_id });
  const at = item.timestamp;
  if (party.phone === undefined && party.bsuid === undefined) throw new Error("nobody it is from");
  switch (item.type) {
    case "reaction": {
      const { message_id: id, emoji = "" } = shapes.reaction.parse(item["reaction"]);
      const actor = own ? "us" : (party.bsuid ?? party.phone ?? "");
      return { type: "reaction", thread, id: remoteId(id), actor, emoji, at };
    }
    case "edit": {
      const { original_message_id: id, message } = shapes.edit.parse(item["edit"]);
      const text = message.text?.body ?? (message.image ?? message.video ?? message.document)?.caption ?? "";
      return { type: "edit", thread, id: remoteId(id), text, at };
    }
    case "revoke": {
      const { original_message_id: id } = shapes.revoke.parse(item["revoke"]);
      return { type: "revoke", thread, id: remoteId(id), at };
    }
    default:
      return letter(reading, item, saidOf(item, reading.fetchFile), raw, own);
  }
};

/** Told on purpose to nobody: what happens to the account, not to a customer. */
const accountFields =
  /^(?:account_|business_|message_template_|template_|phone_number_|security$|flows$|message_template|payment_|partner_|automatic_|history$|smb_app_state_sync$|tracking_events$|group_|messaging_handovers$|standby$)/u;

const withItem = (change: { field: string; value: unknown }, entryId: string | undefined, single: unknown): Raw => ({
  json: {
    object: "whatsapp_business_account",
    entry: [{ ...(entryId !== undefined && { id: entryId }), changes: [{ field: change.field, value: single }] }],
  },
});

const lists = new Set(["messages", "statuses", "message_echoes", "calls", "contacts"]);
const withoutLists = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !lists.has(key)));

interface KnownContact {
  readonly given: unknown;
  readonly read: shapes.Contact | undefined;
}

/** The contacts an item is about: an envelope of twenty messages is not kept twenty times over. */
const contactsOf = (contacts: readonly KnownContact[], item: unknown): readonly unknown[] => {
  const all = contacts.map(({ given }) => given);
  if (contacts.length < 2 || item === null || typeof item !== "object") return all;
  const named = new Set(Object.values(item).filter((value) => typeof value === "string"));
  return all.filter((_, index) => {
    const read = contacts[index]?.read;
    return read === undefined || named.has(read.wa_id ?? "") || named.has(read.user_id ?? "");
  });
};

type Walk = (Inbound | Ignored | { readonly other: string })[];

const changeOf = (
  ours: string,
  fetchFile: Reading["fetchFile"],
  change: { field: string; value: unknown },
  entryId: string | undefined,
): Walk => {
  const { field } = change;
  if (accountFields.test(field)) return [{ ignored: `${field}: about the account` }];
  const whole = (): Raw => withItem(change, entryId, change.value);
  const { data } = shapes.value.safeParse(change.value);
  if (data === undefined) return [unparsed(whole(), `${field}: not a value we know`)];
  const number = data.metadata?.phone_number_id;
  if (number !== undefined && number !== ours) return [{ other: number }];
  const head = withoutLists(data);
  const contacts = data.contacts.map((given) => ({ given, read: shapes.contact.safeParse(given).data }));
  const reading: Reading = {
    ours,
    fetchFile,
    contacts: contacts.flatMap(({ read }): shapes.Contact[] => (read === undefined ? [] : [read])),
    raw: (list, item) =>
      withItem(change, entryId, {
        ...head,
        ...(contacts.length > 0 && { contacts: contactsOf(contacts, item) }),
        [list]: [item],
      }),
  };
  const messages = (list: "messages" | "message_echoes", own: boolean) =>
    eachOf(reading, list, data[list], (item, raw) => messageEvent(reading, item, raw, own));
  const found: Walk = [
    ...messages("messages", false),
    ...messages("message_echoes", true),
    ...statusEvents(reading, data.statuses),
    ...callEvents(reading, data.calls),
    ...changeEvents(reading, field, data),
  ];
  if (found.length > 0) return found;
  if (data.errors.length > 0) return [{ ignored: `${field}: ${JSON.stringify(data.errors).slice(0, 300)}` }];
  return [unparsed(whole(), `${field}: nothing we know in it`)];
};

/** Reads a webhook for the number `ours`. Pure: the same bytes give the same events, live or a year later. */
export const parse = (ours: string, fetchFile: Reading["fetchFile"], bytes: Uint8Array): Parsed => {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { events: [unparsed({ bytes }, "not JSON")], ignored: [], others: [] };
  }
  const read = shapes.envelope.safeParse(json);
  if (!read.success || read.data.object !== "whatsapp_business_account")
    return { events: [unparsed({ bytes }, "not a WhatsApp webhook")], ignored: [], others: [] };
  const found = read.data.entry.flatMap(({ id, changes }) =>
    changes.flatMap((change) => changeOf(ours, fetchFile, { field: change.field, value: change.value }, id)),
  );
  if (found.length === 0) return { events: [unparsed({ bytes }, "nothing in it")], ignored: [], others: [] };
  return {
    events: found.filter((item): item is Inbound => "type" in item),
    ignored: found.flatMap((item) => ("ignored" in item ? item.ignored : [])),
    others: [...new Set(found.flatMap((item) => ("other" in item ? item.other : [])))],
  };
};
