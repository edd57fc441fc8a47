import { type Socket, io } from "socket.io-client";
import type { Answer, Asks, Boot, Frame, Gives, MessageView, Question } from "#wire";

/** An agent whose browser is reduced to its cookie, fetch and the live socket. */
export interface Agent {
  readonly boot: Boot;
  /** Mutating calls carry the CSRF token. Rejects with the refusal unless the hub answers 2xx. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Rejects with the refusal. */
  ask<Q extends Question>(question: Q, takes: Asks<Q>): Promise<Gives<Q>>;
  /** The first frame that fits, past ones included, and when it came (performance.now()). */
  heard(says: string, fits: (frame: Frame) => boolean, withinMs?: number): Promise<{ frame: Frame; at: number }>;
  /** The message with this text in an open conversation, as the live socket brought it. */
  heardText(text: string, withinMs?: number): Promise<MessageView>;
  leave(): void;
}

const answerOf = async <T>(response: Response, what: string): Promise<T> => {
  const text = await response.text();
  if (!response.ok) throw new Error(`${what}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
};

/** Logs in through the door and opens the live socket; the socket comes back by itself after a crash of the hub. */
export const signIn = async (input: {
  readonly url: string;
  readonly email: string;
  readonly password: string;
}): Promise<Agent> => {
  const { url } = input;
  const login = await fetch(`${url}/api/login`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ email: input.email, password: input.password }),
  });
  await answerOf(login, "login");
  const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
  const boot = await answerOf<Boot>(await fetch(`${url}/api/boot`, { headers: { cookie } }), "boot");
  const socket: Socket = io(url, {
    transports: ["websocket"],
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
    extraHeaders: { cookie, origin: url },
  });
  const frames: { frame: Frame; at: number }[] = [];
  const waiting = new Set<() => void>();
  socket.on("frame", (frame: Frame) => {
    frames.push({ frame, at: performance.now() });
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });

  const found = <T>(says: string, find: () => T | undefined, withinMs: number): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`${input.email} did not hear within ${withinMs} ms: ${says}`));
      }, withinMs);
      function look(): void {
        const hit = find();
        if (hit === undefined) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(hit);
      }
      waiting.add(look);
      look();
    });

  return {
    boot,
    call: async <T>(method: string, path: string, body?: unknown) => {
      const raw = body instanceof Uint8Array;
      const response = await fetch(url + path, {
        method,
        headers: {
          cookie,
          ...(method !== "GET" && { "x-csrf-token": boot.csrf, origin: url }),
          ...(body !== undefined && { "content-type": raw ? "application/octet-stream" : "application/json" }),
        },
        ...(body !== undefined && { body: raw ? Buffer.from(body) : JSON.stringify(body) }),
      });
      return answerOf<T>(response, `${method} ${path}`);
    },
    ask: async <Q extends Question>(question: Q, takes: Asks<Q>) => {
      const answer = (await socket.timeout(10_000).emitWithAck(question, takes)) as Answer<Gives<Q>>;
      if (!answer.ok) throw new Error(`${question}: ${answer.refusal.code} ${answer.refusal.says}`);
      return answer.value;
    },
    heard: (says, fits, withinMs = 8_000) => found(says, () => frames.find(({ frame }) => fits(frame)), withinMs),
    heardText: (text, withinMs = 8_000) =>
      found(
        text,
        () =>
          frames
            .flatMap(({ frame }) => frame.changes.flatMap(({ messages }) => messages))
            .findLast((message) => message.text.includes(text)),
        withinMs,
      ),
    leave: () => socket.close(),
  };
};

/** Asks again, in turns of the event loop and a breath between, until the probe gives something; names what never came. */
export const until = async <T>(
  says: string,
  probe: () => Promise<T | undefined | false>,
  withinMs = 10_000,
): Promise<T> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const hit = await probe();
    if (hit !== undefined && hit !== false) return hit;
    if (performance.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain: ${says}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
};
