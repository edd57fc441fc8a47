import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { io, type Socket } from "socket.io-client";
import type { Answer, Asks, Boot, Frame, Gives, MessageView, PhoneCall, Question } from "#wire";
import { openWebPeer } from "../media/peers.ts";

type Sound = Awaited<ReturnType<typeof openWebPeer>>;

/** An agent with a phone: the live socket, what it was told of calls, and a WebRTC peer instead of a browser. */
export interface PhoneAgent {
  readonly boot: Boot;
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  ask<Q extends Question>(question: Q, takes: Asks<Q>): Promise<Gives<Q>>;
  /** The newest state of a call that fits; waits for it. */
  sees(says: string, fits: (call: PhoneCall) => boolean): Promise<PhoneCall>;
  /** Resolves when the hub said this about the call. */
  hears(event: string, fits: (payload: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** A message of an open conversation that fits, as the live socket brought it. */
  reads(says: string, fits: (message: MessageView) => boolean): Promise<MessageView>;
  startPhone(): Promise<Sound>;
  leave(): void;
}

const within = 15_000;

export const passwordOf = async (dataDir: string, email: string): Promise<string> => {
  const logins = await readFile(join(dataDir, "demo-logins.txt"), "utf8");
  return new RegExp(`^${email} +(\\S+)`, "m").exec(logins)?.[1] ?? "";
};

export const phoneAgent = async (input: {
  readonly url: string;
  readonly dataDir: string;
  readonly email: string;
}): Promise<PhoneAgent> => {
  const { url, email } = input;
  const login = await fetch(`${url}/api/login`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ email, password: await passwordOf(input.dataDir, email) }),
  });
  if (!login.ok) throw new Error(`login: ${login.status} ${await login.text()}`);
  const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
  const boot = (await (await fetch(`${url}/api/boot`, { headers: { cookie } })).json()) as Boot;
  const socket: Socket = io(url, { transports: ["websocket"], forceNew: true, extraHeaders: { cookie, origin: url } });
  const told: { event: string; payload: Record<string, unknown> }[] = [];
  const waiting = new Set<() => void>();
  socket.onAny((event: string, payload: Record<string, unknown>) => {
    told.push({ event, payload });
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  const found = <T>(says: string, find: () => T | undefined): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(look);
        const last = told.filter(({ event }) => event.startsWith("phone.")).slice(-5);
        reject(new Error(`${email} did not hear within ${within} ms: ${says}; last ${JSON.stringify(last)}`));
      }, within);
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
  const ask = async <Q extends Question>(question: Q, takes: Asks<Q>): Promise<Gives<Q>> => {
    const answer = (await socket.timeout(within).emitWithAck(question, takes)) as Answer<Gives<Q>>;
    if (!answer.ok) throw new Error(`${question}: ${answer.refusal.code} ${answer.refusal.says}`);
    return answer.value;
  };
  const peers: Sound[] = [];
  return {
    boot,
    ask,
    call: async <T>(method: string, path: string, body?: unknown) => {
      const response = await fetch(url + path, {
        method,
        headers: {
          cookie,
          ...(method !== "GET" && { "x-csrf-token": boot.csrf, origin: url }),
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return JSON.parse(text) as T;
    },
    sees: (says, fits) =>
      found(says, () => {
        const calls = told.filter(({ event }) => event === "phone.ringing" || event === "phone.state");
        return calls.map(({ payload }) => payload as unknown as PhoneCall).findLast(fits);
      }),
    hears: (event, fits) =>
      found(event, () => told.findLast((one) => one.event === event && fits(one.payload))?.payload),
    reads: (says, fits) =>
      found(says, () =>
        told
          .filter(({ event }) => event === "frame")
          .flatMap(({ payload }) => (payload as unknown as Frame).changes)
          .flatMap((change) => change.messages)
          .findLast(fits),
      ),
    startPhone: async () => {
      const { sdp } = await ask("phone.start", {});
      const peer = await openWebPeer(sdp);
      peers.push(peer);
      await ask("phone.answer", { sdp: peer.answer });
      await peer.connected;
      await found("audio connected", () =>
        told.find(({ event, payload }) => event === "phone.media" && payload["state"] === "connected"),
      );
      return peer;
    },
    leave: () => {
      socket.disconnect();
      for (const peer of peers) void peer.close();
    },
  };
};
