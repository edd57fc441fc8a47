import { randomUUID } from "node:crypto";
import { type Connector, type Outbound, threadKey } from "#contract";
import { makeEmail } from "../../../connectors/email/index.ts";
import { type Account, makeAccount, type OpenAccount, openAccount } from "../../contract/account.ts";
import type { Truthy } from "../../contract/bench.ts";
import { type Dovecot, password } from "../../fakes/dovecot.ts";
import { freshUser } from "../../fakes/mailbox.ts";

/** A frozen server costs half a minute in earnest, and a second here. */
export const fast = {
  connect: 5_000,
  step: 1_000,
  read: 10_000,
  reconcile: 600_000,
  tick: 500,
  backoffMin: 50,
  backoffMax: 1_000,
  refused: 60_000,
};
export const quickEmail: Connector = makeEmail(fast);
/** Looks by itself once a minute only, as in earnest: what arrives sooner was announced by the server. */
export const patientEmail: Connector = makeEmail({ ...fast, tick: 60_000 });

export interface Mailbox {
  readonly address: string;
  readonly settings: Record<string, unknown>;
  readonly account: Account;
  /** A process that serves this mailbox; the memory is the account's. */
  open(changes?: Record<string, unknown>, connector?: Connector): OpenAccount;
  stop(): Promise<void>;
}

/** A mailbox nobody has used, and the hub's account for it. */
export const freshMailbox = (dovecot: Dovecot, smtpPort = 1): Mailbox => {
  const address = freshUser("support");
  const account = makeAccount("a");
  const opened: OpenAccount[] = [];
  const settings = {
    address,
    imapHost: "127.0.0.1",
    imapPort: dovecot.ports.imap,
    imapSecurity: "starttls",
    imapUser: address,
    imapPassword: password,
    smtpHost: "127.0.0.1",
    smtpPort,
    smtpSecurity: "none",
    smtpLogin: "none",
    plusAddressing: true,
    caCertificate: dovecot.certificate,
  };
  return {
    address,
    settings,
    account,
    open: (changes = {}, connector = quickEmail) => {
      const next = openAccount(connector, account, { ...settings, ...changes });
      opened.push(next);
      return next;
    },
    stop: async () => {
      await Promise.all(opened.map((each) => Promise.resolve(each.stop())));
    },
  };
};

/** Polls until the probe gives something truthy; says what was missing when it does not within ms. */
export const until = async <T>(says: string, probe: () => T | Promise<T>, ms = 20_000): Promise<Truthy<T>> => {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await probe();
    if (found) return found as Truthy<T>;
    if (performance.now() > deadline) throw new Error(`Waited ${ms} ms in vain: ${says}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

export const subjects = (account: Pick<OpenAccount, "messages">): string[] =>
  account.messages().map(({ event }) => event.subject ?? "");

/** Starts it and waits until it is online. */
export const online = async (account: OpenAccount): Promise<OpenAccount> => {
  const before = account.statuses.length;
  account.start();
  await until("the mailbox is online", () => account.statuses.slice(before).some(({ state }) => state === "online"));
  return account;
};

/** An answer of an agent; say only what matters. */
export const letter = (changes: Partial<Outbound> = {}): Outbound => ({
  key: randomUUID(),
  thread: threadKey("<root@x.cz>"),
  to: [{ kind: "email", value: "jan@x.cz" }],
  subject: "Reklamace",
  text: "Dobrý den",
  attachments: [],
  references: [],
  author: { name: "Anna z Acme" },
  writtenAt: new Date("2026-01-05T08:30:00Z"),
  ...changes,
});

/** What a step threw; "sent" when it did not. */
export const failure = (sending: Promise<unknown>): Promise<unknown> =>
  sending.then(
    () => "sent",
    (error: unknown) => error,
  );
