import { isIP } from "node:net";
import { isAbsolute, resolve } from "node:path";
import { z } from "zod";

/** What the operator may set. The README's table and the check for unknown names are made from this list. */
export const variables = [
  { name: "PORT", byDefault: "3000", meaning: "TCP port; 0 takes a free one." },
  {
    name: "HOST",
    byDefault: "127.0.0.1",
    meaning: "Address to listen on. 0.0.0.0 or :: opens the hub to other machines; put TLS in front of it.",
  },
  {
    name: "PUBLIC_URL",
    byDefault: "http://localhost:PORT",
    meaning: "Origin that browsers use, such as https://desk.example.com.",
  },
  {
    name: "TRUST_PROXY",
    byDefault: "0",
    meaning:
      "Number of reverse proxies in front, or their addresses separated by commas; decides whose X-Forwarded-For is believed.",
  },
  {
    name: "LINKA_DATA",
    byDefault: "./data",
    meaning: "Folder for the embedded database, files and the generated secret.",
  },
  {
    name: "DATABASE_URL",
    byDefault: "embedded",
    meaning: "postgresql:// address of a PostgreSQL 15 or newer; nothing embedded starts then.",
  },
  {
    name: "LINKA_SECRET",
    byDefault: "LINKA_DATA/secret",
    meaning:
      "At least 32 characters that encrypt channel secrets; generated into the file when unset. Losing it loses them.",
  },
  {
    name: "LINKA_DEMO",
    byDefault: "1, or 0 with DATABASE_URL",
    meaning: "1 fills an empty database with the demo on first start, 0 does not.",
  },
  { name: "UPLOAD_MAX_MB", byDefault: "25", meaning: "Largest file an agent or visitor may attach, 1 to 1000." },
  {
    name: "CHROMIUM_PATH",
    byDefault: "where Debian installs it",
    meaning: "Absolute path of the Chromium that WhatsApp through a linked phone runs in.",
  },
  { name: "CHROMIUM_FLAGS", byDefault: "none", meaning: "More flags for that Chromium, separated by spaces." },
  {
    name: "MAIL_PORT",
    byDefault: "none",
    meaning:
      "TCP port on which your own mail server hands letters to the hub; 0 takes a free one. Unset: mailboxes are read by IMAP only.",
  },
  { name: "MAIL_HOST", byDefault: "127.0.0.1", meaning: "Address the mail port listens on." },
  { name: "MAIL_PROTOCOL", byDefault: "lmtp", meaning: "lmtp (an answer for each recipient) or smtp." },
  {
    name: "MAIL_CERT",
    byDefault: "none",
    meaning:
      "Absolute path of a PEM file with certificate and key, for STARTTLS on the mail port; needed beyond this machine.",
  },
  { name: "MAIL_MAX_MB", byDefault: "50", meaning: "Largest letter the mail port takes, 1 to 1000." },
  { name: "LOG_LEVEL", byDefault: "info", meaning: "fatal, error, warn, info, debug, trace or silent." },
] as const;

/** The port on which a mail server hands letters over. */
export interface MailPort {
  readonly port: number;
  readonly host: string;
  readonly protocol: "lmtp" | "smtp";
  /** PEM file with certificate and key; unset: no STARTTLS. */
  readonly certFile?: string;
  readonly maxBytes: number;
}

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Without a slash at the end. Unset: http://localhost and the port. */
  readonly publicUrl?: string;
  /** As Express takes it. */
  readonly trustProxy: false | number | readonly string[];
  /** Absolute. */
  readonly dataDir: string;
  /** Unset: the embedded PostgreSQL. Holds a password. */
  readonly databaseUrl?: string;
  /** Unset: the generated file; see src/secrets.ts. */
  readonly secret?: string;
  readonly demo: boolean;
  readonly uploadMaxBytes: number;
  /** Absolute. Unset: where distributions install it. */
  readonly chromiumPath?: string;
  readonly chromiumFlags: readonly string[];
  /** Unset: no mail port. */
  readonly mail?: MailPort;
  readonly logLevel: (typeof logLevels)[number];
}

/** The environment is wrong; `faults` has one sentence for each fault, all of them at once. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "ConfigError";
    this.faults = faults;
  }
}

const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const port = (name: string) => {
  const says = `${name} must be a number from 0 to 65535.`;
  return z
    .string()
    .regex(/^\d{1,5}$/, says)
    .transform(Number)
    .refine((value) => value <= 65535, says);
};

const host = (name: string) =>
  z
    .string()
    .regex(
      /^[A-Za-z0-9.:_-]+$/,
      `${name} must be an address or a host name without a scheme and port, such as 0.0.0.0.`,
    );

const publicUrl = z.string().transform((text, check) => {
  const url = URL.parse(text);
  if (
    url !== null &&
    ["http:", "https:"].includes(url.protocol) &&
    url.pathname === "/" &&
    url.search + url.hash === ""
  ) {
    return url.origin;
  }
  check.addIssue("PUBLIC_URL must be an origin without a path, such as https://desk.example.com.");
  return z.NEVER;
});

const trustProxy = z.string().transform((text, check): Config["trustProxy"] => {
  if (/^\d{1,2}$/.test(text)) return text === "0" ? false : Number(text);
  const addresses = text.split(",").map((part) => part.trim());
  const named = ["loopback", "linklocal", "uniquelocal"];
  if (addresses.every((part) => named.includes(part) || isIP(part.split("/")[0] ?? "") > 0)) return addresses;
  check.addIssue(
    "TRUST_PROXY must be the number of proxies in front of the hub or their addresses separated by commas.",
  );
  return z.NEVER;
});

const databaseUrl = z.string().superRefine((text, check) => {
  const fault = databaseUrlFault(text);
  if (fault !== undefined) check.addIssue(fault);
});

const example = "such as postgresql://user:password@host:5432/linka";

/** Never repeats the value: it holds a password. */
function databaseUrlFault(text: string): string | undefined {
  const scheme = /^([a-z0-9+.-]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return `DATABASE_URL must be a PostgreSQL address, ${example}.`;
  if (scheme !== "postgresql" && scheme !== "postgres") {
    return `DATABASE_URL starts with ${scheme}://, but Linka needs a PostgreSQL address, ${example}.`;
  }
  // A server behind a Unix socket is named by ?host=, which leaves the place of the host empty.
  const url = URL.parse(text.replace(/@\//, "@socket/"));
  if (url === null) {
    return `DATABASE_URL cannot be read: write it ${example}, with @ : / # ? in the password percent-encoded (%40 %3A %2F %23 %3F).`;
  }
  if (url.pathname.length < 2) return `DATABASE_URL names no database: add its name at the end, ${example}.`;
  return undefined;
}

const secret = z
  .string()
  .min(32, "LINKA_SECRET must have at least 32 characters; leave it unset to have one generated.");

const yesNo = z
  .string()
  .regex(/^(1|0|true|false)$/i, "LINKA_DEMO must be 1 or 0.")
  .transform((text) => text === "1" || text.toLowerCase() === "true");

const megabytes = (name: string) =>
  z
    .string()
    .regex(/^(?:[1-9]\d{0,2}|1000)$/, `${name} must be a whole number from 1 to 1000.`)
    .transform(Number);

const absolute = (name: string, example: string) =>
  z.string().refine((path) => isAbsolute(path), `${name} must be an absolute path, such as ${example}.`);

const chromiumFlags = z
  .string()
  .transform((text) => text.split(/\s+(?=--)/))
  .refine(
    (flags) => flags.every((flag) => flag.startsWith("--")),
    "CHROMIUM_FLAGS must be flags that begin with --, separated by spaces.",
  );

const environment = z.object({
  PORT: port("PORT").default(3000),
  HOST: host("HOST").default("127.0.0.1"),
  PUBLIC_URL: publicUrl.optional(),
  TRUST_PROXY: trustProxy.default(false),
  LINKA_DATA: z.string().default("data"),
  DATABASE_URL: databaseUrl.optional(),
  LINKA_SECRET: secret.optional(),
  LINKA_DEMO: yesNo.optional(),
  UPLOAD_MAX_MB: megabytes("UPLOAD_MAX_MB").default(25),
  MAIL_PORT: port("MAIL_PORT").optional(),
  MAIL_HOST: host("MAIL_HOST").default("127.0.0.1"),
  MAIL_PROTOCOL: z.enum(["lmtp", "smtp"], "MAIL_PROTOCOL must be lmtp or smtp.").default("lmtp"),
  MAIL_CERT: absolute("MAIL_CERT", "/etc/linka/mail.pem").optional(),
  MAIL_MAX_MB: megabytes("MAIL_MAX_MB").default(50),
  CHROMIUM_PATH: absolute("CHROMIUM_PATH", "/usr/bin/chromium").optional(),
  CHROMIUM_FLAGS: chromiumFlags.default([]),
  LOG_LEVEL: z.enum(logLevels, `LOG_LEVEL must be one of ${logLevels.join(", ")}.`).default("info"),
});

/** Reads the environment once, at the door. Throws ConfigError with every fault at once. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  // Empty means unset: compose files and CI pass variables on that way.
  const given = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || value.trim() === "" ? [] : [[name, value.trim()]],
    ),
  );
  const parsed = environment.safeParse(given);
  const faults = [...(parsed.error?.issues.map((issue) => issue.message) ?? []), ...unknownNames(Object.keys(given))];
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  const values = parsed.data;
  return {
    port: values.PORT,
    host: values.HOST,
    ...(values.PUBLIC_URL === undefined ? {} : { publicUrl: values.PUBLIC_URL }),
    trustProxy: values.TRUST_PROXY,
    dataDir: resolve(values.LINKA_DATA),
    ...(values.DATABASE_URL === undefined ? {} : { databaseUrl: values.DATABASE_URL }),
    ...(values.LINKA_SECRET === undefined ? {} : { secret: values.LINKA_SECRET }),
    demo: values.LINKA_DEMO ?? values.DATABASE_URL === undefined,
    uploadMaxBytes: values.UPLOAD_MAX_MB * 1024 * 1024,
    ...(values.CHROMIUM_PATH === undefined ? {} : { chromiumPath: values.CHROMIUM_PATH }),
    chromiumFlags: values.CHROMIUM_FLAGS,
    ...(values.MAIL_PORT === undefined
      ? {}
      : {
          mail: {
            port: values.MAIL_PORT,
            host: values.MAIL_HOST,
            protocol: values.MAIL_PROTOCOL,
            ...(values.MAIL_CERT === undefined ? {} : { certFile: values.MAIL_CERT }),
            maxBytes: values.MAIL_MAX_MB * 1024 * 1024,
          },
        }),
    logLevel: values.LOG_LEVEL,
  };
}

function unknownNames(names: readonly string[]): readonly string[] {
  const known = variables.map((variable) => variable.name).filter((name) => name.startsWith("LINKA_"));
  return names
    .filter((name) => name.startsWith("LINKA_") && !known.some((candidate) => candidate === name))
    .map((name) => {
      const nearest = known.toSorted((a, b) => distance(name, a) - distance(name, b))[0] ?? "";
      return distance(name, nearest) <= 3
        ? `${name} is not a variable of Linka; did you mean ${nearest}?`
        : `${name} is not a variable of Linka; it knows ${known.join(", ")}.`;
    });
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
