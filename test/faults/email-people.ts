import { setTimeout as pause } from "node:timers/promises";
import { ImapFlow } from "imapflow";
import { simpleParser } from "mailparser";
import { createTransport } from "nodemailer";
import type { Answer, Gives, Question } from "#wire";
import { io, type Socket } from "socket.io-client";
import { type Dovecot, password } from "../fakes/dovecot.ts";

/** A letter as a customer's own mail program shows it. */
export interface Received {
  readonly text: string;
  readonly messageId: string;
  readonly inReplyTo: string;
  readonly references: readonly string[];
}

/** Customers with mail programs of their own: they write through the relay and read their mailboxes. */
export const makeCustomers = (input: {
  readonly dovecot: Dovecot;
  readonly names: readonly string[];
  readonly domain: string;
  readonly support: string;
  readonly smtpPort: number;
}) => {
  const { dovecot, names, domain, support } = input;
  const relay = createTransport({
    host: "127.0.0.1",
    port: input.smtpPort,
    ignoreTLS: true,
    pool: true,
    maxConnections: 4,
  });
  const addressOf = (name: string): string => `${name}@${domain}`;
  const read = async (name: string): Promise<readonly Received[]> => {
    const client = new ImapFlow({
      host: "127.0.0.1",
      port: dovecot.ports.imaps,
      secure: true,
      tls: { ca: dovecot.certificate },
      auth: { user: addressOf(name), pass: password },
      logger: false,
      disableAutoIdle: true,
    });
    await client.connect();
    try {
      await client.mailboxOpen("INBOX");
      if (client.mailbox === false || client.mailbox.exists === 0) return [];
      const found = await client.fetchAll("1:*", { source: true }, { uid: true });
      return await Promise.all(
        found.map(async ({ source }) => {
          const mail = await simpleParser(source ?? Buffer.alloc(0));
          const references = mail.references ?? [];
          return {
            text: (mail.text ?? "").trim(),
            messageId: mail.messageId ?? "",
            inReplyTo: mail.inReplyTo ?? "",
            references: typeof references === "string" ? [references] : references,
          };
        }),
      );
    } finally {
      await client.logout().catch(() => client.close());
    }
  };
  return {
    names,
    addressOf,
    /** The n-th letter of all; an answer when `to` is given. */
    write: async (name: string, text: string, to?: Received): Promise<void> => {
      await relay.sendMail({
        from: { name: `Zákazník ${name}`, address: addressOf(name) },
        to: support,
        subject: to === undefined ? `Dotaz ${name}` : `Re: Dotaz ${name}`,
        text,
        ...(to === undefined ? {} : { inReplyTo: to.messageId, references: [...to.references, to.messageId] }),
      });
    },
    read,
    close: () => relay.close(),
  };
};

/** An agent who answers until told that the answer is stored. */
export const makeAnswerer = (input: { readonly url: string; readonly cookie: string }) => {
  const socket: Socket = io(input.url, {
    transports: ["websocket"],
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
    extraHeaders: { cookie: input.cookie, origin: input.url },
  });
  const ask = async <Q extends Question>(question: Q, takes: unknown): Promise<Gives<Q> | undefined> => {
    try {
      const answer = (await socket.timeout(5_000).emitWithAck(question, takes)) as Answer<Gives<Q>>;
      return answer.ok ? answer.value : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    /** False when it did not work within the time: the conversation may not be there yet. */
    answer: async (conversationId: string, text: string, clientKey: string): Promise<void> => {
      const takes = { conversationId, clientKey, mode: "reply", text, signature: false };
      while ((await ask("message.send", takes)) === undefined) await pause(50);
    },
    retry: async (messageId: string): Promise<void> => {
      while ((await ask("message.retry", { messageId })) === undefined) await pause(50);
    },
    close: () => socket.close(),
  };
};
