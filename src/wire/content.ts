import { z } from "zod";

/** What a message is beside text and files; the same as the contract's Content, which a test keeps so. */

const short = z.string().trim().min(1).max(200);
const pressed = { id: z.string().min(1).max(200), title: short };

const template = z.object({
  type: z.literal("template"),
  name: z.string().min(1).max(600),
  language: z.string().min(1).max(20),
  /** By the variable's key; of an image, video or document the id of its upload. */
  values: z.record(z.string().max(100), z.string().max(2_000)),
});
const buttons = z.object({
  type: z.literal("buttons"),
  buttons: z.array(z.object(pressed)).min(1).max(10).readonly(),
});
const list = z.object({
  type: z.literal("list"),
  button: short,
  sections: z
    .array(
      z.object({
        title: z.string().max(200),
        rows: z
          .array(z.object({ ...pressed, description: z.string().max(200).exactOptional() }))
          .min(1)
          .max(10)
          .readonly(),
      }),
    )
    .min(1)
    .max(10)
    .readonly(),
});
const location = z.object({
  type: z.literal("location"),
  lat: z.number().min(-90).max(90),
  lng: z.number().min(-180).max(180),
  name: z.string().max(200).exactOptional(),
  address: z.string().max(500).exactOptional(),
});
const contacts = z.object({
  type: z.literal("contacts"),
  contacts: z
    .array(
      z.object({
        name: short,
        phones: z.array(z.string().min(1).max(40)).max(5).readonly(),
        emails: z.array(z.string().min(1).max(254)).max(5).readonly(),
      }),
    )
    .min(1)
    .max(5)
    .readonly(),
});

export const content = z.discriminatedUnion("type", [template, buttons, list, location, contacts]);
export const contentType = z.enum(["template", "buttons", "list", "location", "contacts"]);

export const templateVariable = z.object({
  key: z.string(),
  title: z.string(),
  type: z.enum(["text", "image", "video", "document"]),
  example: z.string().optional(),
});
export const templateView = z.object({
  name: z.string(),
  language: z.string(),
  category: z.enum(["marketing", "utility", "authentication", "other"]),
  /** Why it cannot be sent now; absent = it can. */
  unusable: z.string().optional(),
  header: z.string().optional(),
  body: z.string(),
  footer: z.string().optional(),
  buttons: z.array(z.string()),
  variables: z.array(templateVariable),
});

export type ContentView = z.output<typeof content>;
export type ContentType = z.output<typeof contentType>;
export type TemplateView = z.output<typeof templateView>;
