import { calls, type CallName, fromChild, type FromChild, type Takes, toChild } from "../protocol.ts";
import { refusalOf, wordsOf } from "./errors.ts";
import { type Session, startSession } from "./session.ts";

/** The process of one account: what the library breaks, breaks here. */
let session: Session | undefined;

const send = (message: FromChild): void => {
  // The parent may be gone; then so are we in a moment.
  if (process.connected) process.send?.(fromChild.parse(message), () => undefined);
};

const leave = async (): Promise<void> => {
  await session?.stop("asked", "");
  // What was told last is on its way.
  setTimeout(() => process.exit(0), 50);
};

const answer = async (running: Session, no: number, name: CallName, input: unknown): Promise<void> => {
  try {
    const named = (stanza: string): void => send({ type: "named", no, stanza });
    // By the schema of the same name.
    const read = calls[name].takes.parse(input) as Takes<typeof name>;
    send({ type: "answer", no, ok: true, value: await running.call(name, read, named) });
  } catch (thrown) {
    const { code, message, retryAfterMs } = refusalOf(thrown);
    send({ type: "answer", no, ok: false, code, says: message, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  }
};

const run = async (message: unknown): Promise<void> => {
  const read = toChild.parse(message);
  if (read.type === "stop") return leave();
  if (read.type === "begin")
    session ??= await startSession(read, (told) => {
      send(told);
      if (told.type === "ended") void leave();
    });
  else if (session !== undefined) await answer(session, read.no, read.name, read.input);
};

// whatsapp-web.js 1.34.7 leaves rejections behind when the page goes away while it is being prepared.
const broken = (thrown: unknown): void =>
  session?.fact({ type: "broken", says: `whatsapp-web.js failed: ${wordsOf(thrown)}` });

process.on("message", (message) => {
  run(message).catch((thrown: unknown) => {
    send({ type: "ended", why: "failed", says: wordsOf(thrown) });
    process.exit(1);
  });
});
process.on("disconnect", () => void leave());
process.on("unhandledRejection", broken);
process.on("uncaughtException", broken);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void leave());
