import type { Log } from "#core/log";
import type { ConversationRecord, Publisher, StoredChange } from "#core/records";
import { seesQueue } from "#core/scope";
import type { Change, ConversationRow } from "#wire";
import type { FileLinks } from "#store/links";
import { presentGone, presentMessage, presentRow } from "../present/conversation.ts";
import { type DeskNamespace, type DeskSocket, type Place, socketsIn } from "./desk-io.ts";
import type { Frames } from "./frames.ts";
import type { PresenceBook } from "./presence.ts";
import { audiences, conversationRoom, queueRoom } from "./rooms.ts";
import type { Audience } from "../present/classes.ts";

/** Where conversations are, as last seen: rights of presence and of open rooms are checked without a query. */
export type Places = Map<string, Place>;

export interface DeskPublisher {
  changes(changes: readonly StoredChange[]): void;
  customerTyping: Publisher["customerTyping"];
  presenceChanged(conversationId: string): void;
}

const wholeStep = (change: StoredChange, audience: Audience, links: FileLinks): Change => ({
  prev: change.prev,
  row: presentRow(change.row, audience),
  messages: change.messages.map((message) => presentMessage({ message, audience, links })),
});

/** A row without its messages claims no step: who holds the conversation sees a gap and asks. */
const rowAlone = (row: ConversationRow): Change => ({ prev: row.version, row, messages: [] });

/** Brings committed changes to the rooms that may see them, presented once for each audience that is there. */
export const makeDeskPublisher = (input: {
  readonly desk: DeskNamespace;
  readonly frames: Frames;
  readonly presence: PresenceBook;
  readonly places: Places;
  readonly links: FileLinks;
  readonly log: Log;
  /** Somebody no longer sees an open conversation. */
  readonly evict: (socket: DeskSocket) => void;
  /** Counts of the sockets in these rooms may have changed. */
  readonly recount: (rooms: readonly string[]) => void;
}): DeskPublisher => {
  const { desk, frames, presence, places, links } = input;
  const has = (room: string): boolean => desk.adapter.rooms.has(room);
  // What of a row decides in which view it is; counts are asked again only when this changes.
  const shelves = new Map<string, string>();

  const movedShelf = (row: ConversationRecord): boolean => {
    const shelf = `${row.status} ${row.assigneeId} ${row.queueId}`;
    const before = shelves.get(row.id);
    shelves.delete(row.id);
    shelves.set(row.id, shelf);
    if (shelves.size > 50_000)
      for (const oldest of shelves.keys()) {
        shelves.delete(oldest);
        break;
      }
    return before !== shelf;
  };

  const evictBlind = (row: ConversationRecord): void => {
    for (const audience of audiences)
      for (const socket of socketsIn(desk, conversationRoom(row.id, audience)))
        if (!seesQueue(socket.data.scope, row.tenantId, row.queueId)) input.evict(socket);
  };

  const one = (change: StoredChange): void => {
    const { row, formerQueueId } = change;
    const moved = formerQueueId !== undefined && formerQueueId !== row.queueId;
    if (places.has(row.id)) places.set(row.id, { tenantId: row.tenantId, queueId: row.queueId });
    if (moved) evictBlind(row);
    const rooms: string[] = [];
    for (const audience of audiences) {
      const inside = conversationRoom(row.id, audience);
      const isOpen = has(inside);
      if (isOpen) frames.change({ room: inside }, wholeStep(change, audience, links));
      // Who has it open gets the whole step alone: a row first would look like a gap.
      const except = isOpen ? { except: [inside] } : {};
      let step: Change | undefined;
      for (const queueId of [row.queueId, "all"] as const) {
        const room = queueRoom(row.tenantId, queueId, audience);
        if (!has(room)) continue;
        rooms.push(room);
        frames.change({ room, ...except }, (step ??= rowAlone(presentRow(row, audience))));
      }
      const former = moved ? queueRoom(row.tenantId, formerQueueId, audience) : "";
      if (moved && has(former)) {
        rooms.push(former);
        const gone = rowAlone(presentGone(row, audience));
        frames.change({ room: former, except: [queueRoom(row.tenantId, row.queueId, audience), inside] }, gone);
      }
    }
    if (rooms.length > 0 && movedShelf(row)) input.recount(rooms);
  };

  const presenceChanged = (conversationId: string): void => {
    const state = presence.of(conversationId);
    const place = places.get(conversationId);
    // A client company's viewer is not told who of the agents looks.
    for (const audience of ["normal", "restricted"] as const) {
      const inside = conversationRoom(conversationId, audience);
      if (has(inside)) frames.presence({ room: inside }, state);
      if (place === undefined) continue;
      for (const queueId of [place.queueId, "all"] as const) {
        const room = queueRoom(place.tenantId, queueId, audience);
        if (has(room)) frames.presence({ room, ...(has(inside) ? { except: [inside] } : {}) }, state);
      }
    }
  };

  return {
    presenceChanged,
    customerTyping: ({ conversationId, active }) => {
      if (presence.customerTyping({ conversationId, active })) presenceChanged(conversationId);
    },
    changes: (changes) => {
      for (const change of changes) {
        try {
          one(change);
        } catch (thrown) {
          // The change is stored; clients that miss it see the gap with the next one and ask.
          input.log.error({ err: thrown, conversationId: change.row.id }, "a change could not be shown");
        }
      }
    },
  };
};
