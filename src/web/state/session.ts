import type { Asks, Gives, News, Question, Told, Answer } from "#wire";
import { createValue, type Value } from "./value.ts";
import { Refused, unavailable, type Ask } from "./refused.ts";

/** The part of a socket.io client the session uses. */
export interface Line {
  readonly connected: boolean;
  readonly connect: () => void;
  readonly disconnect: () => void;
  readonly on: (event: string, listener: (payload: never) => void) => void;
  readonly emit: (event: string, takes: unknown, answer: (answer: never) => void) => void;
}

export type Ending = "expired" | "logged-out" | "revoked";

/** `since` (epoch ms): when the state began. "catching-up" = connected again, missed changes are still coming. */
export type LinkState =
  | { readonly state: "connecting" | "online" | "catching-up" | "lost"; readonly since: number }
  | { readonly state: "ended"; readonly since: number; readonly reason: Ending };

export interface Session {
  readonly link: Value<LinkState>;
  readonly ask: Ask;
  readonly on: <E extends News>(event: E, listener: Told[E]) => void;
  readonly start: () => void;
  readonly stop: () => void;
}

/**
 * One live line to the hub. On every connect but the first it asks `catchUp` and is "online" only when that is done.
 * A question without an answer in `answerMs` is refused as "unavailable"; the caller decides whether to repeat it.
 */
export const createSession = (input: {
  readonly line: Line;
  readonly now: () => number;
  readonly catchUp: (first: boolean) => Promise<void>;
  readonly answerMs?: number;
}): Session => {
  const { line, now, catchUp, answerMs = 10_000 } = input;
  const link = createValue<LinkState>({ state: "connecting", since: now() });
  const waiting = new Set<(refused: Refused) => void>();
  let first = true;
  let turn = 0;

  const move = (state: "connecting" | "online" | "catching-up" | "lost") => {
    if (link.get().state !== "ended") link.set({ state, since: now() });
  };

  const end = (reason: Ending) => {
    link.set({ state: "ended", since: now(), reason });
    line.disconnect();
  };

  const ask: Ask = <Q extends Question>(question: Q, takes: Asks<Q>) =>
    new Promise<Gives<Q>>((resolve, reject) => {
      if (!line.connected) {
        reject(unavailable("not connected"));
        return;
      }
      const give = (refused: Refused) => {
        clearTimeout(timer);
        waiting.delete(give);
        reject(refused);
      };
      const timer = setTimeout(() => give(unavailable(`no answer to ${question}`)), answerMs);
      waiting.add(give);
      line.emit(question, takes, (answer: Answer<Gives<Q>>) => {
        clearTimeout(timer);
        waiting.delete(give);
        if (answer.ok) resolve(answer.value);
        else reject(new Refused(answer.refusal));
      });
    });

  const connected = async () => {
    turn += 1;
    const mine = turn;
    const wasFirst = first;
    move(wasFirst ? "connecting" : "catching-up");
    try {
      await catchUp(wasFirst);
    } catch {
      if (mine !== turn) return;
      if (line.connected) {
        line.disconnect();
        line.connect();
      }
      return;
    }
    if (mine !== turn || !line.connected) return;
    first = false;
    move("online");
  };

  line.on("connect", () => void connected());
  line.on("disconnect", (reason: string) => {
    turn += 1;
    for (const give of waiting) give(unavailable("connection lost"));
    move("lost");
    // socket.io does not come back by itself after the server closed the line
    if (reason === "io server disconnect" && link.get().state !== "ended") line.connect();
  });
  line.on("connect_error", (error: Error) => {
    if (error.message === "unauthorized") end("expired");
    else move("lost");
  });
  line.on("bye", (payload: Parameters<Told["bye"]>[0]) => {
    if (payload.reason !== "server-stopping" && payload.reason !== "too-slow") end(payload.reason);
  });

  return {
    link,
    ask,
    on: (event, listener) => line.on(event, listener),
    start: () => line.connect(),
    stop: () => line.disconnect(),
  };
};
