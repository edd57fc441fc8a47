/**
 * A Socket.IO client of one namespace over WebSocket alone (Engine.IO 4, Socket.IO protocol 5): events, acknowledgements,
 * heartbeat, jittered reconnect. What was missed is fetched again by cursor, so no state is recovered here.
 */

export interface Refusal {
  readonly code: string;
  readonly says: string;
}

/** "closed" and "timeout" are ours: whether the question arrived is not known. */
export class Refused extends Error {
  readonly code: string;
  constructor(refusal: Refusal) {
    super(refusal.says);
    this.code = refusal.code;
  }
}

export interface Socket {
  ask(event: string, payload: unknown): Promise<unknown>;
  /** Tries now instead of at the end of the pause: the network came back, the tab was opened. */
  hurry(): void;
  /** Ends this connection and makes a new one. */
  restart(): void;
  close(): void;
}

interface Options {
  readonly url: string;
  readonly namespace: string;
  readonly auth: object;
  readonly up: () => void;
  readonly down: () => void;
  readonly told: (event: string, payload: unknown) => void;
  readonly answerWithinMs?: number;
}

interface Waiting {
  readonly settle: (answer: unknown) => void;
  readonly fail: (why: Refused) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

const unknownAnswer: Refusal = { code: "failed", says: "no answer" };

export const connect = (options: Options): Socket => {
  const { url, namespace, auth, answerWithinMs = 10_000 } = options;
  const waiting = new Map<number, Waiting>();
  let ws: WebSocket | undefined;
  let joined = false;
  let ended = false;
  let tries = 0;
  let next = 0;
  let heartbeat: ReturnType<typeof setTimeout> | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;

  const fail = (id: number, code: string): void => {
    const asked = waiting.get(id);
    if (!asked) return;
    clearTimeout(asked.timer);
    waiting.delete(id);
    asked.fail(new Refused({ code, says: code }));
  };

  const gone = (socket: WebSocket): void => {
    if (socket !== ws) return;
    clearTimeout(heartbeat);
    ws = undefined;
    if (joined) {
      joined = false;
      options.down();
    }
    for (const id of waiting.keys()) fail(id, "closed");
    if (ended) return;
    const wait = Math.min(30_000, 500 * 2 ** Math.min(tries, 6)) * (0.5 + Math.random() / 2);
    tries += 1;
    pause = setTimeout(open, wait);
  };

  /** Half-open connections give no sign: no ping in time means it is dead. */
  const alive = (socket: WebSocket, ms: number): void => {
    clearTimeout(heartbeat);
    heartbeat = setTimeout(() => {
      socket.close();
      gone(socket);
    }, ms);
  };

  const packet = (text: string): void => {
    const [, kind, , id, body = ""] = /^(\d)(\/[^,]*,)?(\d*)([\s\S]*)$/.exec(text) ?? [];
    if (kind === "0") {
      joined = true;
      tries = 0;
      options.up();
    } else if (kind === "2") {
      const [event, payload] = JSON.parse(body) as [string, unknown];
      options.told(event, payload);
    } else if (kind === "3") {
      const asked = waiting.get(Number(id));
      if (!asked) return;
      clearTimeout(asked.timer);
      waiting.delete(Number(id));
      const [answer] = JSON.parse(body) as [{ ok?: boolean; value?: unknown; refusal?: Refusal } | undefined];
      if (answer?.ok) asked.settle(answer.value);
      else asked.fail(new Refused(answer?.refusal ?? unknownAnswer));
    } else if (kind === "1" || kind === "4") ws?.close();
  };

  const open = (): void => {
    clearTimeout(pause);
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`);
    ws = socket;
    let patience = 20_000;
    alive(socket, patience);
    socket.addEventListener("close", () => gone(socket));
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string" || socket !== ws) return;
      alive(socket, patience);
      if (data.startsWith("0")) {
        const { pingInterval, pingTimeout } = JSON.parse(data.slice(1)) as {
          pingInterval: number;
          pingTimeout: number;
        };
        patience = pingInterval + pingTimeout;
        alive(socket, patience);
        socket.send(`40${namespace},${JSON.stringify(auth)}`);
      } else if (data === "2") socket.send("3");
      else if (data.startsWith("4")) packet(data.slice(1));
    });
  };

  open();
  return {
    ask: (event, payload) =>
      new Promise((settle, reject) => {
        if (!joined || !ws) {
          reject(new Refused({ code: "closed", says: "closed" }));
          return;
        }
        const id = next++;
        waiting.set(id, { settle, fail: reject, timer: setTimeout(() => fail(id, "timeout"), answerWithinMs) });
        ws.send(`42${namespace},${id}${JSON.stringify(["ask", event, payload])}`);
      }),
    hurry() {
      if (!ws && !ended) {
        tries = 0;
        open();
      }
    },
    restart() {
      tries = 0;
      if (ws) ws.close();
      else if (!ended) open();
    },
    close() {
      ended = true;
      clearTimeout(pause);
      ws?.close();
    },
  };
};
