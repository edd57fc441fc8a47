import type { Content, Limits, Template } from "#contract";
import { templateText } from "#wire";
import { Refused } from "./refused.ts";

const media = { image: /^image\//, video: /^video\//, document: /./ } as const;

/**
 * Checks what was filled into an approved message against its variables. Texts must be there and on one line (Meta
 * refuses line breaks, tabs and more than four spaces in a row); a file must be one of `files` and of its kind. Gives
 * the values as the connector gets them, where a file is its place among the attachments. Refused bad-request.
 */
export const fillTemplate = (input: {
  readonly template: Template;
  readonly values: Readonly<Record<string, string>>;
  readonly files: readonly { readonly id: string; readonly mime: string }[];
}): { readonly values: Readonly<Record<string, string>>; readonly text: string } => {
  const { template, values, files } = input;
  const bad = (says: string): Refused => new Refused("bad-request", says);
  if (template.unusable !== undefined)
    throw new Refused("conflict", `The provider does not allow this template now: ${template.unusable}.`);
  const known = new Set(template.variables.map(({ key }) => key));
  const extra = Object.keys(values).find((key) => !known.has(key));
  if (extra !== undefined) throw bad(`The template has no variable ${extra}.`);
  const used = new Set<number>();
  const checked = template.variables.map(({ key, title, type }): readonly [string, string] => {
    const value = (values[key] ?? "").trim();
    if (value === "") throw bad(`${title} is missing.`);
    if (type === "text") {
      if (/[\n\r\t]| {5}/.test(value)) throw bad(`${title} must be on one line.`);
      return [key, value];
    }
    const at = files.findIndex((file) => file.id === value);
    const file = files[at];
    if (file === undefined) throw bad(`${title} needs a file.`);
    if (!media[type].test(file.mime)) throw bad(`${title} needs a file of another kind.`);
    used.add(at);
    return [key, String(at)];
  });
  if (used.size !== files.length) throw bad("A template carries only the files it has a place for.");
  const all = Object.fromEntries(checked);
  return { values: all, text: templateText({ ...template, variables: [...template.variables] }, all) };
};

/** Refuses what the channel does not take. */
export const checkContent = (input: {
  readonly limits: Limits;
  readonly content: Content;
  readonly text: string;
}): void => {
  const { limits, content, text } = input;
  if (limits.content?.includes(content.type) !== true)
    throw new Refused("bad-request", "This channel does not take this kind of message.");
  if ((content.type === "buttons" || content.type === "list") && text === "")
    throw new Refused("bad-request", "Write what the customer chooses from.");
  if (text.length > limits.text)
    throw new Refused("too-large", `This channel takes at most ${limits.text} characters.`);
};

/** What stands for such a message where only text is shown: lists, search, other channels. */
export const contentText = (content: Exclude<Content, { type: "template" }>, text: string): string => {
  switch (content.type) {
    case "location":
      return text !== ""
        ? text
        : [content.name, content.address].filter(Boolean).join(", ") || `${content.lat}, ${content.lng}`;
    case "contacts":
      return text !== "" ? text : content.contacts.map(({ name }) => name).join(", ");
    case "buttons":
    case "list":
      break;
  }
  return text;
};

/** What kind of message it is to whoever shows it. */
export const contentKind = (content: Content | undefined, html: boolean): string => {
  switch (content?.type) {
    case "template":
      return "template";
    case "location":
      return "location";
    case "contacts":
      return "contact";
    case "buttons":
    case "list":
    case undefined:
      break;
  }
  return html ? "html" : "text";
};

/** What the desk draws beside the words: the place, the people, the choices the customer is offered. */
export const contentDetail = (
  content: Content,
  template: Pick<Template, "buttons"> | null,
): Readonly<Record<string, unknown>> => {
  switch (content.type) {
    case "location": {
      const { type: _, ...place } = content;
      return place;
    }
    case "contacts":
      return { contacts: content.contacts };
    case "buttons":
      return { choices: content.buttons.map(({ title }) => title) };
    case "list":
      return { choices: content.sections.flatMap(({ rows }) => rows.map(({ title }) => title)) };
    case "template":
      break;
  }
  return template === null || template.buttons.length === 0 ? {} : { choices: template.buttons };
};
