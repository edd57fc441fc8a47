import type { Asks, Gives, News, Question, Told, Answer } from "#wire";
import { createValue, type Value } from "./value.ts";
import { Refused, unavailable, type Ask } from "./refused.ts";

/** The part of a socket.io client the session uses. */
export interface Line {
  readonly connected: boolean;
  /** Whether the client will try again by itself: not after the hub refused or closed the line. */
  readonly active: boolean;
  readonly connect: () => void;
  readonly disconnect: () => void;
  readonly on: (event: string, listener: (payload: never) => void) => void;
  readonly emit: (event: string, takes: unknown, answer: (answer: never) => void) => void;
}

type Ending = "expired" | "logged-out" | "revoked";

/** `since` (epoch ms): when the line went up or down. "catching-up" = connected again, missed changes are still coming. */
type LinkState =
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
  readonly retryMs?: number;
}): Session => {
  const { line, now, catchUp, answerMs = 10_000, retryMs = 1_500 } = input;
  const link = createValue<LinkState>({ state: "connecting", since: now() });
  const waiting = new Set<(refused: Refused) => void>();
  let first = true;
  let turn = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const move = (state: "connecting" | "online" | "catching-up" | "lost") => {
    const before = link.get();
    if (before.state === "ended") return;
    // a failed try or a step on the way back does not start the outage anew
    const turned = state === "online" || before.state === "online";
    link.set({ state, since: turned ? now() : before.since });
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

  /** Tries again where the client would not; at different moments on different desks. */
  const again = () => {
    if (line.active || link.get().state === "ended") return;
    clearTimeout(retry);
    retry = setTimeout(() => line.connect(), retryMs * (0.75 + Math.random() / 2));
  };

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
    if (reason === "io server disconnect") again();
  });
  line.on("connect_error", (error: Error) => {
    if (error.message === "unauthorized") end("expired");
    else {
      move("lost");
      again();
    }
  });
  line.on("bye", (payload: Parameters<Told["bye"]>[0]) => {
    if (payload.reason !== "server-stopping" && payload.reason !== "too-slow") end(payload.reason);
  });

  return {
    link,
    ask,
    on: (event, listener) => line.on(event, listener),
    start: () => line.connect(),
    stop: () => {
      clearTimeout(retry);
      line.disconnect();
    },
  };
};
