import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { threadKey } from "#contract";
import { openSide, sdp } from "../connectors/phone/sip/pair.ts";
import type { Bench, Customer, Side } from "./bench.ts";

/** An operator's switch as far as a trunk sees it at rest: it answers OPTIONS and REGISTER over TCP. */
const startSwitch = async () => {
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const request = text.slice(0, end);
        text = text.slice(end + 4);
        if (request.startsWith("SIP/2.0") || request.startsWith("ACK")) continue;
        const copied = request.split("\r\n").filter((line) => /^(?:via|from|to|call-id|cseq|contact):/i.test(line));
        const tagged = copied.map((line) => (/^to:/i.test(line) ? `${line};tag=switch` : line));
        socket.write(`SIP/2.0 200 OK\r\n${tagged.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
      }
    });
  };
  let server: Server;
  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server = createServer(serve);
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  const port = await listen(0);
  const drop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port, drop, restore: () => listen(port) };
};

const passwordOf: Record<Side, string> = { a: "trunk password of a", b: "trunk password of b" };

export const bench: Bench = {
  bad: [
    { numbers: ["???"] },
    { sources: ["everybody"] },
    { hours: ["always"] },
    { phonePassword: "short" },
    { server: "sip://operator" },
    { menus: ["main press 1"] },
  ],
  patienceMs: 15_000,
  async start() {
    const operator = await startSwitch();
    const phone = await openSide({});
    const folders = new Map<Side, string>();
    const settingsOf = (side: Side) => ({
      server: `127.0.0.1:${operator.port}`,
      transport: "tcp",
      register: false,
      user: `hub-${side}`,
      password: passwordOf[side],
      phoneUser: `softphone-${side}`,
      phonePassword: `softphone password of ${side}`,
      tlsKey: `key of ${side}, without its certificate it is not used`,
      listenPort: 0,
      rtpFrom: 43_000,
      rtpTo: 44_998,
      keepAliveSeconds: 1,
    });
    return {
      settings: { a: settingsOf("a"), b: settingsOf("b") },
      folder: async (side) => {
        const made = folders.get(side) ?? (await mkdtemp(path.join(tmpdir(), "linka-phone-")));
        folders.set(side, made);
        return made;
      },
      customer: async (_, name): Promise<Customer> => ({
        to: { thread: threadKey(`call:${name}`), to: [] },
        // Nobody waits for an answer: what a caller brings is judged where a whole hub answers.
        writes: async () => {
          phone.ua.invite({ target: `sip:800@127.0.0.1:${operator.port}`, sdp: sdp(), from: { number: "1" } });
          return { again: async () => undefined };
        },
        received: async () => [],
        refusals: [],
      }),
      drop: operator.drop,
      restore: async () => void (await operator.restore()),
      stop: async () => {
        await phone.stop();
        await operator.drop();
        await Promise.all([...folders.values()].map((folder) => rm(folder, { recursive: true, force: true })));
      },
    };
  },
};
