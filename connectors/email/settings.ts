import { z } from "zod";
import { providers } from "./providers.ts";

/** Hosts to which a password may travel unencrypted: it never leaves the machine. */
const loopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);

const host = (title: string) =>
  z
    .string()
    .trim()
    .max(253)
    .default("")
    .meta({ title, description: "Known for Google and Microsoft 365; else it must be entered" });
const endpoint = (title: string) =>
  z.string().trim().max(500).default("").meta({ title, description: "Known for Google and Microsoft 365" });
const port = (title: string) => z.number().int().min(1).max(65_535).meta({ title });
const security = (title: string) =>
  z
    .enum(["tls", "starttls", "none"])
    .meta({ title, description: "tls = encrypted from the first byte; none is allowed on this machine only" });

const safeEndpoint = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || (url.protocol === "http:" && loopback(url.hostname)));
};

/** Flat on purpose: the admin's form is drawn from it. */
export const settings = z
  .strictObject({
    address: z
      .email()
      .max(254)
      .meta({ title: "Address of the mailbox", examples: ["support@example.com"] }),
    name: z
      .string()
      .trim()
      .max(100)
      .default("")
      .meta({ title: "Sender name", description: "Shown when an agent has no alias" }),
    intake: z.enum(["imap", "port", "both"]).default("imap").meta({
      title: "Mail comes by",
      description:
        "imap = read from the mailbox; port = your mail server hands it to the hub's own mail port (LMTP or SMTP)",
    }),
    signIn: z.enum(["password", "google", "microsoft", "oauth"]).default("password").meta({
      title: "Sign-in",
      description: "google and microsoft (365) sign in at their own page: save, then press Connect",
    }),
    imapHost: host("IMAP server"),
    imapPort: port("IMAP port").default(993),
    imapSecurity: security("IMAP encryption").default("tls"),
    imapUser: z.string().max(254).default("").meta({ title: "IMAP user", description: "Empty = the address" }),
    imapPassword: z.string().max(1000).default("").meta({ title: "IMAP password" }),
    oauthClientId: z.string().trim().max(300).default("").meta({
      title: "Client id",
      description: "Of the application you registered at the provider; its redirect address is shown beside Connect",
    }),
    oauthClientSecret: z.string().max(1000).default("").meta({ title: "Client secret" }),
    oauthTenant: z
      .string()
      .trim()
      .regex(/^[\w.-]{1,100}$/)
      .default("common")
      .meta({ title: "Microsoft tenant", description: "Name or id of the organisation; common = any" }),
    oauthAuthorizeUrl: endpoint("Sign-in page"),
    oauthTokenUrl: endpoint("Address for tokens"),
    oauthScope: z.string().trim().max(1000).default("").meta({ title: "Scope" }),
    oauthRefreshToken: z
      .string()
      .max(20_000)
      .default("")
      .meta({ title: "Refresh token", description: "Set by Connect; there is no need to type one" }),
    smtpHost: host("SMTP server"),
    smtpPort: port("SMTP port").default(465),
    smtpSecurity: security("SMTP encryption").default("tls"),
    smtpLogin: z
      .enum(["same", "own", "none"])
      .default("same")
      .meta({ title: "SMTP sign-in", description: "same = with the IMAP user; own = as below; none = an open relay" }),
    smtpUser: z.string().max(254).default("").meta({ title: "SMTP user" }),
    smtpPassword: z.string().max(1000).default("").meta({ title: "SMTP password" }),
    fallbackCharset: z
      .enum(["windows-1250", "iso-8859-2", "windows-1252", "windows-1251"])
      .default("windows-1250")
      .meta({
        title: "Charset of unlabelled mail",
        description: "Used when a mail does not say its character set, or says a wrong one",
      }),
    plusAddressing: z.boolean().default(false).meta({
      title: "Plus-addresses arrive",
      description: "The server delivers support+anything@ to this mailbox: answers then find their conversation by it",
    }),
    sentCopy: z.enum(["auto", "yes", "no"]).default("auto").meta({
      title: "Copy into the folder of sent mail",
      description: "auto = yes, unless the provider files what is sent by itself (Gmail, Microsoft 365)",
    }),
    largestMegabytes: z.number().int().min(1).max(150).default(25).meta({
      title: "Largest letter, MB",
      description: "With its attachments, as it travels (a third more than the files): what your server takes",
    }),
    dkimSelector: z.string().trim().max(63).default("").meta({
      title: "DKIM selector",
      description: "Only when your own server does not sign: the name of the key in DNS (selector._domainkey)",
    }),
    dkimKey: z.string().trim().max(10_000).default("").meta({ title: "DKIM private key (PEM)" }),
    startFrom: z
      .string()
      .regex(/^(now|days:\d{1,3})$/)
      .default("now")
      .meta({ title: "First connection reads", description: "now, or days:30 for the mail of the last 30 days" }),
    junk: z.boolean().default(true).meta({
      title: "Look into the spam folder",
      description: "What the server took for spam is filed apart, closed and tagged spam",
    }),
    caCertificate: z.string().max(20_000).default("").meta({
      title: "Certificate authority (PEM)",
      description: "For a company's own authority; faulty certificates are refused, always",
    }),
    authservId: z.string().trim().max(253).default("").meta({
      title: "Name in Authentication-Results",
      description: "The name under which your own server writes its DMARC verdict; empty = verdicts are not believed",
    }),
  })
  .transform((given) => {
    const imapUser = given.imapUser === "" ? given.address : given.imapUser;
    const known = given.signIn === "google" || given.signIn === "microsoft" ? providers[given.signIn] : undefined;
    if (known === undefined) return { ...given, imapUser };
    const own = (value: string, preset: string): string =>
      value === "" ? preset.replace("{tenant}", given.oauthTenant) : value;
    return {
      ...given,
      imapUser,
      imapHost: own(given.imapHost, known.imapHost),
      ...(given.smtpHost === ""
        ? { smtpHost: known.smtpHost, smtpPort: known.smtpPort, smtpSecurity: known.smtpSecurity }
        : {}),
      oauthAuthorizeUrl: own(given.oauthAuthorizeUrl, known.authorizeUrl),
      oauthTokenUrl: own(given.oauthTokenUrl, known.tokenUrl),
      oauthScope: own(given.oauthScope, known.scope),
    };
  })
  .superRefine((config, context) => {
    const refuse = (key: keyof typeof config, message: string): void =>
      context.addIssue({ code: "custom", path: [key], message });
    const reads = config.intake !== "port";
    if (reads && config.imapHost === "") refuse("imapHost", "Which server keeps the mailbox?");
    if (config.smtpHost === "") refuse("smtpHost", "Which server sends?");
    for (const side of ["imap", "smtp"] as const)
      if (config[`${side}Security`] === "none" && !loopback(config[`${side}Host`]) && config[`${side}Host`] !== "")
        refuse(`${side}Security`, "A password is never sent unencrypted to another machine: choose tls or starttls.");
    if (config.signIn === "password") {
      if (config.imapPassword === "" && (reads || config.smtpLogin === "same"))
        refuse("imapPassword", "The sign-in needs a password.");
    } else {
      for (const key of ["oauthAuthorizeUrl", "oauthTokenUrl"] as const)
        if (!safeEndpoint(config[key])) refuse(key, "Enter the address of the provider, beginning with https://.");
      if (config.oauthClientId === "") refuse("oauthClientId", "The provider knows us by a client id.");
    }
    if ((config.dkimKey === "") !== (config.dkimSelector === ""))
      context.addIssue({
        code: "custom",
        path: ["dkimSelector"],
        message: "DKIM needs both: the selector and the private key.",
      });
    if (config.smtpLogin === "own" && (config.smtpUser === "" || config.smtpPassword === ""))
      refuse("smtpUser", "The SMTP sign-in needs a user and a password.");
  });

export type Settings = z.output<typeof settings>;
