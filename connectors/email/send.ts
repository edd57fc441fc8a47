import { createHash } from "node:crypto";
import { z } from "zod";
import { ConnectorError, type Hub, type Outbound, remoteId, type Sent } from "#contract";
import { compose } from "./compose.ts";
import { smtpSecurity, type Timing } from "./imap.ts";
import type { Settings } from "./settings.ts";
import { isPermanent, readFault, smtpError } from "./smtp.ts";

/** Listens to the SMTP dialogue for the server's 354: from then on the letter may be in its hands. */
const dialogue = () => {
  let asked = false;
  const hear = (entry: unknown, text: unknown): void => {
    const fromServer = typeof entry === "object" && entry !== null && Reflect.get(entry, "tnx") === "server";
    if (fromServer && typeof text === "string" && text.startsWith("354")) asked = true;
  };
  return {
    logger: { trace: hear, debug: hear, info: hear, warn: hear, error: hear, fatal: hear, level: () => undefined },
    askedForLetter: (): boolean => asked,
  };
};

const credentials = (settings: Settings): { auth?: { user: string; pass: string } } => {
  if (settings.smtpLogin === "none") return {};
  return settings.smtpLogin === "own"
    ? { auth: { user: settings.smtpUser, pass: settings.smtpPassword } }
    : { auth: { user: settings.imapUser, pass: settings.imapPassword } };
};

const transport = async (settings: Settings, timing: Timing, logger?: ReturnType<typeof dialogue>["logger"]) => {
  const { createTransport } = await import("nodemailer");
  return createTransport({
    host: settings.smtpHost,
    port: settings.smtpPort,
    ...smtpSecurity(settings),
    ...credentials(settings),
    connectionTimeout: timing.connect,
    greetingTimeout: timing.connect,
    socketTimeout: timing.step * 2,
    // The dialogue is listened to, never written down: it holds the letter.
    ...(logger === undefined ? {} : { logger, debug: true }),
  });
};

/** Recipients the server refused while it took others: nodemailer calls that a success. */
const refusedOf = (errors: readonly unknown[]): NonNullable<Sent["refused"]> =>
  errors.map((error) => {
    const fault = readFault(error);
    return { recipient: fault.recipient, permanent: isPermanent(fault), says: fault.response || fault.message };
  });

/** How many sent letters a mailbox remembers: enough for the retries after a crash. */
const remembered = 100;

/**
 * Names of letters the server took. A hub that died after the server's word and before its own commit sends again
 * under the same key: known here, that is no second letter.
 */
export const sentLog = (memory: Hub["memory"]) => {
  const key = "sent-log";
  let names: string[] | undefined;
  const load = async (): Promise<string[]> =>
    (names ??= z.array(z.string()).parse(JSON.parse((await memory.get(key)) ?? "[]")));
  return {
    has: async (name: string): Promise<boolean> => (await load()).includes(name),
    add: async (name: string): Promise<void> => {
      names = [...(await load()), name].slice(-remembered);
      await memory.set(key, JSON.stringify(names));
    },
  };
};

const recipientsOf = ({ to, cc = [] }: Outbound): readonly string[] => [...to, ...cc].map(({ value }) => value).sort();

/** Sends one letter. Throws ConnectorError and nothing else. */
export const send = async (input: {
  message: Outbound;
  settings: Settings;
  signingKey: string;
  log: ReturnType<typeof sentLog>;
  timing: Timing;
  signal: AbortSignal;
}): Promise<Sent> => {
  const { message, settings, timing, signal, log } = input;
  if (message.to.length === 0) throw new ConnectorError("recipient-gone", "The thread has no address to answer to.");
  const talk = dialogue();
  const mailer = await transport(settings, timing, talk.logger);
  const letter = compose({ message, settings, signingKey: input.signingKey });
  // The recipients belong to the name: a letter that goes to each of them in turn has one Message-ID.
  const name = createHash("sha256")
    .update([letter.messageId, ...recipientsOf(message)].join(" "))
    .digest("hex")
    .slice(0, 24);
  if (await log.has(name)) return { id: remoteId(letter.messageId) };
  try {
    const info = await mailer.sendMail({ ...letter, signal });
    const rejected = info.rejectedErrors ?? [];
    if (info.accepted.length === 0)
      throw rejected[0] ?? new ConnectorError("rejected", "The server took no recipient.");
    const refused = refusedOf(rejected);
    // The letter is out: a memory that fails now must not make it look unsent.
    if (refused.length === 0) await log.add(name).catch(() => undefined);
    return { id: remoteId(letter.messageId), ...(refused.length === 0 ? {} : { refused }) };
  } catch (error) {
    if (error instanceof ConnectorError) throw error;
    // Several recipients, all refused: the first reason stands for them.
    const nested: unknown =
      typeof error === "object" && error !== null ? Reflect.get(error, "rejectedErrors") : undefined;
    const first: unknown = Array.isArray(nested) ? nested[0] : undefined;
    throw smtpError(first ?? error, talk.askedForLetter());
  } finally {
    mailer.close();
  }
};

/** Signs in to the SMTP server without sending anything; throws ConnectorError. */
export const probeSmtp = async (settings: Settings, timing: Timing): Promise<void> => {
  const mailer = await transport(settings, timing);
  try {
    await mailer.verify();
  } catch (error) {
    throw smtpError(error, false);
  } finally {
    mailer.close();
  }
};
