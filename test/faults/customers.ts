import { createHmac } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";

/** What was said, in the order it was said, by thread: the truth the database is compared with. */
export interface Told {
  readonly channel: string;
  readonly thread: string;
  readonly texts: string[];
}

export interface Customer {
  readonly told: Told;
  /** Says one more numbered thing and repeats it, with the same id, until the hub acknowledges it. */
  say(): Promise<void>;
  /** Cuts the line as a network does; the next `say` has to survive it. */
  cut(): void;
  close(): void;
}

/** The hub limits how fast a visitor may write and ask; one who hammers is refused before anything is reached. */
const visitorPaceMs = 350;

/** How long a customer waits before repeating what was not acknowledged. Bounded by the test's own time limit. */
const again = () => pause(40);

/** A customer behind a signed webhook. */
export const loopbackCustomer = (input: {
  readonly url: string;
  readonly hookPath: string;
  readonly hookSecret: string;
  readonly thread: string;
}): Customer => {
  const told: Told = { channel: "loopback", thread: input.thread, texts: [] };
  const post = async (body: string): Promise<boolean> => {
    try {
      const answer = await fetch(`${input.url}${input.hookPath}`, {
        method: "POST",
        body,
        signal: AbortSignal.timeout(10_000),
        headers: {
          "content-type": "application/json",
          "x-signature-256": `sha256=${createHmac("sha256", input.hookSecret).update(body).digest("hex")}`,
        },
      });
      await answer.arrayBuffer();
      return answer.status === 200;
    } catch {
      // A dead hub; a channel delivers again.
      return false;
    }
  };
  return {
    told,
    say: async () => {
      const text = `in ${input.thread} ${told.texts.length}`;
      told.texts.push(text);
      const body = JSON.stringify({
        messages: [
          {
            id: text,
            thread: input.thread,
            from: { id: input.thread, name: input.thread },
            text,
            at: new Date().toISOString(),
            // Now and then with a file, so that the file store's instants are met too.
            attachments:
              told.texts.length % 5 === 0
                ? [{ name: "note.txt", mimeType: "text/plain", content: Buffer.from(text).toString("base64") }]
                : [],
          },
        ],
      });
      while (!(await post(body))) await again();
    },
    cut: () => undefined,
    close: () => undefined,
  };
};

/** A customer who writes letters: the mail server takes them whatever the hub does. */
export const mailCustomer = (input: {
  readonly deliver: (mail: { readonly from: string; readonly subject: string; readonly text: string }) => Promise<void>;
  readonly name: string;
}): Customer => {
  const told: Told = { channel: "email", thread: input.name, texts: [] };
  return {
    told,
    say: async () => {
      const text = `mail ${input.name} ${told.texts.length}`;
      told.texts.push(text);
      await input.deliver({ from: `Mail ${input.name} <${input.name}@customer.test>`, subject: text, text });
      await pause(visitorPaceMs);
    },
    cut: () => undefined,
    close: () => undefined,
  };
};

interface HelloAnswer {
  readonly ok: boolean;
  readonly value?: { readonly token?: string };
}

/** A visitor of the chat widget. */
export const chatVisitor = (input: {
  readonly url: string;
  readonly account: string;
  readonly name: string;
}): Customer => {
  const told: Told = { channel: "chat", thread: input.name, texts: [] };
  let token: string | undefined;
  const socket: Socket = io(`${input.url}/visitor`, {
    // One line each: a shared one would carry the agent and the visitor together.
    forceNew: true,
    transports: ["websocket"],
    auth: { account: input.account },
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
  });
  const ask = async (event: string, payload: unknown): Promise<HelloAnswer | undefined> => {
    try {
      return (await socket.timeout(3_000).emitWithAck("ask", event, payload)) as HelloAnswer;
    } catch {
      return undefined;
    }
  };
  const greeted = { socketId: "" };
  const greet = async (): Promise<boolean> => {
    if (!socket.connected || socket.id === undefined) return false;
    if (greeted.socketId === socket.id) return true;
    const { id } = socket;
    const answer = await ask("hello", { lang: "cs", ...(token !== undefined && { token }) });
    if (answer?.ok !== true) return false;
    token = answer.value?.token ?? token;
    greeted.socketId = id;
    return true;
  };
  return {
    told,
    say: async () => {
      const text = `chat ${input.name} ${told.texts.length}`;
      told.texts.push(text);
      const payload = { id: `c-${input.name}-${String(told.texts.length).padStart(8, "0")}`, text };
      for (;;) {
        if (await greet()) {
          const answer = await ask("send", payload);
          if (answer?.ok === true) {
            await pause(visitorPaceMs);
            return;
          }
        }
        await pause(visitorPaceMs);
      }
    },
    cut: () => {
      socket.io.engine.close();
    },
    close: () => socket.close(),
  };
};
