import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import { openSessions } from "../../../connectors/chat/session.ts";
import { greet, openChannel, refusal, site } from "./open.ts";

const secret = "zahradnictvi-podepisuje";
const hash = (userId: string, key = secret): string => createHmac("sha256", key).update(userId).digest("hex");
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: object, header: object = { alg: "HS256", typ: "JWT" }, key = secret): string => {
  const signed = `${base64(header)}.${base64(claims)}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
};
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

it("a visitor who comes back with the token goes on where the chat stood", async () => {
  const account = openChannel();
  const { peer, session, welcome } = await greet(account);
  await peer.ask("send", { id: "message-1", text: "Kde je můj balík?" });
  peer.leave();
  const back = await greet(account, { token: welcome.token });
  expect(back.session).toBe(session);
  expect(back.welcome.lines.map(({ key, text, from }) => [key, text, from])).toEqual([
    ["message-1", "Kde je můj balík?", "visitor"],
  ]);
});

it("only what is newer comes back to a widget that holds the beginning", async () => {
  const account = openChannel();
  const { peer, welcome } = await greet(account);
  for (const [index, text] of ["jedna", "dva", "tři"].entries())
    await peer.ask("send", { id: `message-${index}`, text });
  const back = await greet(account, { token: welcome.token, after: 1 });
  expect(back.welcome.lines.map(({ text }) => text)).toEqual(["dva", "tři"]);
});

it("a forged, damaged or foreign token is refused and opens nothing", async () => {
  const account = openChannel();
  const { welcome, session } = await greet(account);
  const elsewhere = await greet(openChannel({}, "b"));
  const [, sealed = ""] = welcome.token.split(".");
  const forged = [
    `${session}.${Buffer.alloc(60, 7).toString("base64url")}`,
    `${session}.`,
    `${"A".repeat(22)}.${sealed}`,
    welcome.token.slice(0, -6),
    elsewhere.welcome.token,
    "x".repeat(4000),
    "",
  ];
  for (const token of forged) {
    const peer = account.peer({ origin: site });
    expect(await refusal(peer.ask("hello", { host: site, token })), `${token.slice(0, 30)}…`).toBe("auth");
    expect(await refusal(peer.ask("before", { seq: 99 })), "no page without a session").toBe("auth");
  }
});

it("after a logout the token is worth nothing and the other tabs are told", async () => {
  const account = openChannel();
  const { peer, welcome } = await greet(account);
  const second = await greet(account, { token: welcome.token });
  await peer.ask("logout", {});
  expect(second.peer.heard.map(({ event }) => event)).toContain("ended");
  const again = account.peer({ origin: site });
  expect(await refusal(again.ask("hello", { host: site, token: welcome.token }))).toBe("auth");
});

it("a token outlives a restart of the hub", async () => {
  const account = openChannel();
  const { welcome, session } = await greet(account);
  await account.restart();
  expect((await greet(account, { token: welcome.token })).session).toBe(session);
});

it("a user id signed by the site is believed, with the e-mail address as an unproved hint", async () => {
  const account = openChannel({ identitySecret: secret });
  const identity = { userId: "zak-17", hash: hash("zak-17"), name: "Jana Malá", email: "Jana@Example.cz" };
  const { peer } = await greet(account, { identity });
  await peer.ask("send", { id: "message-1", text: "Dobrý den" });
  const from = account.messages()[0]?.event.from;
  expect(from?.name).toBe("Jana Malá");
  expect(from?.language).toBe("cs");
  expect(from?.addresses.map(({ kind, value, verified }) => [kind, value, verified ?? false])).toEqual([
    ["visitor", expect.any(String), false],
    ["site_user", "zak-17", true],
    ["email", "jana@example.cz", false],
  ]);
});

it("a wrong signature is refused, and so is any identity where the account has no secret", async () => {
  const identity = { userId: "zak-17", hash: hash("zak-18") };
  const peer = openChannel({ identitySecret: secret }).peer({ origin: site });
  expect(await refusal(peer.ask("hello", { host: site, identity }))).toBe("rejected");
  const open = openChannel().peer({ origin: site });
  const empty = { userId: "zak-17", hash: hash("zak-17", "") };
  expect(await refusal(open.ask("hello", { host: site, identity: empty }))).toBe("rejected");
});

it("a fresh JWT for this widget is believed; expired, long-lived, foreign, unsigned and wrongly signed ones are not", async () => {
  const account = openChannel({ identitySecret: secret });
  const good = { sub: "zak-17", aud: "account-a", exp: inSeconds(300), email: "jana@example.cz", email_verified: true };
  const { peer } = await greet(account, { identity: { jwt: jwt(good) } });
  await peer.ask("send", { id: "message-1", text: "Dobrý den" });
  expect(account.messages()[0]?.event.from.addresses.at(-1)).toMatchObject({ kind: "email", verified: true });
  const bad = [
    jwt({ ...good, exp: inSeconds(-1) }),
    jwt({ ...good, exp: inSeconds(3600) }),
    jwt({ ...good, aud: "account-b" }),
    jwt({ sub: "zak-17", aud: "account-a" }),
    jwt(good, { alg: "none" }),
    `${base64({ alg: "none" })}.${base64(good)}.`,
    jwt(good, { alg: "HS256" }, "jiny-klic-nez-nas-klic"),
    "nesmysl",
  ];
  for (const [number, value] of bad.entries()) {
    const other = account.peer({ origin: site });
    expect(await refusal(other.ask("hello", { host: site, identity: { jwt: value } })), `number ${number}`).toBe(
      "rejected",
    );
  }
});

it("another user on the same device begins a new chat and sees nothing of the first one's", async () => {
  const account = openChannel({ identitySecret: secret });
  const jana = await greet(account, { identity: { userId: "jana", hash: hash("jana") } });
  await jana.peer.ask("send", { id: "message-1", text: "Moje objednávka" });
  const petr = await greet(account, { token: jana.welcome.token, identity: { userId: "petr", hash: hash("petr") } });
  expect(petr.session).not.toBe(jana.session);
  expect(petr.welcome.lines).toEqual([]);
});

it("a visitor who logs in at the site keeps the chat begun before", async () => {
  const account = openChannel({ identitySecret: secret });
  const before = await greet(account);
  const after = await greet(account, { token: before.welcome.token, identity: { userId: "jana", hash: hash("jana") } });
  expect(after.session).toBe(before.session);
});

it("only the listed sites get a chat", async () => {
  const account = openChannel();
  for (const host of ["https://podvod.example", "http://www.zahradnictvi.example", "null", undefined]) {
    const peer = account.peer({ origin: "https://podvod.example" });
    expect(await refusal(peer.ask("hello", { host, lang: "cs" })), `from ${host}`).toBe("rejected");
  }
  const anywhere = openChannel({ allowedOrigins: [] }).peer({ origin: "https://kdekoli.example" });
  expect(await refusal(anywhere.ask("hello", { lang: "cs" }))).toBe("answered");
});

it("one address cannot begin chats without end, and others are not hindered", async () => {
  const account = openChannel();
  const outcomes: string[] = [];
  for (let count = 0; count < 200; count += 1)
    outcomes.push(await refusal(account.peer({ ip: "203.0.113.9", origin: site }).ask("hello", { host: site })));
  expect(outcomes.filter((code) => code === "answered")).toHaveLength(30);
  expect(new Set(outcomes)).toEqual(new Set(["answered", "rate-limited"]));
  await expect(greet(account, {}, "203.0.113.10")).resolves.toBeDefined();
});

it("two nodes that make the account's key at the same instant know each other's visitors", async () => {
  const stored = new Map<string, string>();
  const later = <T>(work: () => T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(work())));
  const memory = {
    get: (key: string) => later(() => stored.get(key)),
    set: (key: string, value: string) => later(() => void stored.set(key, value)),
    setOnce: (key: string, value: string) =>
      later(() => {
        stored.set(key, stored.get(key) ?? value);
        return stored.get(key) ?? "";
      }),
  };
  // The first one's answer comes late enough for the second to have written meanwhile.
  const slow = {
    ...memory,
    get: async (key: string) => {
      const value = await memory.get(key);
      await later(() => undefined);
      await later(() => undefined);
      return value;
    },
  };
  const [one, two] = [openSessions({ memory }), openSessions({ memory: slow })];
  const session = one.create();
  const tokens = await Promise.all([one.seal(session), two.seal(session)]);
  for (const token of tokens)
    for (const node of [one, two]) expect(await node.open(token)).toMatchObject({ id: session.id });
});
