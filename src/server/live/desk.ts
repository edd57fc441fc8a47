import type { z } from "zod";
import type { Log } from "#core/log";
import { seesQueue, type Scope } from "#core/scope";
import { asked, type Answer, type Gives, type Question, type Takes } from "#wire";
import type { FileLinks } from "#store/links";
import type { Limiter } from "../limiter.ts";
import { audienceOf } from "../present/classes.ts";
import { problemOf } from "../problems.ts";
import { type DeskNamespace, type DeskSocket, type Place, socketsIn } from "./desk-io.ts";
import type { Frames } from "./frames.ts";
import type { Places } from "./publish.ts";
import { audiences, conversationRoom, roomsOf, userRoom } from "./rooms.ts";

/** One handler for each question of the wire: none can be forgotten. */
export type Handlers = { [Q in Question]: (socket: DeskSocket, takes: Takes<Q>) => Promise<Gives<Q>> };

export const audienceIn = (scope: Scope, tenantId: string) => {
  const grant = scope.grants.get(tenantId);
  return grant === undefined ? "restricted" : audienceOf(grant);
};

/** Every question is parsed, answered once and never throws into socket.io. */
export const bindQuestions = (input: {
  readonly socket: DeskSocket;
  readonly handlers: Handlers;
  readonly limiter: Limiter;
  readonly links: FileLinks;
  readonly log: Log;
  readonly now: () => Date;
}): void => {
  const { socket, handlers, links, log } = input;
  const bind = (question: Question): void => {
    const schema: z.ZodType = asked[question].takes;
    // One handler of the map, its own question's answer: TypeScript cannot follow the pair through a variable.
    const handle = handlers[question] as (socket: DeskSocket, takes: unknown) => Promise<unknown>;
    const listener = async (raw: unknown, reply: unknown): Promise<void> => {
      if (typeof reply !== "function") return;
      const answer = reply as (given: Answer<unknown>) => void;
      socket.data.askedAt = input.now().getTime();
      if (!input.limiter.take(socket.id))
        return answer({ ok: false, refusal: { code: "rate-limited", says: "Too many questions: wait a moment." } });
      try {
        answer({ ok: true, value: await handle(socket, schema.parse(raw)) });
      } catch (thrown) {
        const audience = (tenantId: string) => audienceIn(socket.data.scope, tenantId);
        const { refusal, unexpected } = problemOf(thrown, { audienceOf: audience, links });
        if (unexpected) log.error({ err: thrown, question }, "a question failed");
        answer({ ok: false, refusal });
      }
    };
    socket.on(question, listener);
  };
  for (const question of Object.keys(asked) as Question[]) bind(question);
};

export interface Membership {
  /** Puts the socket into the rooms of its scope, and its open conversations where they still may be. */
  apply(socket: DeskSocket, scope: Scope): void;
  enter(socket: DeskSocket, conversationId: string, place: Place): void;
  leave(socket: DeskSocket, conversationId: string): void;
  socketsOf(userId: string): DeskSocket[];
}

/** Who is in which room. Rooms are the only way to a screen, and this is the only code that joins one. */
export const makeMembership = (input: {
  readonly desk: DeskNamespace;
  readonly frames: Frames;
  readonly places: Places;
  readonly left: (socket: DeskSocket, conversationId: string) => void;
}): Membership => {
  const { desk, frames, places } = input;

  const leave = (socket: DeskSocket, conversationId: string): void => {
    if (!socket.data.opened.delete(conversationId)) return;
    for (const audience of audiences) {
      const room = conversationRoom(conversationId, audience);
      if (!socket.rooms.has(room)) continue;
      // Steps that wait for this room were kept from the socket's queue room: it must get them before it goes.
      frames.flush(room);
      void socket.leave(room);
    }
    input.left(socket, conversationId);
  };

  /** Rights are gone: what waits for the room is not for this socket any more. */
  const expel = (socket: DeskSocket, conversationId: string): void => {
    socket.data.opened.delete(conversationId);
    for (const audience of audiences) void socket.leave(conversationRoom(conversationId, audience));
    input.left(socket, conversationId);
  };

  return {
    leave,
    enter: (socket, conversationId, place) => {
      places.set(conversationId, place);
      if (places.size > 50_000)
        for (const oldest of places.keys()) {
          places.delete(oldest);
          break;
        }
      socket.data.opened.add(conversationId);
      void socket.join(conversationRoom(conversationId, audienceIn(socket.data.scope, place.tenantId)));
    },
    apply: (socket, scope) => {
      socket.data.scope = scope;
      const wanted = new Set([...roomsOf(scope), userRoom(socket.data.session.userId)]);
      for (const room of socket.rooms)
        if ((room.startsWith("q:") || room.startsWith("u:")) && !wanted.has(room)) void socket.leave(room);
      for (const conversationId of socket.data.opened) {
        const place = places.get(conversationId);
        const kept =
          place !== undefined &&
          seesQueue(scope, place.tenantId, place.queueId) &&
          socket.rooms.has(conversationRoom(conversationId, audienceIn(scope, place.tenantId)));
        if (!kept) expel(socket, conversationId);
      }
      void socket.join([...wanted]);
    },
    socketsOf: (userId) => socketsIn(desk, userRoom(userId)),
  };
};
