import { connect, type Socket } from "node:net";
import { now } from "./stats.ts";

export interface LoadResult {
  readonly accepted: number;
  readonly refused: number;
  readonly seconds: number;
  /** Milliseconds from the first byte written to the answer's last byte, of accepted requests. */
  readonly latenciesMs: readonly number[];
}

export interface Request {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One HTTP/1.1 request as bytes. A raw socket keeps the generator several times cheaper than node's own client. */
const encode = (request: Request): Buffer => {
  const body = Buffer.from(request.body);
  const head = Object.entries({ ...request.headers, host: "127.0.0.1", "content-length": String(body.length) })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  return Buffer.concat([Buffer.from(`POST ${request.path} HTTP/1.1\r\n${head}\r\n`), body]);
};

/** A keep-alive connection that answers one request at a time with its status code. */
const openLane = async (port: number): Promise<{ send(bytes: Buffer): Promise<number>; close(): void }> => {
  const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let text = "";
  let settle: { resolve(status: number): void; reject(error: Error): void } | undefined;
  const fail = (error: Error): void => {
    settle?.reject(error);
    settle = undefined;
  };
  socket.on("error", fail).on("close", () => fail(new Error("connection closed")));
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1];
    const complete = length === undefined ? text.endsWith("0\r\n\r\n") : text.length >= end + 4 + Number(length);
    if (!complete) return;
    const status = Number(text.slice(9, 12));
    text = "";
    settle?.resolve(status);
    settle = undefined;
  });
  return {
    send: (bytes) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        socket.write(bytes);
      }),
    close: () => socket.destroy(),
  };
};

/** Closed loop: `senders` keep-alive connections, each sends its next request when the last is answered. */
export const closedLoop = async (input: {
  readonly port: number;
  readonly senders: number;
  readonly forMs: number;
  readonly next: () => Request;
}): Promise<LoadResult> => {
  const lanes = await Promise.all(Array.from({ length: input.senders }, () => openLane(input.port)));
  const latenciesMs: number[] = [];
  let refused = 0;
  const started = now();
  await Promise.all(
    lanes.map(async (lane) => {
      while (now() - started < input.forMs) {
        const bytes = encode(input.next());
        const sentAt = now();
        const status = await lane.send(bytes);
        if (status === 200) latenciesMs.push(now() - sentAt);
        else refused++;
      }
    }),
  );
  const seconds = (now() - started) / 1000;
  for (const lane of lanes) lane.close();
  return { accepted: latenciesMs.length, refused, seconds, latenciesMs };
};

/** Open loop: `perSec` requests a second on a fixed timetable, whatever the answers do. */
export const openLoop = async (input: {
  readonly port: number;
  readonly perSec: number;
  readonly forMs: number;
  readonly next: () => Request;
}): Promise<LoadResult> => {
  const lanes = await Promise.all(Array.from({ length: 64 }, () => openLane(input.port)));
  const free = [...lanes];
  const latenciesMs: number[] = [];
  const pending: Promise<void>[] = [];
  let refused = 0;
  const total = Math.round((input.perSec * input.forMs) / 1000);
  const started = now();
  for (let i = 0; i < total; i++) {
    const dueAt = started + (i * 1000) / input.perSec;
    const wait = dueAt - now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const lane = free.pop() ?? (await openLane(input.port));
    pending.push(
      (async () => {
        const status = await lane.send(encode(input.next()));
        if (status === 200) latenciesMs.push(now() - Math.max(dueAt, started));
        else refused++;
        free.push(lane);
      })(),
    );
  }
  await Promise.all(pending);
  const seconds = (now() - started) / 1000;
  for (const lane of free) lane.close();
  return { accepted: latenciesMs.length, refused, seconds, latenciesMs };
};
