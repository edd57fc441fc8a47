import type { DeskNamespace, DeskSocket } from "./desk-io.ts";

const sizeOf = (packet: unknown): number =>
  typeof packet === "object" && packet !== null && "data" in packet && typeof packet.data === "string"
    ? packet.data.length
    : 0;

const webSocketOf = (socket: DeskSocket): object => {
  const transport: object = socket.conn.transport;
  const ws: unknown = "socket" in transport ? transport.socket : undefined;
  return typeof ws === "object" && ws !== null ? ws : {};
};

/** How far behind a client is: what the kernel did not take yet and what engine.io still holds. */
const backlog = (socket: DeskSocket): { bytes: number; packets: number } => {
  const ws = webSocketOf(socket);
  const sending = "bufferedAmount" in ws && typeof ws.bufferedAmount === "number" ? ws.bufferedAmount : 0;
  const conn: object = socket.conn;
  const held: readonly unknown[] = "writeBuffer" in conn && Array.isArray(conn.writeBuffer) ? conn.writeBuffer : [];
  return { bytes: held.reduce<number>((sum, packet) => sum + sizeOf(packet), sending), packets: held.length };
};

const terminate = (socket: DeskSocket): void => {
  const ws = webSocketOf(socket);
  // A closing handshake would wait behind everything the client does not read.
  if ("terminate" in ws && typeof ws.terminate === "function") ws.terminate();
};

/** Ends clients that cannot keep up before they cost the hub its memory. They come back and resume by cursor. */
export const dropSlow = (input: { desk: DeskNamespace; bytes: number; packets: number }): number => {
  let dropped = 0;
  for (const socket of input.desk.sockets.values()) {
    const behind = backlog(socket);
    if (behind.bytes <= input.bytes && behind.packets <= input.packets) continue;
    dropped += 1;
    socket.emit("bye", { reason: "too-slow" });
    socket.disconnect(true);
    terminate(socket);
  }
  return dropped;
};
