import { z } from "zod";
import { GraphRefusal, invalid } from "./refusal.ts";
import { bodies, type BodyType, envelope, envelopeKeys, isBodyType } from "./whatsapp-shapes.ts";

/** An approved message of a business account, as an admin of it makes one. */
export interface FakeTemplate {
  readonly name: string;
  readonly language: string;
  readonly category?: string;
  readonly status?: string;
  readonly components: readonly {
    readonly type: string;
    readonly format?: string;
    readonly text?: string;
    readonly example?: unknown;
    readonly buttons?: readonly { readonly type: string; readonly text: string; readonly url?: string }[];
  }[];
}

/** A send that Meta would take. */
export interface Accepted {
  readonly to: string | undefined;
  readonly recipient: string | undefined;
  readonly group: boolean;
  readonly type: BodyType;
  readonly body: Readonly<Record<string, unknown>>;
  readonly context: string | undefined;
  readonly callback: string | undefined;
}

const placeholder = /\{\{\s*\w+\s*\}\}/gu;
const countIn = (text = ""): number => new Set(text.match(placeholder)).size;

const wrongCount = (place: string, given: number, wanted: number): GraphRefusal =>
  new GraphRefusal({
    code: 132_000,
    says: "Number of parameters does not match the expected number of params",
    details: `${place}: number of localizable_params (${given}) does not match the expected number of params (${wanted})`,
  });

type Component = {
  readonly type: string;
  readonly sub_type?: string | undefined;
  readonly parameters?: readonly { readonly type: string }[] | undefined;
};

const checkTemplate = (given: z.output<(typeof bodies)["template"]>, templates: readonly FakeTemplate[]): void => {
  const template = templates.find(({ name, language }) => name === given.name && language === given.language.code);
  if (template === undefined)
    throw new GraphRefusal({
      status: 404,
      code: 132_001,
      says: "Template name does not exist in the translation",
      details: `template name (${given.name}) does not exist in ${given.language.code}`,
    });
  if ((template.status ?? "APPROVED") === "PAUSED")
    throw new GraphRefusal({ code: 132_015, says: "Template is paused" });
  if ((template.status ?? "APPROVED") !== "APPROVED")
    throw new GraphRefusal({ code: 132_001, status: 404, says: "Template name does not exist in the translation" });
  const components: readonly Component[] = given.components ?? [];
  const parametersOf = (type: string) => components.find((each) => each.type === type)?.parameters ?? [];
  for (const { type, format = "TEXT", text } of template.components) {
    const place = type.toLowerCase();
    if (place !== "header" && place !== "body") continue;
    const params = parametersOf(place);
    if (place === "header" && format !== "TEXT") {
      if (params.length !== 1 || params[0]?.type !== format.toLowerCase())
        throw new GraphRefusal({
          code: 132_012,
          says: "Parameter format does not match format in the created template",
          details: `header: expected ${format}`,
        });
      continue;
    }
    if (params.length !== countIn(text)) throw wrongCount(place, params.length, countIn(text));
  }
  const buttons = template.components.find(({ type }) => type.toUpperCase() === "BUTTONS")?.buttons ?? [];
  const wanted = buttons.filter(({ type, url }) => type === "COPY_CODE" || countIn(url) > 0).length;
  const sent = components.filter(
    ({ type, sub_type: kind }) => type === "button" && (kind === "url" || kind === "copy_code"),
  );
  if (sent.length !== wanted) throw wrongCount("button", sent.length, wanted);
};

const refuseShape = (error: z.ZodError): GraphRefusal => {
  const [issue] = error.issues;
  const path = issue?.path.join("/") ?? "";
  if (issue?.code === "unrecognized_keys") return invalid(`Unexpected key "${issue.keys[0]}" on param "${path}"`);
  if (issue?.code === "invalid_type" && issue.message.includes("undefined"))
    return new GraphRefusal({
      code: 131_008,
      says: "Required parameter is missing",
      details: `Parameter missing: ${path}`,
    });
  return new GraphRefusal({
    code: 131_009,
    says: "Parameter value is not valid",
    details: `${path}: ${issue?.message ?? ""}`,
  });
};

/** Takes what Meta takes and throws what Meta answers. `media`: ids this number may use. */
export const validate = (
  json: unknown,
  known: { readonly templates: readonly FakeTemplate[]; readonly media: (id: string) => boolean },
): Accepted => {
  const head = envelope.safeParse(json);
  if (!head.success) {
    const missing = head.error.issues.some(({ path }) => path[0] === "messaging_product");
    throw missing ? invalid("The parameter messaging_product is required.") : refuseShape(head.error);
  }
  const { to, recipient, recipient_type: kind, context, biz_opaque_callback_data: callback, ...rest } = head.data;
  if (to === undefined && recipient === undefined)
    throw invalid("The parameter to is required, or recipient with a business-scoped user id.");
  // Without a type a message is a text, unless it has one other body.
  const named = Object.keys(rest).filter((key) => isBodyType(key));
  const type = rest.type ?? (named.length === 1 ? named[0] : undefined) ?? "text";
  if (!isBodyType(type)) throw new GraphRefusal({ code: 131_051, says: "Unsupported message type" });
  const stranger = Object.keys(rest).find((key) => !envelopeKeys.has(key) && key !== type);
  if (stranger !== undefined) throw invalid(`Unexpected key "${stranger}" on param "${type}".`);
  const read = z.strictObject({ [type]: bodies[type] }).safeParse({ [type]: rest[type] });
  if (!read.success) throw refuseShape(read.error);
  const body = rest[type] as Readonly<Record<string, unknown>>;
  const id = body["id"];
  if (typeof id === "string" && !known.media(id))
    throw invalid(`Parameter value is not valid: ${type}: the media id ${id} is unknown`);
  if (type === "template") checkTemplate(bodies.template.parse(body), known.templates);
  const category = type === "template" && known.templates.find(({ name }) => name === body["name"])?.category;
  if (category === "AUTHENTICATION" && to === undefined)
    throw new GraphRefusal({ code: 131_062, says: "Business-scoped user ids are not allowed for this message type" });
  return {
    to: to?.replaceAll(/\D/gu, ""),
    recipient,
    group: kind === "group",
    type,
    body,
    context: context?.message_id,
    callback,
  };
};
