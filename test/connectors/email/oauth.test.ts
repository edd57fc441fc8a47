import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { settings } from "../../../connectors/email/settings.ts";
import { type Dovecot, hasDovecot, startDovecot } from "../../fakes/dovecot.ts";
import { clientId, clientSecret, type IdentityProvider, startIdentityProvider } from "../../fakes/idp.ts";
import { refusal, startSmtp } from "../../fakes/smtp.ts";
import { freshMailbox, letter, type Mailbox, online, quickEmail, subjects, until } from "./mailbox.ts";

const redirectUri = "https://desk.example.com/api/admin/sign-in";
const base = { address: "support@acme.test", oauthClientId: "c" };

describe("mailboxes of the big providers", () => {
  it("Google and Microsoft 365 need no server names", () => {
    const google = settings.parse({ ...base, signIn: "google" });
    expect(google).toMatchObject({
      imapHost: "imap.gmail.com",
      imapUser: "support@acme.test",
      smtpHost: "smtp.gmail.com",
      smtpSecurity: "tls",
      oauthTokenUrl: "https://oauth2.googleapis.com/token",
      oauthScope: "https://mail.google.com/",
    });
    const microsoft = settings.parse({ ...base, signIn: "microsoft", oauthTenant: "acme.example" });
    expect(microsoft).toMatchObject({
      imapHost: "outlook.office365.com",
      smtpHost: "smtp.office365.com",
      smtpPort: 587,
      smtpSecurity: "starttls",
      oauthTokenUrl: "https://login.microsoftonline.com/acme.example/oauth2/v2.0/token",
    });
    expect(microsoft.oauthScope.split(" ")).toContain("offline_access");
  });

  it("their page is asked for a lasting permission, with proof that the answer is ours", () => {
    const page = quickEmail.signIn?.page({
      config: { ...base, signIn: "google" },
      redirectUri,
      state: "s",
      challenge: "ch",
    });
    expect(page?.origin).toBe("https://accounts.google.com");
    expect(Object.fromEntries(page?.searchParams ?? [])).toMatchObject({
      response_type: "code",
      access_type: "offline",
      prompt: "consent",
      client_id: "c",
      redirect_uri: redirectUri,
      state: "s",
      code_challenge: "ch",
      code_challenge_method: "S256",
      login_hint: "support@acme.test",
    });
  });

  it("tokens are fetched over an encrypted line only", () => {
    const given = { ...base, signIn: "oauth", imapHost: "mail.acme.test", smtpHost: "mail.acme.test" };
    const urls = { oauthAuthorizeUrl: "https://id.acme.test/", oauthTokenUrl: "http://id.acme.test/token" };
    expect(settings.safeParse({ ...given, ...urls }).success).toBe(false);
    expect(settings.safeParse({ ...given, ...urls, oauthTokenUrl: "https://id.acme.test/token" }).success).toBe(true);
  });
});

describe.runIf(hasDovecot())("a mailbox that signs in with tokens", () => {
  let idp: IdentityProvider;
  let dovecot: Dovecot;
  let mailbox: Mailbox;
  beforeAll(async () => {
    idp = await startIdentityProvider();
    dovecot = await startDovecot({ introspection: `${idp.url}/introspect` });
  });
  beforeEach(() => {
    mailbox = freshMailbox(dovecot);
  });
  afterEach(() => mailbox.stop());
  afterAll(async () => {
    await dovecot.stop();
    await idp.stop();
  });

  const connected = (refreshToken: string): Record<string, unknown> => ({
    signIn: "oauth",
    imapPassword: "",
    oauthClientId: clientId,
    oauthClientSecret: clientSecret,
    oauthAuthorizeUrl: `${idp.url}/authorize`,
    oauthTokenUrl: `${idp.url}/token`,
    oauthScope: "imap",
    oauthRefreshToken: refreshToken,
  });
  const arrives = async (account: ReturnType<Mailbox["open"]>, subject: string): Promise<void> => {
    await dovecot.deliver({ subject, text: "x" }, mailbox.address);
    await until(`"${subject}" arrives`, () => subjects(account).includes(subject), 20_000);
  };

  it("reads mail, and goes on with a new token when the server throws it out after the old one died", async () => {
    const account = await online(mailbox.open(connected(idp.grant(mailbox.address))));
    await arrives(account, "with the first token");
    idp.expire();
    await dovecot.doveadm("kick", mailbox.address);
    await arrives(account, "with the second token");
    expect(account.statuses.map(({ state }) => state)).not.toContain("needs-login");
  });

  it("keeps the newest refresh token sealed, and a process started later goes on with it", async () => {
    const first = idp.grant(mailbox.address);
    const account = await online(mailbox.open(connected(first)));
    await account.stop();
    expect(JSON.stringify([...mailbox.account.memory].filter(([key]) => !key.startsWith("vault:")))).not.toMatch(
      /refresh-|access-/,
    );
    const again = await online(mailbox.open(connected(first)));
    await arrives(again, "a later process");
    expect(idp.asked.at(-1)?.["refresh_token"]).not.toBe(first);
  });

  it("asks a person for a new sign-in when the permission was taken back, and works again after it", async () => {
    const account = mailbox.open(connected("never granted"));
    account.start();
    const status = await until("a person is asked", () =>
      account.statuses.find(({ state }) => state === "needs-login"),
    );
    expect(status).toMatchObject({ reason: expect.stringMatching(/Press Connect/) });
    await account.stop();
    await arrives(await online(mailbox.open(connected(idp.grant(mailbox.address)))), "connected again");
  });

  it("an identity provider that is away for a moment is asked again, not a person", async () => {
    idp.fail(2);
    const account = mailbox.open(connected(idp.grant(mailbox.address)));
    account.start();
    await until("it is online", () => account.statuses.some(({ state }) => state === "online"), 20_000);
    expect(account.statuses.map(({ state }) => state)).toContain("offline");
    expect(account.statuses.map(({ state }) => state)).not.toContain("needs-login");
  });

  it("Connect trades the code for a refresh token, and only for whoever holds the verifier", async () => {
    const config = { ...mailbox.settings, ...connected("") };
    const verifier = "v".repeat(64);
    const challenge = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))).toString(
      "base64url",
    );
    const page = quickEmail.signIn?.page({ config, redirectUri, state: "s", challenge });
    if (page === undefined) throw new Error("no page");
    const finish = (code: string, proof: string) =>
      quickEmail.signIn?.finish({ config, redirectUri, code, verifier: proof, signal: new AbortController().signal });
    await expect(finish(idp.consent(page, mailbox.address).code, "somebody else's")).rejects.toThrow(/invalid_grant/);
    const gained = await finish(idp.consent(page, mailbox.address).code, verifier);
    await arrives(await online(mailbox.open({ ...connected(""), ...gained })), "after Connect");
  });

  it("sends with the same tokens, and asks for a fresh one when the server refuses", async () => {
    const used: string[] = [];
    const smtp = await startSmtp({
      authOptional: false,
      authMethods: ["XOAUTH2"],
      onAuth: ({ accessToken = "" }, _, done) => {
        used.push(accessToken);
        const user = idp.userOf(accessToken);
        if (user === undefined) done(refusal(535, "5.7.8 token expired"));
        else done(null, { user });
      },
    });
    try {
      const way = { smtpPort: smtp.port, smtpLogin: "same", plusAddressing: false };
      const account = mailbox.open({ ...connected(idp.grant(mailbox.address)), ...way });
      await account.send(letter({ text: "first" }));
      idp.expire();
      await account.send(letter({ text: "second" }));
      expect(smtp.letters).toHaveLength(2);
      expect(new Set(used).size).toBe(2);
    } finally {
      await smtp.stop();
    }
  });
});
