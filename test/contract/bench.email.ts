import { generateKeyPairSync } from "node:crypto";
import { remoteId, threadKey } from "#contract";
import { type Dovecot, hasDovecot, password, startDovecot } from "../fakes/dovecot.ts";
import { startGate } from "../fakes/gate.ts";
import { composed, filesOf, freshUser, inFolder, lettersOf } from "../fakes/mailbox.ts";
import { type FakeSmtp, refusal, startSmtp } from "../fakes/smtp.ts";
import type { Bench, Customer, Refusal, Side } from "./bench.ts";

// Secrets of the settings, each filled in: a letter signed by the mailbox' own key.
const dkimKey = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();

// One Dovecot for all rules, a mailbox of its own for each; what the channel sends is relayed into the customers' mailboxes.
let server: Promise<Dovecot> | undefined;
const dovecot = (): Promise<Dovecot> => (server ??= startDovecot({ connectionsPerUser: 20 }));

const smtpPassword = `${password}-smtp`;
const good = {
  address: "support@lab.test",
  imapHost: "127.0.0.1",
  imapUser: "support@lab.test",
  imapPassword: "x",
  smtpHost: "127.0.0.1",
};

export const bench: Bench = {
  bad: [
    {},
    { ...good, address: "nobody" },
    { ...good, imapHost: "mail.example.com", imapSecurity: "none" },
    { ...good, imapPassword: "" },
    { ...good, smtpLogin: "own" },
    { ...good, startFrom: "yesterday" },
    { ...good, surprise: true },
  ],
  available: hasDovecot,
  close: async () => {
    const running = server;
    server = undefined;
    await (await running)?.stop();
  },
  async start() {
    const mail = await dovecot();
    const mailboxes: Record<Side, string> = { a: freshUser("support-a"), b: freshUser("support-b") };
    const refusals = new Map<string, Error>();
    const stalls = new Map<string, () => void>();
    const smtp: FakeSmtp = await startSmtp({
      authOptional: false,
      onAuth: ({ password: given, username }, _, done) =>
        given === smtpPassword ? done(null, { user: username }) : done(refusal(535, "5.7.8 wrong")),
      onRcptTo: ({ address }, _, done) => {
        const refused = refusals.get(address);
        refusals.delete(address);
        done(refused ?? null);
      },
      take: async ({ to, raw }) => {
        for (const recipient of to) {
          await mail.deliver({ raw }, recipient);
          const stalled = stalls.get(recipient);
          if (stalled === undefined) continue;
          stalled();
          await new Promise(() => undefined);
        }
      },
    });
    const [imapGate, smtpGate] = await Promise.all([startGate(mail.ports.imaps), startGate(smtp.port)]);
    const settingsOf = (side: Side) => ({
      address: mailboxes[side],
      imapHost: "127.0.0.1",
      imapPort: imapGate.port,
      imapUser: mailboxes[side],
      imapPassword: password,
      smtpHost: "127.0.0.1",
      smtpPort: smtpGate.port,
      smtpSecurity: "none",
      smtpLogin: "own",
      smtpUser: mailboxes[side],
      smtpPassword,
      oauthClientSecret: `${password}-client`,
      oauthRefreshToken: `${password}-refresh`,
      dkimSelector: "linka",
      dkimKey,
      startFrom: "days:1",
      caCertificate: mail.certificate,
    });
    return {
      settings: { a: settingsOf("a"), b: settingsOf("b") },
      drop: async () => {
        await Promise.all([imapGate.shut(), smtpGate.shut()]);
      },
      restore: async () => {
        await Promise.all([imapGate.open(), smtpGate.open()]);
      },
      stop: async () => {
        await Promise.all([imapGate.shut(), smtpGate.shut()]);
        await smtp.stop();
      },
      async customer(account, name): Promise<Customer> {
        const mailbox = mailboxes[account.side];
        const user = freshUser(name);
        const address = { kind: "email", value: user } as const;
        const refuse = (code: Refusal["code"], says: Error, tellsMs?: number): Refusal => ({
          code,
          ...(tellsMs === undefined ? {} : { tellsMs }),
          arrange: async () => {
            refusals.set(user, says);
            return undefined;
          },
        });
        return {
          to: { thread: threadKey(remoteId(`<first-of-${user}>`)), to: [address] },
          writes: async ({ text, files = [] }) => {
            const attachments = files.map(({ name: filename, mimeType, bytes }) => ({
              filename,
              contentType: mimeType,
              content: Buffer.from(bytes),
            }));
            const raw = await composed({
              from: { name, address: user },
              to: mailbox,
              subject: "Dotaz",
              text,
              attachments,
            });
            await mail.deliver({ raw }, mailbox);
            return { again: () => mail.deliver({ raw }, mailbox) };
          },
          received: async () =>
            (await lettersOf({ dovecot: mail, user })).map((letter) => ({
              text: (letter.text ?? "").trim(),
              files: filesOf(letter),
            })),
          answeredElsewhere: async (text) => {
            const raw = await composed({ from: mailbox, to: user, subject: "Re: Dotaz", text });
            await inFolder({ dovecot: mail, user: mailbox, folder: "Sent" }, (client) =>
              client.append("Sent", raw, ["\\Seen"]),
            );
          },
          refusals: [
            refuse("rate-limited", refusal(421, "4.7.0 too many connections, try again in 3s"), 3_000),
            refuse("later", refusal(450, "4.2.0 greylisted, try again in 3s"), 3_000),
            refuse("recipient-gone", refusal(550, "5.1.1 user unknown")),
            refuse("rejected", refusal(554, "5.7.1 rejected as spam")),
          ],
          stall: async () => ({
            taken: new Promise((resolve) => {
              stalls.set(user, resolve);
            }),
          }),
        };
      },
    };
  },
};
