import { z } from "zod";
import { parseHours } from "./hours.ts";

const field = z.enum(["off", "optional", "required"]);
const text = (max: number) => z.string().trim().max(max).default("");

const origin = z
  .string()
  .trim()
  .transform((value) => value.replace(/\/$/, ""))
  .refine((value) => URL.canParse(value) && new URL(value).origin === value && /^https?:/.test(value), {
    error: "An origin looks like https://www.example.com, without a path.",
  });

const timezone = z
  .string()
  .default("Europe/Prague")
  .refine((zone) => Intl.supportedValuesOf("timeZone").includes(zone) || zone === "UTC", {
    error: "Not a time zone known here; one is Europe/Prague.",
  });

/** Settings of one widget. Flat on purpose: the admin's form is drawn from it field by field. */
export const settings = z.object({
  allowedOrigins: z.array(origin).default([]).meta({
    title: "Sites",
    description: "Origins that may embed the widget, one a line. Empty: any site, which is for trying only.",
  }),
  title: text(60).meta({ title: "Heading", description: "Shown on top of the chat. Empty: the widget's own words." }),
  greetingCs: text(300).meta({ title: "Greeting, Czech", description: "Empty: the widget's own words." }),
  greetingSk: text(300).meta({ title: "Greeting, Slovak", description: "Empty: the widget's own words." }),
  greetingPl: text(300).meta({ title: "Greeting, Polish", description: "Empty: the widget's own words." }),
  greetingEn: text(300).meta({ title: "Greeting, English", description: "Empty: the widget's own words." }),
  agentName: text(60).meta({
    title: "Name of the operator",
    description: "Shown until somebody answers and for agents without an alias.",
  }),
  color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, { error: "A colour looks like #1f6f5c." })
    .default("#1f6f5c")
    .meta({ title: "Colour", description: "Of the button and of the visitor's messages, as #rrggbb." }),
  preChatName: field.default("off").meta({ title: "Ask for a name", description: "Before the first message." }),
  preChatEmail: field
    .default("off")
    .meta({ title: "Ask for an e-mail address", description: "Before the first message." }),
  privacyUrl: z
    .union([z.literal(""), z.url({ protocol: /^https?$/ })])
    .default("")
    .meta({ title: "Privacy notice", description: "Address of the page that says what happens with the data." }),
  identitySecret: z
    .union([z.literal(""), z.string().min(16, { error: "At least 16 characters." }).max(200)])
    .default("")
    .meta({
      title: "Identity secret",
      description: "Shared with the site's server, which signs its user ids with it. Empty: visitors stay anonymous.",
    }),
  hours: z
    .array(
      z.string().refine((line) => parseHours(line) !== undefined, {
        error: "Hours look like Mo-Fr 08:00-18:00.",
      }),
    )
    .default([])
    .meta({ title: "Opening hours", description: "Like Mo-Fr 08:00-18:00, one a line. Empty: always open." }),
  timezone: timezone.meta({ title: "Time zone", description: "Of the opening hours." }),
  closedDays: z
    .array(z.iso.date())
    .default([])
    .meta({ title: "Closed days", description: "Holidays as 2026-12-24, one a line." }),
  offlineText: text(300).meta({
    title: "Words when closed",
    description: "When you are back, for instance. Outside the hours the widget asks for an e-mail address.",
  }),
  storage: z.enum(["session", "none"]).default("session").meta({
    title: "Remember the visitor",
    description: "session: the chat goes on after a reload. none: nothing is kept on the visitor's device.",
  }),
  quickExit: z.boolean().default(false).meta({
    title: "Quick exit",
    description: "A button, and Escape pressed twice, leave the site at once and wipe the chat.",
  }),
  quickExitUrl: z
    .url({ protocol: /^https$/ })
    .default("https://www.wikipedia.org/")
    .meta({ title: "Quick exit to", description: "A page nobody asks about." }),
  callLine: z
    .union([z.literal(""), z.uuid()])
    .default("")
    .meta({
      title: "Phone line",
      description: "Id of a phone account that takes calls from the web: visitors may call it here. Empty: no calls.",
    }),
  sound: z.boolean().default(true).meta({ title: "Sound", description: "A quiet tone when an answer comes." }),
});

export type Settings = z.output<typeof settings>;

/** Longest text of one message either way, in UTF-16 code units. */
export const textLimit = 4000;
export const fileBytes = 16 * 1024 * 1024;
