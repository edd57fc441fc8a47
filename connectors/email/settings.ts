import { z } from "zod";

/** Hosts to which a password may travel unencrypted: it never leaves the machine. */
const loopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);

const host = (title: string) => z.string().trim().min(1).max(253).meta({ title });
const port = (title: string) => z.number().int().min(1).max(65_535).meta({ title });
const security = (title: string) =>
  z
    .enum(["tls", "starttls", "none"])
    .meta({ title, description: "tls = encrypted from the first byte; none is allowed on this machine only" });

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
    imapHost: host("IMAP server"),
    imapPort: port("IMAP port").default(993),
    imapSecurity: security("IMAP encryption").default("tls"),
    imapUser: z.string().min(1).max(254).meta({ title: "IMAP user" }),
    imapPassword: z.string().min(1).max(1000).meta({ title: "IMAP password" }),
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
    startFrom: z
      .string()
      .regex(/^(now|days:\d{1,3})$/)
      .default("now")
      .meta({ title: "First connection reads", description: "now, or days:30 for the mail of the last 30 days" }),
    caCertificate: z.string().max(20_000).default("").meta({
      title: "Certificate authority (PEM)",
      description: "For a company's own authority; faulty certificates are refused, always",
    }),
    authservId: z.string().trim().max(253).default("").meta({
      title: "Name in Authentication-Results",
      description: "The name under which your own server writes its DMARC verdict; empty = verdicts are not believed",
    }),
  })
  .superRefine((config, context) => {
    for (const side of ["imap", "smtp"] as const)
      if (config[`${side}Security`] === "none" && !loopback(config[`${side}Host`]))
        context.addIssue({
          code: "custom",
          path: [`${side}Security`],
          message: "A password is never sent unencrypted to another machine: choose tls or starttls.",
        });
    if (config.smtpLogin === "own" && (config.smtpUser === "" || config.smtpPassword === ""))
      context.addIssue({
        code: "custom",
        path: ["smtpUser"],
        message: "The SMTP sign-in needs a user and a password.",
      });
  });

export type Settings = z.output<typeof settings>;
