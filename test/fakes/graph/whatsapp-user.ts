import type { DeliveryOptions } from "./webhooks.ts";
import type { Media } from "./whatsapp-media.ts";
import type { FakeNumber, Identity, Lying } from "./whatsapp-number.ts";

export interface SentFile {
  readonly name?: string;
  readonly mimeType: string;
  readonly bytes: Uint8Array;
  readonly caption?: string;
  readonly spoiled?: "hash" | "half";
}

type More = DeliveryOptions & {
  /** The message this one answers. */
  readonly replyTo?: string;
  readonly id?: string;
  readonly at?: Date;
  readonly extra?: Readonly<Record<string, unknown>>;
};

/** A customer's phone. Every method delivers one webhook and gives the id of what was written. */
export const makeUser = (number: FakeNumber, media: Media, person: Identity) => {
  const who = () => ({
    profile: { name: person.name, ...(person.hidden && { username: person.name.toLowerCase() }) },
    ...(!person.hidden && { wa_id: person.phone }),
    user_id: person.bsuid,
  });
  /** One item of `messages`, as Meta writes it for this person. */
  const item = (type: string, body: Readonly<Record<string, unknown>>, more: More = {}) => ({
    ...(!person.hidden && { from: person.phone }),
    from_user_id: person.bsuid,
    id: more.id ?? number.wamid(),
    timestamp: number.seconds(more.at),
    ...(more.replyTo !== undefined && { context: { from: number.display, id: more.replyTo } }),
    type,
    ...body,
    ...more.extra,
  });
  const say = async (type: string, body: Readonly<Record<string, unknown>>, more: More = {}) => {
    const message = item(type, body, more);
    number.heard(person);
    const delivered = await number.push({ contacts: [who()], messages: [message] }, more);
    return { id: message.id, message, delivered };
  };
  const sendFile = (type: string, { caption, ...file }: SentFile, more: More & { readonly body?: object } = {}) =>
    say(
      type,
      {
        [type]: {
          ...media.fromCustomer(file),
          ...(caption !== undefined && { caption }),
          ...(type === "document" && { filename: file.name }),
          ...more.body,
        },
      },
      more,
    );

  return {
    person,
    who,
    item,
    say,
    received: (): readonly Lying[] => number.received(person),
    text: (text: string, more?: More) => say("text", { text: { body: text } }, more),
    image: (file: SentFile, more?: More) => sendFile("image", file, more),
    video: (file: SentFile, more?: More) => sendFile("video", file, more),
    document: (file: SentFile, more?: More) => sendFile("document", file, more),
    voice: (file: SentFile, more?: More) => sendFile("audio", file, { ...more, body: { voice: true } }),
    sticker: (file: SentFile, more?: More) => sendFile("sticker", file, { ...more, body: { animated: false } }),
    location: (place: { lat: number; lng: number; name?: string; address?: string }, more?: More) =>
      say(
        "location",
        {
          location: {
            latitude: place.lat,
            longitude: place.lng,
            ...(place.name !== undefined && { name: place.name }),
            ...(place.address !== undefined && { address: place.address }),
          },
        },
        more,
      ),
    contacts: (cards: readonly { readonly name: string; readonly phone: string }[], more?: More) =>
      say(
        "contacts",
        {
          contacts: cards.map(({ name, phone }) => ({
            name: { formatted_name: name, first_name: name },
            phones: [{ phone, type: "CELL" }],
          })),
        },
        more,
      ),
    react: (messageId: string, emoji: string, more?: More) =>
      say("reaction", { reaction: { message_id: messageId, ...(emoji !== "" && { emoji }) } }, more),
    edit: (messageId: string, text: string, more?: More) =>
      say("edit", { edit: { original_message_id: messageId, message: { type: "text", text: { body: text } } } }, more),
    revoke: (messageId: string, more?: More) => say("revoke", { revoke: { original_message_id: messageId } }, more),
    /** Taps a reply button of a message of ours. */
    click: (message: Lying, index = 0, more?: More) => {
      const { action } = message.body as {
        action: { buttons: readonly { reply: { id: string; title: string } }[] };
      };
      const reply = action.buttons[index]?.reply;
      return say(
        "interactive",
        { interactive: { type: "button_reply", button_reply: reply } },
        { replyTo: message.id, ...more },
      );
    },
    /** Chooses a row of a list of ours. */
    pick: (message: Lying, index = 0, more?: More) => {
      const { action } = message.body as {
        action: { sections: readonly { rows: readonly { id: string; title: string; description?: string }[] }[] };
      };
      const row = action.sections.flatMap(({ rows }) => rows)[index];
      return say(
        "interactive",
        { interactive: { type: "list_reply", list_reply: row } },
        { replyTo: message.id, ...more },
      );
    },
    order: (more?: More) =>
      say(
        "order",
        {
          order: {
            catalog_id: "354160437058781",
            text: "Prosím doručit ráno",
            product_items: [
              { product_retailer_id: "ROHLIK", quantity: 4, item_price: 3.5, currency: "CZK" },
              { product_retailer_id: "CHLEB", quantity: 1, item_price: 42, currency: "CZK" },
            ],
          },
        },
        more,
      ),
    /** Has seen a message of ours. */
    read: (message: Lying, state = "read", more?: DeliveryOptions) =>
      number.push({ statuses: [number.status(message, person, state)] }, more),
    /** Keeps the account and takes another number, which brings another business-scoped id. */
    changeNumber: async (phone: string, bsuid: string, more?: More) => {
      const old = { ...person };
      const message = {
        from: old.phone,
        id: number.wamid(),
        timestamp: number.seconds(),
        system: {
          body: `User ${old.name} changed from ${old.phone} to ${phone}`,
          wa_id: phone,
          user_id: bsuid,
          type: "user_changed_number",
        },
        type: "system",
      };
      number.people.delete(old.bsuid);
      person.phone = phone;
      person.bsuid = bsuid;
      number.people.set(bsuid, person);
      return number.push({ messages: [message] }, more);
    },
    rotateId: async (bsuid: string, more?: More) => {
      const previous = person.bsuid;
      number.people.delete(previous);
      person.bsuid = bsuid;
      number.people.set(bsuid, person);
      const update = {
        ...(!person.hidden && { wa_id: person.phone }),
        user_id: { previous, current: bsuid },
        detail: "The user id changed",
        timestamp: number.seconds(),
      };
      return number.push({ user_id_update: [update] }, { ...more, field: "user_id_update" });
    },
    /** A colleague answers from the business phone's own app. */
    answered: (text: string, more?: More) => {
      const message = {
        from: number.display,
        ...(!person.hidden && { to: person.phone }),
        to_user_id: person.bsuid,
        id: more?.id ?? number.wamid(),
        timestamp: number.seconds(),
        type: "text",
        text: { body: text },
      };
      return number.push({ contacts: [who()], message_echoes: [message] }, { ...more, field: "smb_message_echoes" });
    },
    /** Calls the WhatsApp number; nobody picks up. */
    call: async (more?: More) => {
      const call = {
        id: `wacid.${number.wamid().slice(6)}`,
        ...(!person.hidden && { from: person.phone }),
        from_user_id: person.bsuid,
        to: number.display,
        timestamp: number.seconds(),
        direction: "USER_INITIATED",
      };
      const push = (event: object) =>
        number.push({ contacts: [who()], calls: [{ ...call, ...event }] }, { ...more, field: "calls" });
      await push({ event: "connect", session: { sdp_type: "offer", sdp: "v=0" } });
      await push({ event: "terminate", status: "FAILED" });
      return call.id;
    },
  };
};
