import { createServer, type Socket } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export interface SentLetter {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: Buffer;
}

export interface FakeSmtp {
  readonly port: number;
  readonly letters: readonly SentLetter[];
  stop(): Promise<void>;
}

/** An SMTP refusal, as smtp-server wants it. */
export const refusal = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode });

/** A real SMTP server that keeps what it is given. `options` replace its manners (onRcptTo, onData, size ...). */
export const startSmtp = async (
  options: SMTPServerOptions & { readonly take?: (letter: SentLetter) => Promise<void> } = {},
): Promise<FakeSmtp> => {
  const letters: SentLetter[] = [];
  const { take, ...manners } = options;
  const server = new SMTPServer({
    logger: false,
    disabledCommands: ["STARTTLS"],
    authOptional: true,
    allowInsecureAuth: true,
    onAuth: (auth, _, done) => done(null, { user: auth.username }),
    onData: (stream, session, reply) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const from = session.envelope.mailFrom === false ? "" : session.envelope.mailFrom.address;
        const to = session.envelope.rcptTo.map(({ address }) => address);
        const letter = { from, to, raw: Buffer.concat(chunks) };
        letters.push(letter);
        (take?.(letter) ?? Promise.resolve()).then(
          () => reply(null, "queued"),
          (error: unknown) => reply(error instanceof Error ? error : new Error(String(error))),
        );
      });
    },
    ...manners,
  });
  server.on("error", () => undefined);
  const port = await new Promise<number>((resolve) => {
    const listening = server.listen(0, "127.0.0.1", () => {
      const address = listening.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return { port, letters, stop: () => new Promise((resolve) => server.close(() => resolve())) };
};

/** What a scripted server does on a command; "taken" is the final dot of a letter. */
export type Script = (command: string, socket: Socket) => "drop" | "silence" | undefined;

/** A server that speaks just enough SMTP to be cut off at an exact point of the dialogue. */
export const startScriptedSmtp = async (script: Script): Promise<FakeSmtp> => {
  const letters: SentLetter[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    socket.write("220 scripted ESMTP\r\n");
    let inData = false;
    let body = "";
    let rest = "";
    const answer = (command: string, reply: string): void => {
      const does = script(command, socket);
      if (does === "drop") socket.destroy();
      else if (does === undefined) socket.write(`${reply}\r\n`);
    };
    socket.on("data", (chunk: Buffer) => {
      rest += chunk.toString("latin1");
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (inData && line !== ".") body += `${line}\r\n`;
        else if (inData) {
          inData = false;
          letters.push({ from: "", to: [], raw: Buffer.from(body, "latin1") });
          answer("taken", "250 queued");
        } else if (/^DATA/i.test(line)) {
          inData = true;
          answer("DATA", "354 go ahead");
        } else answer(line.slice(0, 4).toUpperCase(), "250 ok");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    letters,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
};
