import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { accountId, ConnectorError, type Hub, type Inbound, type Outbound, threadKey } from "#contract";
import { describe, expect, it } from "vitest";
import { loopback } from "../../connectors/loopback/index.ts";
import { parse } from "../../connectors/loopback/parse.ts";
import { sign, signatureHeader } from "../../connectors/loopback/receive.ts";
import { settings } from "../../connectors/loopback/settings.ts";

const account = { name: "demo", secret: "sixteen characters" };
const message = {
  id: "m1",
  thread: "t1",
  from: { id: "jana", name: "Jana" },
  text: "Ahoj",
  at: "2026-11-20T08:00:00Z",
};
const bytes = (body: unknown): Uint8Array => Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
const read = (body: unknown, extra: object = {}): Inbound[] =>
  parse(settings.parse({ ...account, ...extra }), bytes(body));

const open = (extra: object = {}, receive: (event: Inbound) => Promise<void> = async () => {}) => {
  const hub: Hub = {
    receive,
    status: () => {},
    alive: () => {},
    folder: () => Promise.reject(new Error("no folder here")),
    browser: { flags: [] },
    vault: { get: async () => undefined, set: async () => {} },
    frozen: { get: async () => undefined, setOnce: () => Promise.reject(new Error("nothing is frozen")) },
    memory: { get: async () => undefined, set: async () => {}, setOnce: async (_key, value) => value },
    transcript: async () => ({ lines: [], more: false, readSeq: 0 }),
    tell: () => {},
    log: { info: () => {}, warn: () => {} },
    now: () => new Date(),
  };
  return loopback.open({ id: accountId("a"), name: "Demo", config: { ...account, ...extra } }, hub);
};
const post = (body: unknown) => ({
  method: "POST" as const,
  path: "",
  query: new URLSearchParams(),
  headers: new Headers({ [signatureHeader]: sign(account.secret, bytes(body)) }),
  body: bytes(body),
});
const letter = (thread: string, key = "k1"): Outbound => ({
  key,
  thread: threadKey(`demo/${thread}`),
  to: [],
  text: "Dobrý den",
  attachments: [],
  references: [],
  author: { name: "Anna" },
  writtenAt: new Date("2026-11-20T09:00:00Z"),
});
const signal = new AbortController().signal;
const outcome = (sending: Promise<unknown>): Promise<unknown> =>
  sending.then(
    () => "sent",
    (thrown: unknown) => (thrown instanceof ConnectorError ? thrown.code : thrown),
  );

describe("what customers write over the loopback channel", () => {
  it("brings every message and event of one request, in order", () => {
    const events = read({
      messages: [message, { ...message, id: "m2" }],
      edits: [{ id: "m1", thread: "t1", text: "Ahoj!", at: message.at }],
      receipts: [{ id: "m9", thread: "t1", state: "read", at: message.at }],
      typing: [{ thread: "t1", active: true }],
    });
    expect(events.map(({ type }) => type)).toEqual(["message", "message", "edit", "receipt", "typing"]);
  });

  it("keeps the good messages of a request in which one is bad, and the bad one as it came", () => {
    const bad = { ...message, id: "m2", at: "yesterday" };
    const events = read({ messages: [message, bad, { ...message, id: "m3" }], holograms: [1] });
    expect(events.map(({ type }) => type)).toEqual(["message", "unparsed", "message", "unparsed"]);
    expect(events[1]).toMatchObject({ raw: { bytes: bytes({ messages: [bad] }) } });
  });

  it("keeps each message of a batch readable again alone", () => {
    const events = read({ messages: [message, { ...message, id: "m2" }] });
    const again = events.flatMap((event) =>
      event.type === "message" && "json" in event.raw ? read(event.raw.json) : [],
    );
    expect(again.map((event) => "id" in event && event.id)).toEqual(["m1", "m2"]);
  });

  it.each(["not JSON", "[]", "{}", "null", '{"messages":[]}', '{"messages":{}}'])(
    "parks a genuine body it cannot read: %s",
    (body) => {
      expect(read(body)).toMatchObject([{ type: "unparsed", raw: { bytes: bytes(body) } }]);
    },
  );

  it("gives customers the kind of address that the account stands for", () => {
    const addressAs = (as: string): unknown => {
      const [event] = read({ messages: [message] }, { as });
      return event?.type === "message" && event.from.addresses[0];
    };
    expect(addressAs("email")).toEqual({ kind: "email", value: "jana" });
    expect(addressAs("phone")).toEqual({ kind: "e164", value: "jana" });
    expect(addressAs("messenger")).toEqual({ kind: "psid", scope: "demo", value: "jana" });
  });

  it("leaves an anonymous customer without any address", () => {
    const { from: _from, ...anonymous } = message;
    expect(read({ messages: [anonymous] })).toMatchObject([{ from: { addresses: [] } }]);
  });

  it("asks the remote to repeat the request when one of its messages could not be stored", async () => {
    const connection = open({}, async (event) => {
      if ("id" in event && event.id === "m2") throw new Error("the database is away");
    });
    const body = { messages: [message, { ...message, id: "m2" }] };
    expect(await connection.webhook?.(post(body))).toEqual({ status: 503 });
    expect(await connection.webhook?.(post({ messages: [message] }))).toEqual({ status: 200 });
  });

  it("answers only its own address and only POST", async () => {
    expect(await open().webhook?.({ ...post({}), path: "/other" })).toEqual({ status: 404 });
    expect(await open().webhook?.({ ...post({}), method: "GET" })).toEqual({ status: 405 });
  });
});

describe("what the outbox can rehearse on the loopback channel", () => {
  it("refuses as many sends to a thread as its name says, then takes them", async () => {
    const connection = open();
    const outcomes: unknown[] = [];
    for (let n = 0; n < 4; n += 1)
      outcomes.push(await outcome(connection.send(letter("fail:rate-limited:3:250"), signal)));
    expect(outcomes).toEqual(["rate-limited", "rate-limited", "rate-limited", "sent"]);
  });

  it("passes on the scripted wait", async () => {
    await expect(open().send(letter("fail:rate-limited:1:250"), signal)).rejects.toMatchObject({ retryAfterMs: 250 });
  });

  it("takes the message when it is scripted to leave us uncertain, and keeps one", async () => {
    const connection = open();
    expect(await outcome(connection.send(letter("fail:uncertain:1"), signal))).toBe("uncertain");
    const [again, once] = [
      await connection.send(letter("fail:uncertain:1"), signal),
      await connection.send(letter("t"), signal),
    ];
    expect(once.id, "the same key is the same message").toBe(again.id);
  });

  it("refuses every send when the account is set to fail", async () => {
    expect(await outcome(open({ failMode: "auth" }).send(letter("t1"), signal))).toBe("auth");
  });

  it("gives up while it is held back, before anything left", async () => {
    const giveUp = new AbortController();
    const sending = outcome(open({ latencyMs: 60_000 }).send(letter("t1"), giveUp.signal));
    giveUp.abort();
    expect(await sending).toBe("unreachable");
  });

  it("knows that nothing left when nobody listens at the callback", async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    await new Promise((closed) => server.close(closed));
    const connection = open({ callbackUrl: `http://127.0.0.1:${port}/` });
    expect(await outcome(connection.send(letter("t1"), signal))).toBe("unreachable");
  });

  it("does not send to a thread of another account", async () => {
    const sending = open().send({ ...letter("t1"), thread: threadKey("other/t1") }, signal);
    expect(await outcome(sending)).toBe("recipient-gone");
  });
});
