import { z } from "zod";
import { parseMenuLine } from "./control/menus.ts";
import { parseHours } from "./hours.ts";
import { networks } from "./sip/guard.ts";

const text = (most: number) => z.string().trim().max(most).default("");
const host = z
  .string()
  .trim()
  .regex(/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$|^$/, {
    error: "A host looks like sip.example.com or 10.0.0.1:5060.",
  });

const network = z.string().refine(
  (one) => {
    try {
      networks([one]);
      return true;
    } catch {
      return false;
    }
  },
  { error: "An address looks like 10.0.0.1 or 10.0.0.0/24." },
);

export const languages = ["cs", "sk", "pl", "en"] as const;
const numberTypes = ["geographic", "mobile", "tollfree", "shared", "internal"] as const;

const numberLine = /^(\+?[0-9*#A-Za-z_.-]{1,40})((?:\s+(?:queue|language|type|menu|record|notice)=[\w-]{1,40})*)$/;

/** "+420800123456 queue=orders language=sk type=tollfree menu=main record=no". Undefined = not understood. */
export const parseNumber = (line: string) => {
  const match = numberLine.exec(line.trim());
  if (match === null) return undefined;
  const said = new Map(
    (match[2] ?? "")
      .trim()
      .split(/\s+/)
      .filter((pair) => pair !== "")
      .map((pair) => pair.split("=") as [string, string]),
  );
  const language = languages.find((one) => one === said.get("language"));
  const type = numberTypes.find((one) => one === said.get("type"));
  if (said.has("language") !== (language !== undefined) || said.has("type") !== (type !== undefined)) return undefined;
  return {
    number: match[1] ?? "",
    queue: said.get("queue"),
    language,
    type,
    menu: said.get("menu"),
    record: said.get("record") === undefined ? undefined : said.get("record") === "yes",
  };
};

/** "sale Sold something": a code and its title. */
export const parseDisposition = (line: string): { code: string; title: string } | undefined => {
  const match = /^([\w-]{1,40})\s+(.{1,80})$/.exec(line.trim());
  return match === null ? undefined : { code: match[1] ?? "", title: match[2] ?? "" };
};

const lines = (read: (line: string) => unknown, error: string) =>
  z.array(z.string().refine((line) => read(line) !== undefined, { error })).default([]);

/** Settings of one trunk. Flat on purpose: the admin's form is drawn from it field by field. */
export const settings = z.object({
  server: host.default("").meta({
    title: "Trunk",
    description: "Host of the operator or PBX, such as sip.example.com. Empty: calls only come in.",
  }),
  transport: z.enum(["udp", "tcp", "tls"]).default("udp").meta({ title: "Transport" }),
  register: z.boolean().default(false).meta({
    title: "Register",
    description: "The operator gave a user name and a password. Otherwise it knows this hub by its address.",
  }),
  user: text(120).meta({ title: "User name" }),
  password: z.string().max(200).default("").meta({ title: "Password" }),
  proxy: host.default("").meta({ title: "Outbound proxy", description: "Only when the operator names one." }),
  sources: z.array(network).default([]).meta({
    title: "Addresses that may call",
    description: "Networks of the operator beside the trunk's own, one a line. Nobody else gets an answer.",
  }),
  phoneUser: text(60).meta({
    title: "User of a softphone",
    description: "A phone with this name and the next password may call from anywhere.",
  }),
  phonePassword: z
    .union([z.literal(""), z.string().min(12).max(200)])
    .default("")
    .meta({ title: "Password of the softphone" }),
  listenHost: z
    .string()
    .default("127.0.0.1")
    .meta({ title: "Listen on", description: "Address of this machine; 0.0.0.0 = all." }),
  listenPort: z.int().min(0).max(65_535).default(5060).meta({ title: "SIP port" }),
  publicHost: text(120).meta({
    title: "Public address",
    description: "What the operator reaches us by, when it differs.",
  }),
  tlsKey: z
    .string()
    .max(20_000)
    .default("")
    .meta({ title: "TLS key", description: "PEM; with the certificate, TLS is listened for on the next port." }),
  tlsCert: z.string().max(20_000).default("").meta({ title: "TLS certificate", description: "PEM." }),
  rtpFrom: z.int().min(1_024).max(65_000).default(30_000).meta({ title: "First port for audio" }),
  rtpTo: z.int().min(1_024).max(65_535).default(31_999).meta({ title: "Last port for audio" }),
  webCalls: z.boolean().default(false).meta({
    title: "Calls from the web",
    description: "Visitors may call this line from the chat widget of a web page, without a telephone.",
  }),
  webPort: z.int().min(0).max(65_535).default(0).meta({
    title: "Port for browsers",
    description: "One UDP port for the audio of all agents, to be let through a firewall; 0 = any.",
  }),
  srtp: z
    .enum(["never", "optional", "required"])
    .default("optional")
    .meta({ title: "Encrypted audio towards the trunk" }),
  numbers: lines(parseNumber, "A number looks like +420800123456 queue=orders language=cs menu=main record=yes.").meta({
    title: "Our numbers",
    description:
      "One a line, with queue=, language=, type=, menu= and record= where they differ. Empty: every number called.",
  }),
  callerId: text(40).meta({ title: "Number shown to the called" }),
  queue: text(60).meta({
    title: "Queue",
    description: "Key of the queue calls wait in; empty = every agent of the company.",
  }),
  language: z.enum(languages).default("cs").meta({ title: "Language" }),
  country: z
    .enum(["cz", "sk", "pl"])
    .default("cz")
    .meta({ title: "Country", description: "Of the numbering plan and the public holidays." }),
  notice: text(500).meta({
    title: "Announcement",
    description: "Said before anything is recorded. Empty: nothing is said, and then nothing is recorded.",
  }),
  record: z
    .boolean()
    .default(true)
    .meta({ title: "Record calls", description: "After the announcement, never without it." }),
  keepDays: z.int().min(1).max(3_650).default(90).meta({ title: "Days recordings are kept" }),
  menu: text(40).meta({ title: "First menu", description: "Name of the voice menu played first; empty = none." }),
  menus: lines(
    parseMenuLine,
    "A menu line looks like: main says For orders press one / main 1 queue orders / main else voicemail.",
  ).meta({
    title: "Voice menus",
    description:
      "main says ..., main 1 queue orders, main 2 menu other, main 9 voicemail, main 0 callback, main else queue orders.",
  }),
  hours: lines(parseHours, "Hours look like Mo-Fr 08:00-18:00.").meta({
    title: "Opening hours",
    description: "One a line. Empty: always open.",
  }),
  closedDays: z
    .array(z.iso.date())
    .default([])
    .meta({ title: "Closed days", description: "As 2026-12-24, one a line, beside public holidays." }),
  timezone: z.string().default("Europe/Prague").meta({ title: "Time zone" }),
  closed: z.enum(["voicemail", "callback", "end"]).default("voicemail").meta({ title: "When closed" }),
  overflow: z.enum(["voicemail", "callback", "stay"]).default("voicemail").meta({ title: "When nobody comes" }),
  maxWaitSeconds: z
    .int()
    .min(0)
    .max(7_200)
    .default(300)
    .meta({ title: "Seconds until then", description: "0 = the caller waits on." }),
  ringSeconds: z.int().min(5).max(120).default(20).meta({ title: "Seconds a call rings at one agent" }),
  positionSeconds: z
    .int()
    .min(0)
    .max(600)
    .default(60)
    .meta({ title: "Seconds between words about the position", description: "0 = none." }),
  wrapUpSeconds: z.int().min(0).max(900).default(30).meta({ title: "Seconds for notes after a call" }),
  dispositions: lines(parseDisposition, "A result looks like: sale Sold something.").meta({
    title: "Results of a call",
    description: "Code and title, one a line; agents choose one after each call.",
  }),
  destinations: z
    .array(z.string().regex(/^(?:\+\d{1,8}|premium)$/, { error: "+421, or the word premium." }))
    .default([])
    .meta({
      title: "Foreign destinations",
      description: "Prefixes that may be called beside the own country, one a line.",
    }),
  keepAliveSeconds: z.int().min(1).max(3_600).default(30).meta({ title: "Seconds between looks at the trunk" }),
  maxCalls: z.int().min(1).max(1_000).default(60).meta({ title: "Calls at once" }),
  maxDialsPerHour: z.int().min(0).max(10_000).default(600).meta({ title: "Calls out in an hour" }),
  maxDialsPerAgentHour: z.int().min(0).max(1_000).default(60).meta({ title: "Calls out of one agent in an hour" }),
  maxMinutesPerDay: z.int().min(0).max(100_000).default(3_000).meta({ title: "Minutes out in a day" }),
});
export type Settings = z.output<typeof settings>;
