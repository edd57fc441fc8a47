import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import type { SMTPServerDataStream, SMTPServerSession } from "smtp-server";
import type { MailPort } from "#config";
import type { Log } from "#core/log";
import type { Supervisor } from "../runtime/ports.ts";

export interface RunningMailPort {
  readonly port: number;
  /** Takes nothing more; letters under way have some seconds. */
  stop(): Promise<void>;
}

const mostConnections = 100;
const mostRecipients = 100;
const stopWithinMs = 3_000;

/** An answer of the mail port (RFC 5321, RFC 3463): 4xx = come again, 5xx = never. */
const answer = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode });
const nobody = (): Error => answer(550, "5.1.1 No such mailbox here");
const later = (): Error => answer(451, "4.3.0 The letter could not be stored, try again later");
const tooLarge = (): Error => answer(552, "5.3.4 The letter is larger than we take");

/** Stops a letter that grows over the limit before anything of it is stored. */
async function* within(stream: SMTPServerDataStream, copy: PassThrough): AsyncGenerator<Uint8Array> {
  // A copy that is destroyed half way would hold up the letter for the others, and its end for the sender.
  for await (const chunk of copy.iterator({ destroyOnReturn: false })) {
    if (stream.sizeExceeded) throw tooLarge();
    if (chunk instanceof Uint8Array) yield chunk;
  }
  if (stream.sizeExceeded) throw tooLarge();
}

type Mail = ReturnType<Supervisor["mailboxes"]>[number]["mail"];

/**
 * Where a mail server hands letters to the hub (LMTP or SMTP): only for addresses of our accounts, and acknowledged only
 * when they are stored. Rejects when the port is taken or the certificate cannot be read.
 */
export const startMailPort = async (input: {
  readonly config: MailPort;
  readonly supervisor: Pick<Supervisor, "mailboxes">;
  readonly log: Log;
}): Promise<RunningMailPort> => {
  const { config, supervisor, log } = input;
  const lmtp = config.protocol === "lmtp";
  const pem = config.certFile === undefined ? undefined : await readFile(config.certFile, "utf8");
  // Loaded for those who use it: a hub without a mail port does not pay for the library.
  const { SMTPServer } = await import("smtp-server");

  /** One letter for each account that takes some of its recipients; gives the fault of each recipient, in order. */
  const take = async (
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
  ): Promise<readonly (Error | undefined)[]> => {
    const recipients = session.envelope.rcptTo.map(({ address }) => address);
    const from = session.envelope.mailFrom === false ? "" : session.envelope.mailFrom.address;
    const wanted = new Map<string, { readonly mail: Mail; readonly to: string[] }>();
    const accountsOf = recipients.map((recipient) =>
      supervisor.mailboxes(recipient).map(({ accountId, mail }) => {
        const known = wanted.get(accountId) ?? { mail, to: [] };
        wanted.set(accountId, known);
        known.to.push(recipient);
        return accountId;
      }),
    );
    const faults = new Map<string, Error>();
    const deliveries = [...wanted].map(async ([accountId, { mail, to }]) => {
      const copy = stream.pipe(new PassThrough());
      try {
        await mail.deliver({ from, to, content: within(stream, copy) });
      } catch (thrown) {
        // What nobody reads any more must not hold up the other accounts.
        copy.resume();
        log.warn({ accountId, reason: thrown instanceof Error ? thrown.message : String(thrown) }, "letter not taken");
        faults.set(accountId, stream.sizeExceeded ? tooLarge() : later());
      }
    });
    if (deliveries.length === 0) stream.resume();
    await Promise.all(deliveries);
    if (!stream.readableEnded) await once(stream, "end");
    return accountsOf.map((accounts) => {
      if (accounts.length === 0) return nobody();
      return accounts.map((id) => faults.get(id)).find((fault) => fault !== undefined);
    });
  };

  /** SMTP has one answer for all: when one account has not got it, it is to come again; the others know it then. */
  const respond = async (
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
    done: (error?: Error | null, says?: string | (string | Error)[]) => void,
  ): Promise<void> => {
    const faults = await take(stream, session).catch(() => [later()]);
    if (lmtp && faults.length === session.envelope.rcptTo.length)
      done(
        null,
        faults.map((fault) => fault ?? "2.0.0 stored"),
      );
    else done(faults.find((fault) => fault !== undefined) ?? null, "2.0.0 stored");
  };

  const server = new SMTPServer({
    lmtp,
    banner: "Linka",
    size: config.maxBytes,
    disabledCommands: ["AUTH", ...(pem === undefined ? ["STARTTLS"] : [])],
    ...(pem === undefined ? {} : { key: pem, cert: pem }),
    logger: false,
    disableReverseLookup: true,
    maxClients: mostConnections,
    maxRecipients: mostRecipients,
    // Without AUTH nobody is ever authenticated, and every letter takes several commands.
    maxAllowedUnauthenticatedCommands: false,
    closeTimeout: stopWithinMs,
    onRcptTo: ({ address }, _session, done) => done(supervisor.mailboxes(address).length === 0 ? nobody() : null),
    onData: (stream, session, done) => void respond(stream, session, done),
  });
  server.on("error", (error) => log.info({ reason: error.message }, "a connection to the mail port failed"));
  const listening = server.listen(config.port, config.host);
  await once(listening, "listening");
  const address = listening.address();
  const port = typeof address === "object" && address !== null ? address.port : config.port;
  log.info({ port, host: config.host, protocol: config.protocol }, "taking letters");
  return {
    port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
};
