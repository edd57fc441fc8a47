import type { Socket } from "socket.io";
import { type Answer, asked as wire, type Gives, type phoneAsked, type Question, type Takes } from "#wire";
import { Refusal } from "./fake-memory.ts";

/** Questions of the telephone are answered by the fake phone. */
type Answered = Exclude<Question, keyof typeof phoneAsked>;
export type Handlers = { [Q in Answered]: (socket: Socket, takes: Takes<Q>) => Gives<Q> };

/** Answers a socket's questions by the wire; `failing` makes the next of a kind be refused with a code. */
export const bindQuestions = (input: {
  readonly socket: Socket;
  readonly handlers: Handlers;
  readonly asked: { question: string; takes: unknown }[];
  readonly failing: ReadonlyMap<string, string>;
}): void => {
  const { socket, handlers, asked, failing } = input;
  for (const question of Object.keys(handlers) as Answered[]) {
    const listener = (takes: never, reply: (answer: Answer<unknown>) => void) => {
      asked.push({ question, takes });
      try {
        const code = failing.get(question);
        if (code !== undefined) throw new Refusal(code);
        reply({
          ok: true,
          value: (handlers[question] as (socket: Socket, takes: unknown) => unknown)(
            socket,
            wire[question].takes.parse(takes),
          ),
        });
      } catch (thrown) {
        const refused = thrown instanceof Refusal ? thrown : new Refusal("failed");
        reply({ ok: false, refusal: { code: refused.code as "failed", says: refused.code, data: refused.data } });
      }
    };
    socket.on(question, listener as never);
  }
};
