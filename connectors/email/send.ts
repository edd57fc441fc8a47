import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { ConnectorError, type Frozen, type Hub, type Outbound, remoteId, type Sent } from "#contract";
import { frozenLetter } from "./freeze.ts";
import { smtpSecurity, type Timing } from "./imap.ts";
import type { Tokens } from "./oauth.ts";
import type { Settings } from "./settings.ts";
import { isGone, isPermanent, readFault, smtpError } from "./smtp.ts";
import type { SentLog } from "./sent-log.ts";
import { signedMessageId } from "./thread.ts";
import { bounceAddress } from "./verp.ts";

/** Listens to the SMTP dialogue for the server's 354: from then on the letter may be in its hands. */
const dialogue = () => {
  let asked = false;
  const wanted = Promise.withResolvers<void>();
  const hear = (entry: unknown, text: unknown): void => {
    const fromServer = typeof entry === "object" && entry !== null && Reflect.get(entry, "tnx") === "server";
    if (fromServer && typeof text === "string" && text.startsWith("354")) {
      asked = true;
      wanted.resolve();
    }
  };
  return {
    logger: { trace: hear, debug: hear, info: hear, warn: hear, error: hear, fatal: hear, level: () => undefined },
    askedForLetter: (): boolean => asked,
    /** Resolves when the server has asked; never, when it does not. */
    letterWanted: wanted.promise,
  };
};

/** The SMTP server of a mailbox and how to sign in to it. */
export interface Server {
  readonly settings: Settings;
  readonly timing: Timing;
  /** Absent: the mailbox has a password. */
  readonly tokens: Tokens | undefined;
}

const credentials = async ({ settings, tokens }: Server, renew: boolean) => {
  if (settings.smtpLogin === "none") return {};
  if (settings.smtpLogin === "own") return { auth: { user: settings.smtpUser, pass: settings.smtpPassword } };
  const user = settings.imapUser;
  if (tokens === undefined) return { auth: { user, pass: settings.imapPassword } };
  return { auth: { type: "OAuth2" as const, user, accessToken: await tokens.get(renew) } };
};

type Mailer = Awaited<ReturnType<typeof transport>>;

const transport = async (server: Server, renew: boolean, logger?: ReturnType<typeof dialogue>["logger"]) => {
  const { createTransport } = await import("nodemailer");
  const { settings, timing } = server;
  return createTransport({
    host: settings.smtpHost,
    port: settings.smtpPort,
    ...smtpSecurity(settings),
    ...(await credentials(server, renew)),
    connectionTimeout: timing.connect,
    greetingTimeout: timing.connect,
    socketTimeout: timing.step * 2,
    // The dialogue is listened to, never written down: it holds the letter.
    ...(logger === undefined ? {} : { logger, debug: true }),
  });
};

/** Does something with the server. A refused access token is renewed once: it may have ended before its time. */
const withMailer = async <T>(
  server: Server,
  act: (mailer: Mailer, talk: ReturnType<typeof dialogue>) => Promise<T>,
): Promise<T> => {
  const attempt = async (renew: boolean): Promise<T> => {
    const talk = dialogue();
    const mailer = await transport(server, renew, talk.logger);
    try {
      return await act(mailer, talk);
    } catch (error) {
      throw error instanceof ConnectorError ? error : smtpError(error, talk.askedForLetter());
    } finally {
      mailer.close();
    }
  };
  return attempt(false).catch((error: unknown) => {
    if (server.tokens === undefined || !(error instanceof ConnectorError) || error.code !== "auth") throw error;
    return attempt(true);
  });
};

/** Recipients the server refused while it took others: nodemailer calls that a success. */
const refusedOf = (errors: readonly unknown[]): NonNullable<Sent["refused"]> =>
  errors.map((error) => {
    const fault = readFault(error);
    return {
      recipient: fault.recipient,
      permanent: isPermanent(fault),
      says: fault.response || fault.message,
      ...(isGone(fault) ? { gone: true } : {}),
    };
  });

const recipientsOf = ({ to, cc = [], bcc = [], stillTo }: Outbound): readonly string[] =>
  [...new Set(stillTo ?? [...to, ...cc, ...bcc].map(({ value }) => value))].map((value) =>
    value.replace(/[\r\n\t]+/g, " ").trim(),
  );

interface Handed {
  readonly accepted: number;
  readonly rejected: readonly unknown[];
}

/** One letter handed over. Rejects with ConnectorError. */
const handOver = (input: {
  server: Server;
  from: string;
  to: readonly string[];
  key: string;
  automatic: boolean;
  letter: Frozen;
  /** Notes durably that the server may have the letter from now on. */
  begin: () => Promise<void>;
  signal: AbortSignal;
}): Promise<Handed> =>
  withMailer(input.server, async (mailer, talk) => {
    let unnoted: unknown;
    const content = async function* (): AsyncGenerator<Uint8Array> {
      await talk.letterWanted;
      await input.begin().catch((error: unknown) => {
        unnoted = error;
        throw error;
      });
      yield* input.letter.open();
    };
    try {
      const info = await mailer.sendMail({
        envelope: { from: input.from, to: [...input.to] },
        raw: Readable.from(content()),
        // RFC 3461: a server that can is asked to tell us of failures and delays, and of nothing to a machine's letter.
        dsn: {
          id: createHash("sha256").update(input.key).digest("hex").slice(0, 24),
          return: "headers",
          notify: input.automatic ? "never" : ["failure", "delay"],
        },
        signal: input.signal,
      });
      return { accepted: info.accepted.length, rejected: info.rejectedErrors ?? [] };
    } catch (error) {
      // Every recipient refused: each has its own reason, which matters when there are several.
      const nested: unknown =
        typeof error === "object" && error !== null ? Reflect.get(error, "rejectedErrors") : undefined;
      if (Array.isArray(nested) && nested.length > 0) return { accepted: 0, rejected: nested };
      if (unnoted !== undefined)
        throw new ConnectorError("unreachable", "The hub's memory cannot be written.", {
          cause: error,
          wholeAccount: true,
        });
      throw error;
    }
  });

/** The server does not let this mailbox write under its bounce address: its plain one must do. */
const dislikesSender = (error: unknown): boolean =>
  error instanceof ConnectorError &&
  ["rejected", "recipient-gone"].includes(error.code) &&
  readFault(error.cause).command === "MAIL FROM";

/** Sends one letter. Throws ConnectorError and nothing else. */
export const send = async (input: {
  message: Outbound;
  server: Server;
  signingKey: string;
  frozen: Hub["frozen"];
  log: SentLog;
  signal: AbortSignal;
}): Promise<Sent> => {
  const { message, server, signal, log, signingKey, frozen } = input;
  const { settings } = server;
  const { key, automatic = false } = message;
  const to = recipientsOf(message);
  if (to.length === 0) throw new ConnectorError("recipient-gone", "The thread has no address to answer to.");
  const domain = settings.address.slice(settings.address.lastIndexOf("@") + 1).toLowerCase();
  const messageId = signedMessageId({ signingKey, key, domain });
  // The recipients belong to the name: a letter that goes to each of them in turn has one Message-ID.
  const name = createHash("sha256")
    .update([messageId, ...to.toSorted()].join(" "))
    .digest("hex")
    .slice(0, 24);
  if (await log.has(name)) return { id: remoteId(messageId) };
  const id = remoteId(messageId);
  if (message.insisted !== true && (await log.isDoubtful(name)))
    throw new ConnectorError("uncertain", "The hub stopped while the server was taking this letter.", { id });
  const letter = await frozenLetter({ message, settings, signingKey, frozen }).catch((error: unknown) => {
    throw error instanceof ConnectorError ? error : smtpError(error, false);
  });
  const handed = (from: string): Promise<Handed> =>
    handOver({ server, from, to, key, automatic, letter, begin: () => log.begin(name), signal });
  const verp = settings.plusAddressing ? bounceAddress(settings.address, messageId) : "";
  // RFC 3834 3.3: nobody can answer what a machine wrote, not even with a bounce.
  const first = automatic ? "" : verp || settings.address;
  const { accepted, rejected } = await handed(first)
    .catch((error: unknown) => {
      if (first === settings.address || !dislikesSender(error)) throw error;
      return handed(settings.address);
    })
    .catch(async (error: unknown) => {
      // Refused in words: the server does not have it. Without words it may.
      const { code, message: says } = ConnectorError.from(error);
      if (code === "uncertain") throw new ConnectorError("uncertain", says, { cause: error, id });
      await log.undo(name).catch(() => undefined);
      throw error;
    });
  const [only] = rejected;
  if (accepted === 0 && to.length === 1)
    throw only === undefined ? new ConnectorError("rejected", "The server took no recipient.") : smtpError(only, false);
  const refused = refusedOf(rejected);
  // The letter is out: a memory that fails now must not make it look unsent.
  if (refused.length === 0) await log.done(name).catch(() => undefined);
  return { id: remoteId(messageId), ...(refused.length === 0 ? {} : { refused }) };
};

/** Signs in to the SMTP server without sending anything; throws ConnectorError. */
export const probeSmtp = async (server: Server): Promise<void> => {
  await withMailer(server, (mailer) => mailer.verify());
};

/** Sends a letter of the mailbox to itself, outside every thread. Throws ConnectorError. */
export const sendToSelf = async (input: {
  subject: string;
  server: Server;
  to: string;
  messageId: string;
  text: string;
}): Promise<void> => {
  const { address } = input.server.settings;
  await withMailer(input.server, (mailer) =>
    mailer.sendMail({
      from: address,
      to: input.to,
      envelope: { from: address, to: [input.to] },
      messageId: input.messageId,
      subject: input.subject,
      headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "X-Linka-Probe": "1" },
      text: input.text,
      disableFileAccess: true,
      disableUrlAccess: true,
    }),
  );
};
