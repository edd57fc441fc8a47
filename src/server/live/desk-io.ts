import type { IncomingMessage } from "node:http";
import type { DefaultEventsMap, Namespace, Server, Socket } from "socket.io";
import type { Scope } from "#core/scope";
import type { Asked, Told } from "#wire";
import type { LiveSession } from "#store/sessions";

/** Where a conversation is, as far as rights go. */
export interface Place {
  readonly tenantId: string;
  readonly queueId: string | null;
}

/** What the server knows of one desk socket. */
interface DeskData {
  session: LiveSession;
  scope: Scope;
  /** Conversations whose room the socket is in. */
  opened: Set<string>;
  /** Epoch milliseconds of the last question: keeps the session from idling out. */
  askedAt: number;
}

export type DeskIo = Server<Asked, Told, DefaultEventsMap, DeskData>;
export type DeskNamespace = Namespace<Asked, Told, DefaultEventsMap, DeskData>;
export type DeskSocket = Socket<Asked, Told, DefaultEventsMap, DeskData>;

/** Who stands behind a handshake, found out before socket.io sees it. */
interface Caller {
  readonly ip: string;
  readonly session: LiveSession | null;
}
export type Callers = WeakMap<IncomingMessage, Caller>;

export const socketsIn = (desk: DeskNamespace, room: string): DeskSocket[] =>
  [...(desk.adapter.rooms.get(room) ?? [])].flatMap((id) => desk.sockets.get(id) ?? []);
