import { WebSocket } from "ws";

/**
 * A desk reduced to its wire: engine.io 4 text frames over one websocket. Cheap enough to hold 1,500 in the
 * generator's process, which the full client is not.
 */
export interface Desk {
  ask(question: string, payload: unknown): Promise<unknown>;
  close(): void;
}

export const openDesk = (input: {
  readonly url: string;
  readonly cookie: string;
  readonly onFrame: (frame: string) => void;
}): Promise<Desk> => {
  const target = `${input.url.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`;
  const socket = new WebSocket(target, {
    perMessageDeflate: false,
    headers: { cookie: input.cookie, origin: input.url },
  });
  const waiting = new Map<number, (value: unknown) => void>();
  let asked = 0;
  const desk: Desk = {
    ask: (question, payload) =>
      new Promise((resolve) => {
        const id = asked++;
        waiting.set(id, resolve);
        socket.send(`42${id}${JSON.stringify([question, payload])}`);
      }),
    close: () => socket.close(),
  };
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (data: Buffer) => {
      const text = data.toString("utf8");
      if (text.startsWith("0")) socket.send("40");
      else if (text === "2") socket.send("3");
      else if (text.startsWith("40")) resolve(desk);
      else if (text.startsWith("44")) reject(new Error(`refused: ${text.slice(2, 200)}`));
      else if (text.startsWith('42["frame"')) input.onFrame(text);
      else if (text.startsWith("43")) {
        const start = text.indexOf("[");
        const id = Number(text.slice(2, start));
        waiting.get(id)?.((JSON.parse(text.slice(start)) as unknown[])[0]);
        waiting.delete(id);
      }
    });
  });
};
