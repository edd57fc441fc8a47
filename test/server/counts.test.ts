import { once } from "node:events";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { expect, onTestFinished, test } from "vitest";
import { userScope } from "#core/scope";
import type { DeskNamespace } from "../../src/server/live/desk-io.ts";
import { makeRecount } from "../../src/server/live/counts.ts";
import { userRoom } from "../../src/server/live/rooms.ts";

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

test("an agent whose counts cannot be read holds up nobody else's, and gets theirs when they can", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const hub = new Server(server, { transports: ["websocket"] });
  onTestFinished(() => hub.close());
  const desk: DeskNamespace = hub.of("/");
  desk.on("connection", (socket) => {
    const id = String(socket.handshake.auth["id"]);
    const scope = userScope({ actor: { type: "user", id, name: id }, grants: new Map() });
    Object.assign(socket.data, { session: { userId: id }, scope });
    void socket.join(userRoom(id));
    socket.emit("bye", { reason: "server-stopping" });
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  const told: string[] = [];
  const arrived = new Map(["first", "second", "third"].map((id) => [id, Promise.withResolvers<void>()]));
  for (const id of arrived.keys()) {
    const socket = io(`http://127.0.0.1:${address.port}`, { transports: ["websocket"], forceNew: true, auth: { id } });
    onTestFinished(() => void socket.close());
    const joined = new Promise((resolve) => socket.once("bye", resolve));
    socket.on("counts", () => {
      told.push(id);
      arrived.get(id)?.resolve();
    });
    await joined;
  }
  let failures = 1;
  const recount = makeRecount({
    desk,
    log: quiet,
    read: async ({ actor }) => {
      if (actor.id === "first" && failures-- > 0) throw new Error("the database is away");
      return { mine: 0, unassigned: 0, all: 0, snoozed: 0 };
    },
  });
  onTestFinished(() => recount.stop());
  for (const id of arrived.keys()) recount.user(id);
  await Promise.all([...arrived.values()].map(({ promise }) => promise));
  expect([...told.slice(0, 2).toSorted(), ...told.slice(2)]).toEqual(["second", "third", "first"]);
});
