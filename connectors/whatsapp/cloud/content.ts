import { ConnectorError, type Content, type Outbound } from "#contract";
import { digitsOf } from "../thread.ts";
import { templateComponents } from "./template.ts";

/** A message body of the Cloud API, without recipient and envelope. */
export type Body = { readonly type: string } & Readonly<Record<string, unknown>>;

const most = { body: 1_024, buttons: 3, buttonTitle: 20, rows: 10, rowTitle: 24, rowDescription: 72, listButton: 20 };

const must = (fits: boolean, says: string): void => {
  if (!fits) throw new ConnectorError("rejected", says);
};

const buttons = ({ buttons: given }: Extract<Content, { type: "buttons" }>, text: string): Body => {
  must(given.length >= 1 && given.length <= most.buttons, `WhatsApp takes 1 to ${most.buttons} buttons.`);
  must(
    given.every(({ title }) => title.length <= most.buttonTitle),
    `A button has at most ${most.buttonTitle} characters.`,
  );
  must(text !== "" && text.length <= most.body, `Above buttons stand 1 to ${most.body} characters of text.`);
  return {
    type: "interactive",
    interactive: {
      type: "button",
      body: { text },
      action: { buttons: given.map(({ id, title }) => ({ type: "reply", reply: { id, title } })) },
    },
  };
};

const list = ({ button, sections }: Extract<Content, { type: "list" }>, text: string): Body => {
  const rows = sections.flatMap((section) => section.rows);
  must(rows.length >= 1 && rows.length <= most.rows, `A list has 1 to ${most.rows} rows.`);
  must(
    rows.every(({ title }) => title.length <= most.rowTitle),
    `A row has at most ${most.rowTitle} characters.`,
  );
  must(
    rows.every(({ description = "" }) => description.length <= most.rowDescription),
    `A row's description has at most ${most.rowDescription} characters.`,
  );
  must(button !== "" && button.length <= most.listButton, `The list's button has 1 to ${most.listButton} characters.`);
  must(text !== "" && text.length <= 4_096, "Above a list stands text.");
  return {
    type: "interactive",
    interactive: {
      type: "list",
      body: { text },
      action: {
        button,
        sections: sections.map(({ title, rows: own }) => ({
          ...(title !== "" && { title: title.slice(0, most.rowTitle) }),
          rows: own.map(({ id, title: rowTitle, description }) => ({
            id,
            title: rowTitle,
            ...(description !== undefined && description !== "" && { description }),
          })),
        })),
      },
    },
  };
};

const location = ({ lat, lng, name, address }: Extract<Content, { type: "location" }>): Body => ({
  type: "location",
  location: {
    latitude: lat,
    longitude: lng,
    ...(name !== undefined && { name }),
    ...(address !== undefined && { address }),
  },
});

const contacts = ({ contacts: given }: Extract<Content, { type: "contacts" }>): Body => ({
  type: "contacts",
  contacts: given.map(({ name, phones, emails }) => {
    const [first = name, ...rest] = name.split(" ");
    return {
      name: { formatted_name: name, first_name: first, ...(rest.length > 0 && { last_name: rest.join(" ") }) },
      ...(phones.length > 0 && {
        phones: phones.map((phone) => ({
          phone,
          type: "WORK",
          ...(phone.startsWith("+") && { wa_id: digitsOf(phone) }),
        })),
      }),
      ...(emails.length > 0 && { emails: emails.map((email) => ({ email, type: "WORK" })) }),
    };
  }),
});

/** What stands in `Outbound.content`, as Meta wants it. `files`: ids of the uploaded attachments. Throws "rejected". */
export const bodyOf = (content: Content, message: Outbound, files: readonly string[]): Body => {
  switch (content.type) {
    case "template":
      return {
        type: "template",
        template: {
          name: content.name,
          language: { code: content.language },
          ...templateComponents(content.values, files, message.attachments),
        },
      };
    case "buttons":
      return buttons(content, message.text);
    case "list":
      return list(content, message.text);
    case "location":
      return location(content);
    case "contacts":
      break;
  }
  return contacts(content);
};
