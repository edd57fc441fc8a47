import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { io } from "socket.io-client";
import { ConnectorError, type Peer, type WebhookRequest } from "#contract";
import { uuid } from "#core/uuid";
import { type Hub, startHub } from "./hub.ts";

let hub: Hub;
beforeAll(async () => {
  hub = await startHub({ tuning: { visitorSockets: 5, visitorHandshakes: 200, hookBytes: 5_000_000 } });
});
afterAll(() => hub.stop());

describe("a channel calling in", () => {
  test("is handed over byte for byte, with its path and query, and gets the channel's answer", async () => {
    const got: WebhookRequest[] = [];
    const id = uuid();
    hub.channels.webhook = async (account, request) => {
      if (account !== id) return null;
      got.push(request);
      return { status: 201, body: '{"a":1}', contentType: "application/json" };
    };
    const body = Buffer.from([0, 255, 10, 13, 128]);
    const answer = await fetch(`${hub.url}/hooks/${id}/deep/path?a=1&b=%20x`, {
      method: "POST",
      body,
      headers: { "X-Signature": "abc" },
    });
    expect([answer.status, await answer.text(), answer.headers.get("content-type")]).toEqual([
      201,
      '{"a":1}',
      "application/json",
    ]);
    expect(got[0]).toMatchObject({ method: "POST", path: "/deep/path" });
    expect(got[0]?.query.get("b")).toBe(" x");
    expect(got[0]?.headers.get("x-signature")).toBe("abc");
    expect(Buffer.from(got[0]?.body ?? [])).toEqual(body);
    expect((await fetch(`${hub.url}/hooks/${uuid()}`, { method: "POST" })).status).toBe(404);
    expect((await fetch(`${hub.url}/hooks/not-an-id`)).status).toBe(404);
    expect((await fetch(`${hub.url}/hooks/${id}`, { method: "DELETE" })).status).toBe(405);
  });

  test("is told to come back later while too much waits, when it fails, and never loses its answer", async () => {
    const id = uuid();
    let calls = 0;
    hub.channels.webhook = async () => {
      calls += 1;
      throw new Error("boom");
    };
    const failed = await fetch(`${hub.url}/hooks/${id}`, { method: "POST", body: "x" });
    expect([failed.status, failed.headers.get("retry-after")]).toEqual([503, "5"]);
    hub.channels.waiting = 1_000_000;
    const busy = await fetch(`${hub.url}/hooks/${id}`, { method: "POST", body: "x" });
    hub.channels.waiting = 0;
    expect([busy.status, busy.headers.get("retry-after"), calls]).toEqual([503, "5", 1]);
  });

  test("many large bodies at once cannot fill the memory: what is too much is told to come back", async () => {
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    hub.channels.webhook = async (_id, { body }) => {
      arrived.resolve();
      if (body.byteLength > 0) await release.promise;
      return { status: 200 };
    };
    const post = (bytes: number) => fetch(`${hub.url}/hooks/${uuid()}`, { method: "POST", body: Buffer.alloc(bytes) });
    const first = post(2_900_000);
    await arrived.promise;
    const second = await post(2_900_000);
    expect([second.status, second.headers.get("retry-after")]).toEqual([503, "5"]);
    release.resolve();
    expect((await first).status).toBe(200);
    expect((await post(2_900_000)).status).toBe(200);
  });

  test("a body over the limit is refused before it is read to its end", async () => {
    hub.channels.webhook = async () => ({ status: 200 });
    const declared = await fetch(`${hub.url}/hooks/${uuid()}`, { method: "POST", body: Buffer.alloc(4_000_000) }).then(
      ({ status }) => status,
      () => 413,
    );
    expect(declared).toBe(413);
  });
});

describe("a visitor's socket", () => {
  const visitor = (
    account: string,
    headers: Record<string, string> = {},
    o: { url?: string; localAddress?: string } = {},
  ) =>
    io(`${o.url ?? hub.url}/visitor`, {
      ...(o.localAddress === undefined ? {} : { localAddress: o.localAddress }),
      transports: ["websocket"],
      forceNew: true,
      reconnection: false,
      auth: { account },
      extraHeaders: headers,
    });
  const outcome = (socket: ReturnType<typeof visitor>): Promise<string> =>
    new Promise((resolve) => {
      socket.once("connect", () => resolve("connected"));
      socket.once("connect_error", (error) => resolve(error.message));
    });

  test("is the channel's peer: it asks, is told, joins a thread and hears of it", async () => {
    const account = uuid();
    const peers: Peer[] = [];
    hub.channels.connection = (id) =>
      id === account
        ? { start: async () => undefined, send: async () => Promise.reject(new Error("no")), peer: () => undefined }
        : undefined;
    hub.channels.peer = (_id, peer) => {
      peers.push(peer);
      peer.onAsk(async (event, payload) => {
        if (event === "fail") throw new ConnectorError("rate-limited", "Slower, please.");
        if (event === "bug") throw new Error("secret inner words");
        if (event === "join") peer.join("thread-1" as never);
        return { event, payload };
      });
      return true;
    };
    expect(await outcome(visitor(uuid()))).toBe("not-found");
    expect(await outcome(visitor("x"))).toBe("not-found");
    const socket = visitor(account, { origin: hub.url, "x-forwarded-for": "203.0.113.77" });
    expect(await outcome(socket)).toBe("connected");
    expect([peers[0]?.ip, peers[0]?.origin]).toEqual(["203.0.113.77", hub.url]);
    expect(await socket.emitWithAck("ask", "hello", { a: 1 })).toEqual({
      ok: true,
      value: { event: "hello", payload: { a: 1 } },
    });
    expect(await socket.emitWithAck("ask", "fail", {})).toEqual({
      ok: false,
      refusal: { code: "rate-limited", says: "Slower, please." },
    });
    expect(JSON.stringify(await socket.emitWithAck("ask", "bug", {}))).not.toContain("secret inner words");
    expect(await socket.emitWithAck("ask", 5, {})).toMatchObject({ ok: false });
    const line = new Promise((resolve) => socket.once("line", resolve));
    await socket.emitWithAck("ask", "join", {});
    hub.publisher.tell({ accountId: account, thread: "thread-2", event: "line", payload: "not this" });
    hub.publisher.tell({ accountId: account, thread: "thread-1", event: "line", payload: "this" });
    expect(await line).toBe("this");
    const closed = new Promise((resolve) => peers[0]?.closed.addEventListener("abort", resolve));
    socket.close();
    await closed;
  });

  test("one address may hold only so many; another one does not notice; a place comes free again", async () => {
    const account = uuid();
    hub.channels.connection = () => ({
      start: async () => undefined,
      send: async () => Promise.reject(new Error("no")),
      peer: () => undefined,
    });
    hub.channels.peer = () => true;
    const from = (ip: string) => visitor(account, { "x-forwarded-for": ip });
    const crowd = Array.from({ length: 12 }, () => from("198.51.100.1"));
    const outcomes = await Promise.all(crowd.map(outcome));
    expect(outcomes.filter((result) => result === "connected").length).toBe(5);
    const other = from("198.51.100.2");
    expect(await outcome(other)).toBe("connected");
    // A forged header in front of the real one changes nothing: the proxy's own entry counts.
    expect(await outcome(from("10.0.0.1, 198.51.100.1"))).not.toBe("connected");
    for (const socket of crowd) socket.close();
    let again = "";
    for (let i = 0; i < 50 && again !== "connected"; i += 1) {
      const socket = from("198.51.100.1");
      again = await outcome(socket);
      socket.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(again).toBe("connected");
    other.close();
  });

  const answering = (on: Hub): void => {
    on.channels.connection = () => ({
      start: async () => undefined,
      send: async () => Promise.reject(new Error("no")),
      peer: () => undefined,
    });
    on.channels.peer = (_id, peer) => {
      peer.onAsk(async () => peer.ip);
      return true;
    };
  };

  test("is refused to another site's script; our own page, under either of our names, and programs are let in", async () => {
    const own = await startHub({ config: { publicUrl: "https://desk.example.com" } });
    try {
      answering(own);
      const from = async (headers: Record<string, string>): Promise<string> => {
        const socket = visitor(uuid(), headers, { url: own.url });
        const result = await outcome(socket);
        socket.close();
        return result;
      };
      for (const origin of ["https://shop.example", "null", "https://desk.example.com.evil.example", "nonsense"])
        expect([origin, await from({ origin })]).toEqual([origin, "forbidden"]);
      expect(await from({ origin: own.url, "sec-fetch-site": "cross-site" })).toBe("forbidden");
      for (const origin of [own.url, "https://desk.example.com"])
        expect([origin, await from({ origin })]).toEqual([origin, "connected"]);
      expect(await from({})).toBe("connected");
    } finally {
      await own.stop();
    }
  });

  test("is served while another address opens a thousand", async () => {
    const own = await startHub();
    const crowd: ReturnType<typeof visitor>[] = [];
    try {
      answering(own);
      let open = 0;
      let refused = 0;
      const all = Promise.all(
        Array.from({ length: 1_000 }, async () => {
          const socket = visitor(uuid(), {}, { url: own.url, localAddress: "127.0.0.1" });
          crowd.push(socket);
          if ((await outcome(socket)) === "connected") open += 1;
          else refused += 1;
        }),
      );
      await new Promise((resolve) => crowd[0]?.once("connect", () => resolve(undefined)));
      const settled = open + refused;
      const other = visitor(uuid(), {}, { url: own.url, localAddress: "127.0.0.2" });
      expect(await outcome(other)).toBe("connected");
      expect(await other.timeout(5_000).emitWithAck("ask", "hello", {})).toEqual({ ok: true, value: "127.0.0.2" });
      expect(settled).toBeLessThan(1_000);
      await all;
      expect(open).toBeGreaterThan(0);
      expect(open).toBeLessThanOrEqual(100);
      expect(refused).toBe(1_000 - open);
      expect(await other.timeout(5_000).emitWithAck("ask", "still there", {})).toMatchObject({ ok: true });
      other.close();
    } finally {
      for (const socket of crowd) socket.close();
      await own.stop();
    }
  });
});
