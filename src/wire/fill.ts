import type { TemplateView } from "./content.ts";

/** Texts with variables. Nothing but functions here: the browser loads this file, not the schemas. */

const marks = /\{\{\s*([\p{L}\p{N}_.-]+)\s*\}\}/gu;

/** Names in {{...}}, each once, in their order. */
export const placeholders = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(marks)].map(([, name = ""]) => name)),
];

/** The text with {{name}} replaced by what is known of it; the rest stays, named in `missing`. */
export const fillText = (
  text: string,
  values: Readonly<Record<string, string>>,
): { readonly text: string; readonly missing: readonly string[] } => ({
  text: text.replace(marks, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined || value.trim() === "" ? whole : value;
  }),
  missing: placeholders(text).filter((name) => !Object.hasOwn(values, name) || (values[name] ?? "").trim() === ""),
});

/** What the customer reads of a template with these values: header, body and footer. */
export const templateText = (
  template: Pick<TemplateView, "header" | "body" | "footer" | "variables">,
  values: Readonly<Record<string, string>>,
): string => {
  const words = Object.fromEntries(
    template.variables.flatMap(({ key, type }) =>
      type === "text" && values[key] !== undefined ? [[key, values[key]]] : [],
    ),
  );
  return [template.header, template.body, template.footer]
    .filter((part) => part !== undefined && part !== "")
    .map((part) => fillText(part ?? "", words).text)
    .join("\n\n");
};
