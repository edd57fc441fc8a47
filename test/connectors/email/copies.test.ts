import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { wantsCopy } from "../../../connectors/email/sent-copy.ts";
import { makeAccount, openAccount } from "../../contract/account.ts";
import { type Dovecot, hasDovecot, password, startDovecot } from "../../fakes/dovecot.ts";
import { freshUser, inFolder } from "../../fakes/mailbox.ts";
import { type FakeSmtp, startSmtp } from "../../fakes/smtp.ts";
import { failure, letter, online, quickEmail, until } from "./mailbox.ts";

const servers: FakeSmtp[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
const serve = async (manners: Parameters<typeof startSmtp>[0] = {}): Promise<FakeSmtp> => {
  const server = await startSmtp(manners);
  servers.push(server);
  return server;
};
const settings = (smtpPort: number, more: object) => ({
  name: "Acme",
  imapHost: "127.0.0.1",
  smtpHost: "127.0.0.1",
  smtpPort,
  smtpSecurity: "none",
  smtpLogin: "none",
  ...more,
});

describe.runIf(hasDovecot())("with the mailbox of a real server", () => {
  let dovecot: Dovecot;
  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterAll(async () => {
    await dovecot.stop();
  });
  const mailbox = (smtpPort: number, more: object = {}) => {
    const user = freshUser("support");
    const config = settings(smtpPort, {
      address: user,
      imapUser: user,
      imapPort: dovecot.ports.imaps,
      imapPassword: password,
      caCertificate: dovecot.certificate,
      ...more,
    });
    return { user, config };
  };
  const sentFolder = (user: string) =>
    inFolder({ dovecot, user, folder: "Sent" }, async (client) => {
      if (client.mailbox === false || client.mailbox.exists === 0) return [];
      return (await client.fetchAll("1:*", { envelope: true, flags: true })).map(({ envelope, flags }) => ({
        id: envelope?.messageId,
        seen: flags?.has("\\Seen"),
      }));
    });

  it("what was sent lies in its folder of sent mail, once, also when the hub dies and begins again", async () => {
    const server = await serve();
    const { user, config } = mailbox(server.port);
    const account = openAccount(quickEmail, makeAccount("a"), config);
    const before = await account.send(letter());
    // Sent before the account ran: filed once it does.
    await online(account);
    await until("the first copy is filed", async () => (await sentFolder(user)).length === 1);
    await account.restart();
    const after = await account.send(letter());
    await until("the second copy is filed", async () => (await sentFolder(user)).length === 2, 20_000);
    // A key the memory still holds, as after a death between filing and forgetting: nothing is filed twice.
    await account.stop();
    expect(await sentFolder(user)).toEqual([
      { id: before.id, seen: true },
      { id: after.id, seen: true },
    ]);
  });

  it("a copy that is there already is not filed again", async () => {
    const server = await serve();
    const { user, config } = mailbox(server.port);
    const account = makeAccount("a");
    const opened = openAccount(quickEmail, account, config);
    const first = await opened.send(letter());
    const copies = account.memory.get("sent-copies") ?? "";
    await online(opened);
    await until("it is filed", async () => (await sentFolder(user)).length === 1);
    await until("it is forgotten", () => account.memory.get("sent-copies") === "[]");
    account.memory.set("sent-copies", copies);
    await opened.restart();
    const second = await opened.send(letter());
    await until("a later one is filed behind it", async () =>
      (await sentFolder(user)).some(({ id }) => id === second.id),
    );
    await opened.stop();
    expect((await sentFolder(user)).filter(({ id }) => id === first.id)).toHaveLength(1);
  });

  it("no copy where the provider files its own, and none of what the hub answers by itself", async () => {
    expect(wantsCopy({ sentCopy: "auto", smtpHost: "smtp.gmail.com" })).toBe(false);
    expect(wantsCopy({ sentCopy: "auto", smtpHost: "smtp.office365.com" })).toBe(false);
    expect(wantsCopy({ sentCopy: "auto", smtpHost: "smtp.seznam.cz" })).toBe(true);
    expect(wantsCopy({ sentCopy: "no", smtpHost: "smtp.seznam.cz" })).toBe(false);
    const server = await serve();
    const account = makeAccount("a");
    await openAccount(quickEmail, account, mailbox(server.port).config).send(letter({ automatic: true }));
    expect(account.memory.get("sent-copies")).toBeUndefined();
  });

  it("a server that is away for sending is said so, although mail arrives, until sending works again", async () => {
    const server = await startSmtp();
    const { config } = mailbox(server.port);
    const account = await online(openAccount(quickEmail, makeAccount("a"), config));
    await server.stop();
    expect(await failure(account.send(letter()))).toMatchObject({ code: "unreachable", wholeAccount: true });
    expect(account.statuses.at(-1)).toMatchObject({ state: "offline", reason: expect.stringContaining("sending") });
    await account.stop();
  });

  it.each([
    ["arrive", (to: string) => to.replace(/\+[^@]*@/, "@"), "Plus-addresses arrive."],
    ["do not arrive", () => "", "did not arrive"],
  ])(
    "Test tells whether plus-addresses %s, and leaves no letter behind",
    { timeout: 30_000 },
    async (_, route, says) => {
      const server = await serve({
        take: async ({ to, raw }) => {
          const target = route(to[0] ?? "");
          if (target !== "") await dovecot.deliver({ raw }, target);
        },
      });
      const { user, config } = mailbox(server.port, { plusAddressing: true });
      const { connection } = openAccount(quickEmail, makeAccount("a"), config);
      const told = await connection
        .probe?.(new AbortController().signal)
        .catch((error: Error) => ({ says: error.message }));
      expect(told?.says).toContain(says);
      expect(server.letters[0]?.to[0]).toMatch(/\+probe\.[0-9a-f]{18}@/);
      const left = await inFolder({ dovecot, user }, async (client) =>
        client.mailbox === false ? -1 : client.mailbox.exists,
      );
      expect(left).toBe(0);
    },
  );
});
