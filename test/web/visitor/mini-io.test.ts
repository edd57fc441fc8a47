import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { afterEach, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { connect, type Refused } from "../../../src/web/visitor/app/mini-io.ts";

/** The widget's own client against the installed Socket.IO server: the protocol is not ours to change. */
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const serve = async (options: { pingInterval?: number; pingTimeout?: number } = {}) => {
  const http = createServer();
  const io = new Server(http, { serveClient: false, ...options });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closing.push(() => io.close());
  return { io, visitors: io.of("/visitor"), url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
};

const open = (url: string, options: { answerWithinMs?: number } = {}) => {
  const news: [string, unknown][] = [];
  let ups = 0;
  let downs = 0;
  const waiting = new Set<() => void>();
  const changed = (): void => waiting.forEach((check) => check());
  const socket = connect({
    url,
    namespace: "/visitor",
    auth: { account: "účet" },
    up: () => {
      ups += 1;
      changed();
    },
    down: () => {
      downs += 1;
      changed();
    },
    told: (event, payload) => {
      news.push([event, payload]);
      changed();
    },
    ...options,
  });
  closing.unshift(async () => socket.close());
  const until = (true_: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!true_()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { socket, news, until, ups: () => ups, downs: () => downs };
};

it("joins its namespace with its auth, asks, is answered and hears news", async () => {
  const { visitors, url } = await serve();
  visitors.on("connection", (socket) => {
    socket.on("ask", (event: string, payload: unknown, answer: (given: unknown) => void) =>
      answer({ ok: true, value: { event, payload, auth: socket.handshake.auth } }),
    );
    socket.emit("line", { text: "Dobrý den, 🌷" });
  });
  const client = open(url);
  await client.until(() => client.ups() === 1 && client.news.length === 1);
  expect(client.news).toEqual([["line", { text: "Dobrý den, 🌷" }]]);
  expect(await client.socket.ask("send", { text: 'uvozovky " a čárky, 1' })).toEqual({
    event: "send",
    payload: { text: 'uvozovky " a čárky, 1' },
    auth: { account: "účet" },
  });
});

it("tells a refusal by its code, and an answer that never comes as a timeout", async () => {
  const { visitors, url } = await serve();
  visitors.on("connection", (socket) =>
    socket.on("ask", (event: string, _payload: unknown, answer: (given: unknown) => void) => {
      if (event === "refuse") answer({ ok: false, refusal: { code: "rate-limited", says: "Pomaleji" } });
    }),
  );
  const client = open(url, { answerWithinMs: 50 });
  await client.until(() => client.ups() === 1);
  const code = (asked: Promise<unknown>): Promise<unknown> =>
    asked.catch((thrown: unknown) => (thrown as Refused).code);
  expect(await code(client.socket.ask("refuse", {}))).toBe("rate-limited");
  expect(await code(client.socket.ask("silence", {}))).toBe("timeout");
});

it("stays through heartbeats", async () => {
  const { visitors, url } = await serve({ pingInterval: 40, pingTimeout: 60 });
  let pongs = 0;
  const client = open(url);
  await client.until(() => client.ups() === 1);
  const [peer] = visitors.sockets.values();
  await new Promise<void>((resolve) =>
    peer?.conn.on("packet", ({ type }) => {
      if (type === "pong") pongs += 1;
      if (pongs === 3) resolve();
    }),
  );
  expect(client.downs()).toBe(0);
});

it("notices by itself that a server fell silent, as a network that went away does", async () => {
  const http = createServer();
  const silent = new WebSocketServer({ server: http });
  let joined = 0;
  silent.on("connection", (socket) => {
    socket.send(`0${JSON.stringify({ sid: "s", upgrades: [], pingInterval: 40, pingTimeout: 60, maxPayload: 1000 })}`);
    socket.once("message", () => {
      joined += 1;
      socket.send(`40/visitor,${JSON.stringify({ sid: "s" })}`);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    for (const socket of silent.clients) socket.terminate();
    silent.close();
    http.close();
  });
  const client = open(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  await client.until(() => client.downs() === 1);
  expect(joined).toBe(1);
});

it("comes back after a cut, a dismissal and a restart, and fails what was under way as closed", async () => {
  const { visitors, url } = await serve();
  const client = open(url);
  await client.until(() => client.ups() === 1);
  const hanging = client.socket.ask("silence", {}).catch((thrown: unknown) => (thrown as Refused).code);
  for (const [, socket] of visitors.sockets) socket.conn.close();
  expect(await hanging).toBe("closed");
  await client.until(() => client.ups() === 2);
  for (const [, socket] of visitors.sockets) socket.disconnect();
  await client.until(() => client.ups() === 3);
  client.socket.restart();
  await client.until(() => client.ups() === 4);
  expect(client.downs()).toBe(3);
});

it("keeps trying where it is not let in, and says nothing is up", async () => {
  const { visitors, url } = await serve();
  let refusals = 0;
  const twice = new Promise<void>((resolve) => {
    visitors.use((_socket, next) => {
      refusals += 1;
      if (refusals === 2) resolve();
      next(new Error("not-found"));
    });
  });
  const client = open(url);
  await twice;
  expect(client.ups()).toBe(0);
  expect(await client.socket.ask("hello", {}).catch((thrown: unknown) => (thrown as Refused).code)).toBe("closed");
});
