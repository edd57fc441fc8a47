import { z } from "zod";
import { refusal } from "#wire";
import type { Route } from "./route.ts";

const schemaOf = (schema: z.ZodType, io: "input" | "output"): object => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any", target: "draft-2020-12" });
  return rest;
};

const object = z.looseObject({
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
});

const parameters = (schema: z.ZodType, place: "path" | "query"): object[] => {
  const { properties, required } = object.parse(schemaOf(schema, "input"));
  return Object.entries(properties).map(([name, inner]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: inner,
  }));
};

const json = (schema: object) => ({ content: { "application/json": { schema } } });
const bytes = { content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } } };

const operation = (route: Route): object => ({
  summary: route.says,
  parameters: [...parameters(route.params, "path"), ...parameters(route.query, "query")],
  ...(route.body === "none"
    ? {}
    : {
        requestBody: {
          required: true,
          ...(route.body === "raw" ? bytes : json(schemaOf(route.body, "input"))),
        },
      }),
  responses: {
    200: { description: "Done.", ...(route.gives === "raw" ? bytes : json(schemaOf(route.gives, "output"))) },
    default: { description: "Refused.", ...json({ $ref: "#/components/schemas/Problem" }) },
  },
  security:
    route.access === "anyone"
      ? []
      : [{ session: [], csrf: [] }, ...(route.token === null ? [] : [{ token: [route.token] }])],
});

/** The API as OpenAPI 3.1, made from the schemas that check it. */
export const openApi = (input: { readonly routes: readonly Route[]; readonly version: string }): object => {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of input.routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[route.method] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Linka",
      version: input.version,
      description: "Mutating calls of a session carry x-csrf-token from /api/boot.",
    },
    paths,
    components: {
      schemas: { Problem: schemaOf(z.object({ refusal }), "output") },
      securitySchemes: {
        session: { type: "apiKey", in: "cookie", name: "linka" },
        csrf: { type: "apiKey", in: "header", name: "x-csrf-token" },
        token: { type: "http", scheme: "bearer" },
      },
    },
  };
};
