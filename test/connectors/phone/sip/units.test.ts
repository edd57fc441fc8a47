import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { inviteClient, otherClient } from "../../../../connectors/phone/sip/client.ts";
import { answerChallenge, challenger, parseDigest } from "../../../../connectors/phone/sip/digest.ts";
import { networks, openGuard } from "../../../../connectors/phone/sip/guard.ts";
import type { SipResponse } from "../../../../connectors/phone/sip/message.ts";
import { inOrder, type Names, resolveUri } from "../../../../connectors/phone/sip/resolve.ts";
import { inviteServer, otherServer } from "../../../../connectors/phone/sip/server.ts";
import { sessionTimer } from "../../../../connectors/phone/sip/sessionTimer.ts";
import { parseUri } from "../../../../connectors/phone/sip/uri.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const response = (status: number): SipResponse => ({ status }) as unknown as SipResponse;

describe("transactions (RFC 3261 section 17)", () => {
  const client = (make: typeof inviteClient | typeof otherClient, reliable = false) => {
    const sent: number[] = [];
    const seen: (number | string)[] = [];
    let acks = 0;
    let done = false;
    const began = Date.now();
    const transaction = make({
      reliable,
      send: () => void sent.push(Date.now() - began),
      sendAck: () => void (acks += 1),
      onResponse: ({ status }) => void seen.push(status),
      onLost: (why) => void seen.push(why),
      onDone: () => {
        done = true;
      },
    });
    return { transaction, sent, seen, acks: () => acks, done: () => done };
  };

  test("an INVITE is repeated after 0.5, 1, 2, 4, 8, 16 s and given up after 32 s", () => {
    const { sent, seen, done } = client(inviteClient);
    vi.advanceTimersByTime(32_000);
    expect(sent).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    expect(seen).toEqual(["timeout"]);
    expect(done()).toBe(true);
  });

  test("another request is repeated at most every 4 s", () => {
    const { sent } = client(otherClient);
    vi.advanceTimersByTime(31_999);
    expect(sent).toEqual([0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
  });

  test("over TCP nothing is repeated, and it is given up all the same", () => {
    const { sent, seen } = client(inviteClient, true);
    vi.advanceTimersByTime(32_000);
    expect([sent, seen]).toEqual([[0], ["timeout"]]);
  });

  test("ringing ends the repeating, and a phone may ring as long as it likes", () => {
    const { transaction, sent, seen } = client(inviteClient);
    transaction.receive(response(180));
    vi.advanceTimersByTime(180_000);
    expect([sent, seen]).toEqual([[0], [180]]);
  });

  test("a refusal is told once and acknowledged as often as it comes", () => {
    const { transaction, seen, acks } = client(inviteClient);
    for (let again = 0; again < 3; again += 1) transaction.receive(response(486));
    expect([seen, acks()]).toEqual([[486], 3]);
    transaction.receive(response(200));
    expect(seen).toEqual([486]);
  });

  test("every 2xx is told, also those of other branches of a fork; a late refusal is not", () => {
    const { transaction, seen, acks } = client(inviteClient);
    transaction.receive(response(200));
    transaction.receive(response(200));
    transaction.receive(response(486));
    expect([seen, acks()]).toEqual([[200, 200], 0]);
  });

  test("our refusal of a call is repeated until the ACK comes", () => {
    const sent: number[] = [];
    const began = Date.now();
    const server = inviteServer({
      reliable: false,
      send: () => void sent.push(Date.now() - began),
      onDone: () => undefined,
    });
    expect(server.respond(486, Buffer.from("busy"))).toBe(true);
    expect(server.respond(200, Buffer.from("ok"))).toBe(false);
    vi.advanceTimersByTime(3_600);
    server.acknowledged();
    vi.advanceTimersByTime(60_000);
    expect(sent).toEqual([0, 500, 1_500, 3_500]);
  });

  test("a repeated request gets the same answer again, for as long as it may be repeated", () => {
    const sent: string[] = [];
    let done = false;
    const server = otherServer({
      reliable: false,
      send: (bytes) => void sent.push(bytes.toString()),
      onDone: () => {
        done = true;
      },
    });
    server.repeated();
    server.respond(200, Buffer.from("ok"));
    server.repeated();
    expect(sent).toEqual(["ok", "ok"]);
    vi.advanceTimersByTime(32_000);
    expect(done).toBe(true);
  });
});

describe("digest", () => {
  const request = { method: "REGISTER", uri: "sip:example.com" };
  const credentials = { user: "bob", password: "zanzibar" };

  test("answers as RFC 2617 computes it", () => {
    const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
    const answer = answerChallenge({
      challenges: ['Digest realm="biloxi.com", nonce="dcd98b", qop="auth,auth-int", opaque="5ccc"'],
      credentials,
      ...request,
      count: () => 1,
      cnonce: "0a4f113b",
    });
    const fields = parseDigest(answer?.value ?? "");
    const right = md5(
      `${md5("bob:biloxi.com:zanzibar")}:dcd98b:00000001:0a4f113b:auth:${md5("REGISTER:sip:example.com")}`,
    );
    expect(fields?.get("response")).toBe(right);
    expect([fields?.get("nc"), fields?.get("opaque"), fields?.get("qop")]).toEqual(["00000001", "5ccc", "auth"]);
  });

  test("takes SHA-256 where it is offered beside MD5, and nothing it does not know", () => {
    const challenges = [
      'Digest realm="r", nonce="1", algorithm=MD5, qop="auth"',
      'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth"',
    ];
    expect(answerChallenge({ challenges, credentials, ...request, count: () => 1 })?.value).toContain(
      "algorithm=SHA-256",
    );
    const strange = ['Digest realm="r", nonce="1", algorithm=SHA-512-256', 'Basic realm="r"'];
    expect(answerChallenge({ challenges: strange, credentials, ...request, count: () => 1 })).toBeUndefined();
  });

  test("the asking side takes each right answer once, knows an old nonce, and refuses the rest", () => {
    let now = 0;
    const asking = challenger({
      realm: "linka",
      now: () => now,
      passwordOf: (user) => (user === "bob" ? "zanzibar" : undefined),
    });
    const answer = (uses: number, who = credentials): string =>
      answerChallenge({ challenges: asking.challenges(false), credentials: who, ...request, count: () => uses })
        ?.value ?? "";
    const first = answer(1);
    expect(asking.check(first, "REGISTER")).toEqual({ user: "bob" });
    expect(asking.check(first, "REGISTER"), "the same answer again").toBe("stale");
    expect(asking.check(first, "INVITE")).toBe("wrong");
    expect(asking.check(answer(1, { user: "bob", password: "wrong" }), "REGISTER")).toBe("wrong");
    expect(asking.check(answer(1, { user: "nobody", password: "" }), "REGISTER")).toBe("wrong");
    expect(asking.check(answer(1).replace(/nonce="\w/, 'nonce="x'), "REGISTER")).toBe("wrong");
    const old = answer(1);
    now = 301_000;
    expect(asking.check(old, "REGISTER")).toBe("stale");
  });
});

describe("where a request goes (RFC 3263)", () => {
  const names: Names = {
    addresses: async (host) =>
      host === "a.example" ? ["192.0.2.1", "192.0.2.2"] : host === "b.example" ? ["192.0.2.3"] : [],
    srv: async (name) =>
      name === "_sip._udp.example.com"
        ? [
            { name: "b.example", port: 5070, priority: 20, weight: 0 },
            { name: "a.example", port: 5060, priority: 10, weight: 1 },
          ]
        : name === "_sips._tcp.tls.example"
          ? [{ name: "b.example", port: 5061, priority: 1, weight: 1 }]
          : [],
    naptr: async (name) =>
      name === "tls.example"
        ? [{ service: "SIPS+D2T", replacement: "_sips._tcp.tls.example", order: 1, preference: 1 }]
        : [],
  };
  const find = async (text: string) => {
    const uri = parseUri(text);
    if (uri === undefined) throw new Error("no URI");
    return (await resolveUri({ uri, names, can: ["UDP", "TCP", "TLS"] })).map(
      ({ proto, host, port, name }) => `${proto} ${host}:${port}${name === undefined ? "" : ` ${name}`}`,
    );
  };

  test.each([
    ["sip:192.0.2.9", ["UDP 192.0.2.9:5060"]],
    ["sip:[2001:db8::1]:5070;transport=tcp", ["TCP 2001:db8::1:5070"]],
    ["sips:192.0.2.9", ["TLS 192.0.2.9:5061"]],
    ["sip:a.example:5080", ["UDP 192.0.2.1:5080", "UDP 192.0.2.2:5080"]],
    ["sip:example.com", ["UDP 192.0.2.1:5060", "UDP 192.0.2.2:5060", "UDP 192.0.2.3:5070"]],
    ["sip:tls.example", ["TLS 192.0.2.3:5061 tls.example"]],
    ["sip:b.example", ["UDP 192.0.2.3:5060"]],
    ["sip:nowhere.example", []],
  ])("%s", async (uri, found) => expect(await find(uri)).toEqual(found));

  test("weights share the load, priorities come first", () => {
    const record = (name: string, priority: number, weight: number) => ({ name, priority, weight });
    const records = [record("late", 2, 9), record("light", 1, 1), record("heavy", 1, 9)];
    expect(inOrder(records, () => 0.99).map(({ name }) => name)).toEqual(["heavy", "light", "late"]);
    expect(inOrder(records, () => 0.01).map(({ name }) => name)).toEqual(["light", "heavy", "late"]);
  });
});

describe("the guard", () => {
  test("knows its networks, also those of IPv6", () => {
    const inside = networks(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
    expect(["10.9.8.7", "192.0.2.7", "2001:db8::5"].every(inside)).toBe(true);
    expect(["11.0.0.1", "192.0.2.8", "2001:db9::1", "nonsense"].some(inside)).toBe(false);
    expect(() => networks(["everybody"])).toThrow("not an address");
  });

  test("a stranger's budget runs out, refills, and ends in a ban; a trusted network has none", () => {
    let now = 0;
    const guard = openGuard({ now: () => now });
    guard.trust((host) => host === "10.0.0.1");
    const heard = Array.from({ length: 500 }, () => guard.welcome("203.0.113.5")).filter(Boolean).length;
    expect(heard).toBe(60);
    now = 2_000;
    expect(guard.welcome("203.0.113.5"), "banned after far too much").toBe(false);
    now = 700_000;
    expect(guard.welcome("203.0.113.5")).toBe(true);
    expect(Array.from({ length: 5_000 }, () => guard.welcome("10.0.0.1")).every(Boolean)).toBe(true);
  });

  test("wrong passwords end in a ban, a right one forgives", () => {
    const guard = openGuard({ now: () => 0 });
    for (let wrong = 0; wrong < 9; wrong += 1) guard.fault("203.0.113.6", 2);
    guard.forgive("203.0.113.6");
    for (let wrong = 0; wrong < 9; wrong += 1) guard.fault("203.0.113.6", 2);
    expect(guard.welcome("203.0.113.6")).toBe(true);
    guard.fault("203.0.113.6", 2);
    expect(guard.welcome("203.0.113.6")).toBe(false);
  });
});

test("a session is refreshed at half time by who must, and ends when the other side does not", () => {
  const seen: string[] = [];
  const timer = sessionTimer({ refresh: () => void seen.push("refresh"), expire: () => void seen.push("expire") });
  timer.run({ seconds: 1_800, refresher: "us" });
  vi.advanceTimersByTime(899_000);
  expect(seen).toEqual([]);
  vi.advanceTimersByTime(1_000);
  expect(seen).toEqual(["refresh"]);
  timer.run({ seconds: 90, refresher: "them" });
  vi.advanceTimersByTime(59_999);
  expect(seen).toEqual(["refresh"]);
  vi.advanceTimersByTime(1);
  expect(seen).toEqual(["refresh", "expire"]);
});
