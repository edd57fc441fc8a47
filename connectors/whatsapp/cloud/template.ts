import { type Attachment, ConnectorError, type Template, type TemplateVariable } from "#contract";
import { z } from "zod";
import type { Graph } from "../../graph/index.ts";

const component = z.looseObject({
  type: z.string(),
  format: z.string().optional(),
  text: z.string().optional(),
  example: z.unknown().optional(),
  buttons: z
    .array(
      z.looseObject({
        type: z.string(),
        text: z.string().default(""),
        url: z.string().optional(),
        example: z.unknown().optional(),
      }),
    )
    .optional(),
});
const listed = z.looseObject({
  name: z.string(),
  language: z.string(),
  status: z.string(),
  category: z.string().default(""),
  components: z.array(component).default([]),
});
type Listed = z.output<typeof listed>;
type Component = z.output<typeof component>;

const placeholder = /\{\{\s*([\w]+)\s*\}\}/gu;
const medias = { IMAGE: "image", VIDEO: "video", DOCUMENT: "document" } as const;

/** Every string in the example, in order: Meta nests them differently in each kind of component. */
const strings = (example: unknown): string[] => {
  if (typeof example === "string") return [example];
  return example === null || typeof example !== "object" ? [] : Object.values(example).flatMap(strings);
};

const inText = (place: "header" | "body", text: string, example: unknown): TemplateVariable[] => {
  const examples = strings(example);
  const names = [...new Set([...text.matchAll(placeholder)].map(([, name = ""]) => name))];
  return names.map((name, index) => {
    const given = examples[/^\d+$/u.test(name) ? index : examples.indexOf(name) + 1];
    return { key: `${place}.${name}`, title: name, type: "text", ...(given !== undefined && { example: given }) };
  });
};

const keyed = (place: string, text: string): string => text.replaceAll(placeholder, `{{${place}.$1}}`);

const headerVariables = ({ format = "TEXT", text = "", example }: Component): TemplateVariable[] => {
  if (format in medias) {
    const type = medias[format as keyof typeof medias];
    return [{ key: `header.${type}`, title: type, type }];
  }
  return inText("header", text, example);
};

const buttonVariables = ({ buttons = [] }: Component): TemplateVariable[] =>
  buttons.flatMap(({ type, text, url, example }, index): TemplateVariable[] => {
    const [given] = strings(example);
    const shown = { title: text, type: "text" as const, ...(given !== undefined && { example: given }) };
    if (type === "URL" && url?.includes("{{") === true) return [{ key: `button.${index}.url`, ...shown }];
    return type === "COPY_CODE" || type === "OTP" ? [{ key: `button.${index}.copy_code`, ...shown }] : [];
  });

const categories: Readonly<Record<string, Template["category"]>> = {
  MARKETING: "marketing",
  UTILITY: "utility",
  AUTHENTICATION: "authentication",
};

const toTemplate = ({ name, language, status, category, components }: Listed): Template => {
  const of = (type: string): Component | undefined => components.find((each) => each.type.toUpperCase() === type);
  const [header, body, footer, buttons] = [of("HEADER"), of("BODY"), of("FOOTER"), of("BUTTONS")];
  const headerText = header?.text === undefined ? undefined : keyed("header", header.text);
  return {
    name,
    language,
    category: categories[category] ?? "other",
    ...(status !== "APPROVED" && { unusable: status }),
    ...(headerText !== undefined && { header: headerText }),
    body: keyed("body", body?.text ?? ""),
    ...(footer?.text !== undefined && { footer: footer.text }),
    buttons: (buttons?.buttons ?? []).map(({ text }) => text),
    variables: [
      ...(header === undefined ? [] : headerVariables(header)),
      ...(body === undefined ? [] : inText("body", body.text ?? "", body.example)),
      ...(buttons === undefined ? [] : buttonVariables(buttons)),
    ],
  };
};

/** Every template of the business account, as Meta lists them now. */
export const listTemplates = async (
  graph: Graph,
  businessAccountId: string,
  signal: AbortSignal,
): Promise<readonly Template[]> => {
  const query = { fields: "name,language,status,category,components", limit: 100 };
  const found: Template[] = [];
  for await (const one of graph.list(`${businessAccountId}/message_templates`, query, listed, signal))
    found.push(toTemplate(one));
  return found;
};

interface Parameter {
  readonly place: string;
  readonly index: string | undefined;
  readonly name: string;
  readonly value: string;
}

const parameterOf = (key: string, value: string): Parameter => {
  const [place = "", second = "", third] = key.split(".");
  return third === undefined
    ? { place, index: undefined, name: second, value }
    : { place, index: second, name: third, value };
};

/** Numbered ones in their order, named ones with their name. */
const texts = (parameters: readonly Parameter[]) =>
  parameters
    .toSorted((a, b) => Number(a.name) - Number(b.name) || 0)
    .map(({ name, value }) => ({ type: "text", ...(!/^\d+$/u.test(name) && { parameter_name: name }), text: value }));

/** The values of a template as Meta's components; a file's value is the number of its attachment. Throws "rejected". */
export const templateComponents = (
  values: Readonly<Record<string, string>>,
  files: readonly string[],
  attachments: readonly Attachment[],
): { readonly components?: readonly object[] } => {
  const all = Object.entries(values).map(([key, value]) => parameterOf(key, value));
  const header = all.filter(({ place }) => place === "header");
  const body = all.filter(({ place }) => place === "body");
  const media = header.find(({ name }) => name === "image" || name === "video" || name === "document");
  const fileOf = ({ name, value }: Parameter): object => {
    const id = files[Number(value)];
    if (id === undefined) throw new ConnectorError("rejected", "The template's file is missing.");
    const filename = name === "document" ? attachments[Number(value)]?.name : undefined;
    return { type: name, [name]: { id, ...(filename !== undefined && { filename }) } };
  };
  const components: object[] = [];
  if (media !== undefined) components.push({ type: "header", parameters: [fileOf(media)] });
  else if (header.length > 0) components.push({ type: "header", parameters: texts(header) });
  if (body.length > 0) components.push({ type: "body", parameters: texts(body) });
  for (const { place, index, name, value } of all) {
    if (place !== "button" || index === undefined) continue;
    const code = name === "copy_code";
    components.push({
      type: "button",
      sub_type: name,
      index,
      parameters: [code ? { type: "coupon_code", coupon_code: value } : { type: "text", text: value }],
    });
  }
  return components.length === 0 ? {} : { components };
};
