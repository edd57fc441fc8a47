import { randomBytes } from "node:crypto";
import { createTransport } from "nodemailer";
import { type Attachment, type ParsedMail, simpleParser } from "mailparser";
import { ImapFlow } from "imapflow";
import { type Dovecot, password } from "./dovecot.ts";

const signIn = (dovecot: Dovecot, user: string): ImapFlow =>
  new ImapFlow({
    host: "127.0.0.1",
    port: dovecot.ports.imaps,
    secure: true,
    tls: { ca: dovecot.certificate },
    auth: { user, pass: password },
    logger: false,
    disableAutoIdle: true,
  });

/** Does something in a folder of a user's mailbox, as the user's own mail program would. */
export const inFolder = async <T>(
  o: { dovecot: Dovecot; user: string; folder?: string },
  act: (client: ImapFlow) => Promise<T>,
): Promise<T> => {
  const client = signIn(o.dovecot, o.user);
  await client.connect();
  try {
    await client.mailboxOpen(o.folder ?? "INBOX");
    return await act(client);
  } finally {
    await client.logout().catch(() => client.close());
  }
};

/** Everything in a user's INBOX, oldest first, as their mail program shows it. */
export const lettersOf = (o: { dovecot: Dovecot; user: string }): Promise<readonly ParsedMail[]> =>
  inFolder(o, async (client) => {
    if (client.mailbox === false || client.mailbox.exists === 0) return [];
    const found = await client.fetchAll("1:*", { source: true }, { uid: true });
    return Promise.all(found.map(({ source }) => simpleParser(source ?? Buffer.alloc(0))));
  });

export const filesOf = (letter: ParsedMail) =>
  letter.attachments.map(({ filename, contentType, content }: Attachment) => ({
    name: filename ?? "",
    mimeType: contentType,
    bytes: content,
  }));

/** Finished bytes of a letter, to deliver more than once. */
export const composed = async (
  mail: Parameters<ReturnType<typeof createTransport>["sendMail"]>[0],
): Promise<Buffer> => {
  const info: { message: unknown } = await createTransport({ streamTransport: true, buffer: true }).sendMail(mail);
  if (!Buffer.isBuffer(info.message)) throw new Error("The composer gave no bytes.");
  return info.message;
};

/** A user name nobody has used: Dovecot makes the mailbox on first use. */
export const freshUser = (name: string): string => `${name}-${randomBytes(5).toString("hex")}@lab.test`;
