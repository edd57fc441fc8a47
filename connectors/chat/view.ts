import type { AccountId, Transcript, TranscriptLine } from "#contract";
import { z } from "zod";
import { isOpen } from "./hours.ts";
import { fileBytes, type Settings, textLimit } from "./settings.ts";
import { visitorFileTypes } from "./sniff.ts";
import { clientIdOf } from "./thread.ts";

/** What the widget is shown. Everything in here is public to any visitor. */

const fields = {
  name: z.string().trim().min(1).max(120).meta({ format: "text" }),
  email: z.email().max(254).meta({ format: "email" }),
};

/** The pre-chat form of an account as a schema: checks what comes in and describes the fields to draw. */
export const preChatForm = (config: Settings) => {
  const shape: Record<string, z.ZodType<string | undefined>> = {};
  const asked = { name: config.preChatName, email: config.preChatEmail };
  for (const key of ["name", "email"] as const) {
    if (asked[key] === "required") shape[key] = fields[key];
    if (asked[key] === "optional") shape[key] = fields[key].optional();
  }
  return z.strictObject(shape);
};

export interface FormField {
  readonly key: string;
  readonly type: "text" | "email";
  readonly required: boolean;
}

const described = z.object({
  properties: z.record(z.string(), z.object({ format: z.enum(["text", "email"]) })).default({}),
  required: z.array(z.string()).default([]),
});

export const formFields = (config: Settings): readonly FormField[] => {
  const schema = described.parse(z.toJSONSchema(preChatForm(config)));
  return Object.entries(schema.properties).map(([key, { format }]) => ({
    key,
    type: format,
    required: schema.required.includes(key),
  }));
};

export interface WidgetLine {
  readonly key: string;
  /** Absent on a live line: its place is known with the next page. */
  readonly seq?: number;
  readonly from: "visitor" | "agent";
  readonly text: string;
  readonly author: { readonly name: string; readonly avatarUrl?: string };
  /** A live line has no addresses of its files yet. */
  readonly files: readonly {
    readonly name: string;
    readonly type: string;
    readonly bytes: number;
    readonly url?: string;
  }[];
  readonly at: string;
  readonly state?: string;
}

export const widgetLine = (session: string, line: TranscriptLine, agentName: string): WidgetLine => ({
  key: clientIdOf(session, line.clientId ?? line.id),
  seq: line.seq,
  from: line.direction === "in" ? "visitor" : "agent",
  text: line.text,
  author: { ...line.author, name: line.author.name || agentName },
  files: line.attachments.map(({ name, mimeType, bytes, url }) => ({ name, type: mimeType, bytes, url })),
  at: line.at.toISOString(),
  ...(line.state === undefined ? {} : { state: line.state }),
});

export const widgetPage = (session: string, page: Transcript, agentName: string) => ({
  lines: page.lines.map((line) => widgetLine(session, line, agentName)),
  more: page.more,
  readSeq: page.readSeq,
});

const languages = ["en", "cs", "sk", "pl"] as const;
const greetings = { en: "greetingEn", cs: "greetingCs", sk: "greetingSk", pl: "greetingPl" } as const;

/** Looks and rules of the widget in one language. Empty words: the widget has its own. */
export const widgetLook = (input: {
  readonly account: AccountId;
  /** Who calls is who writes: known to nobody else. */
  readonly session: string;
  readonly config: Settings;
  readonly lang: string;
  readonly at: Date;
}) => {
  const { config } = input;
  const lang = languages.find((one) => input.lang.toLowerCase().startsWith(one)) ?? "en";
  return {
    title: config.title,
    greeting: config[greetings[lang]],
    agentName: config.agentName,
    color: config.color,
    privacyUrl: config.privacyUrl,
    open: isOpen({ hours: config.hours, closedDays: config.closedDays, timezone: config.timezone, at: input.at }),
    offlineText: config.offlineText,
    quickExitUrl: config.quickExit ? config.quickExitUrl : "",
    sound: config.sound,
    textLimit,
    fileBytes,
    fileTypes: visitorFileTypes,
    call: config.callLine === "" ? null : { line: config.callLine, session: input.session },
  };
};
export type WidgetLook = ReturnType<typeof widgetLook>;
