import { createSecureContext, type SecureContext } from "node:tls";
import type { ImapFlow } from "imapflow";
import { ConnectorError } from "#contract";
import type { Tokens } from "./oauth.ts";
import type { Settings } from "./settings.ts";
import { StepTimeout } from "./wait.ts";

/** Times in ms. Tests shorten them; nothing else does. */
export interface Timing {
  /** Connecting and signing in. */
  readonly connect: number;
  /** One command, or the silence within a download. */
  readonly step: number;
  /** Reading one letter in the worker. */
  readonly read: number;
  /** Between two searches for letters that were passed over. */
  readonly reconcile: number;
  /** How often a quiet connection is asked whether it still lives. */
  readonly tick: number;
  readonly backoffMin: number;
  readonly backoffMax: number;
  /** Between attempts with a refused password: an administrator must act, but some servers refuse by mistake. */
  readonly refused: number;
}

export const usualTiming: Timing = {
  connect: 30_000,
  step: 45_000,
  read: 60_000,
  reconcile: 600_000,
  tick: 60_000,
  backoffMin: 500,
  backoffMax: 300_000,
  refused: 900_000,
};

/** One for each authority: a context of its own costs every mailbox 100 kB. */
const contexts = new Map<string, SecureContext>();
const tlsOptions = ({ caCertificate }: Settings): { secureContext?: SecureContext } => {
  if (caCertificate === "") return {};
  const known = contexts.get(caCertificate);
  if (known !== undefined) return { secureContext: known };
  const made = createSecureContext({ ca: caCertificate });
  contexts.set(caCertificate, made);
  return { secureContext: made };
};

/** TLS settings of one side: faulty certificates are refused, starttls means "or not at all". */
export const smtpSecurity = (config: Settings) => ({
  secure: config.smtpSecurity === "tls",
  requireTLS: config.smtpSecurity === "starttls",
  ignoreTLS: config.smtpSecurity === "none",
  tls: tlsOptions(config),
});

/** The library is loaded by the first mailbox: a hub without one does not pay for it. */
export const imapClient = async ({
  config,
  timing,
  tokens,
}: {
  config: Settings;
  timing: Timing;
  tokens?: Tokens | undefined;
}): Promise<ImapFlow> => {
  const signIn = tokens === undefined ? { pass: config.imapPassword } : { accessToken: await tokens.get() };
  const library = await import("imapflow");
  const client = new library.ImapFlow({
    host: config.imapHost,
    port: config.imapPort,
    secure: config.imapSecurity === "tls",
    // Left unset, a capability stripped on the way would silently mean cleartext.
    ...(config.imapSecurity === "tls" ? {} : { doSTARTTLS: config.imapSecurity === "starttls" }),
    tls: tlsOptions(config),
    auth: { user: config.imapUser, ...signIn },
    logger: false,
    qresync: true,
    // The default of 15 s would keep the first mail after every fetch waiting that long.
    autoIdleDelay: 75,
    maxIdleTime: 240_000,
    connectionTimeout: timing.connect,
    greetingTimeout: timing.connect,
    socketTimeout: Math.max(timing.tick * 2, timing.step * 2),
    clientInfo: { name: "linka" },
  });
  // Reported where the command fails; unheard it would end the process.
  client.on("error", () => undefined);
  return client;
};

/** The library answers "nothing" on a connection that has just closed; taken at its word, that would lose mail. */
export const connectionLost = (): Error =>
  Object.assign(new Error("The server closed the connection."), { code: "NoConnection" });

export interface ImapTrouble {
  /** The credentials are wrong: waiting does not help. */
  readonly refused: boolean;
  /** For the person who must act. */
  readonly says: string;
}

const text = (value: unknown, key: string): string => {
  const found: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === "string" ? found : "";
};

const network: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses the connection",
  ENOTFOUND: "is not known to the name service",
  EAI_AGAIN: "cannot be looked up now",
  ETIMEDOUT: "does not answer",
  ETIMEOUT: "does not answer",
  CONNECT_TIMEOUT: "does not answer",
  GREETING_TIMEOUT: "does not greet",
  ECONNRESET: "broke the connection",
  NoConnection: "closed the connection",
  EConnectionClosed: "closed the connection",
};

/** "Too many connections" also looks like a refused sign-in; its response code tells them apart (RFC 5530). */
const passing = new Set(["LIMIT", "UNAVAILABLE", "INUSE", "SERVERBUG", "CONTACTADMIN"]);

/** What went wrong, in words without secrets. */
export const explainImap = (error: unknown, host: string): ImapTrouble => {
  if (error instanceof ConnectorError) return { refused: error.code === "auth", says: error.message };
  const said = text(error, "responseText").slice(0, 200);
  if (typeof error === "object" && error !== null && Reflect.get(error, "authenticationFailed") === true) {
    const code = text(error, "serverResponseCode").toUpperCase();
    return passing.has(code)
      ? { refused: false, says: `${host} takes no further sign-ins now (${code.toLowerCase()}).` }
      : { refused: true, says: `${host} refused the user or the password.${said === "" ? "" : ` It says: ${said}`}` };
  }
  const code = text(error, "code");
  const message = text(error, "message");
  if (error instanceof StepTimeout) return { refused: false, says: `${host} does not answer: ${error.message}` };
  if (network[code] !== undefined) return { refused: false, says: `${host} ${network[code]}.` };
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_(VERIFY|GET)/i.test(code) || /certificate/i.test(message))
    return { refused: false, says: `The certificate of ${host} is not trusted: ${message.slice(0, 200)}` };
  if (/STARTTLS|TLS/i.test(message))
    return { refused: false, says: `${host} does not offer encryption: ${message.slice(0, 200)}` };
  return { refused: false, says: `${host}: ${(said === "" ? message : said).slice(0, 200)}` };
};
