import type { Log } from "#core/log";
import type { Scope } from "#core/scope";
import type { ViewCounts } from "#wire";
import { type DeskNamespace, socketsIn } from "./desk-io.ts";
import { userRoom } from "./rooms.ts";

/** A user's counts are read again at most this often, one user at a time: a busy queue does not multiply queries. */
const everyMs = 1_000;

export interface Recount {
  rooms(rooms: readonly string[]): void;
  user(userId: string): void;
  stop(): void;
}

export const makeRecount = (input: {
  readonly desk: DeskNamespace;
  readonly read: (scope: Scope) => Promise<ViewCounts>;
  readonly log: Log;
}): Recount => {
  const { desk } = input;
  const dirtyRooms = new Set<string>();
  const dirtyUsers = new Set<string>();
  let timer: NodeJS.Timeout | null = null;
  let running = false;
  let stopped = false;

  const later = (): void => {
    if (timer === null && !running && !stopped) timer = setTimeout(() => void round(), everyMs);
  };

  const round = async (): Promise<void> => {
    timer = null;
    running = true;
    for (const room of dirtyRooms)
      for (const socket of socketsIn(desk, room)) dirtyUsers.add(socket.data.session.userId);
    dirtyRooms.clear();
    const users = [...dirtyUsers];
    dirtyUsers.clear();
    for (const [index, userId] of users.entries()) {
      const [socket] = socketsIn(desk, userRoom(userId));
      if (socket === undefined || stopped) continue;
      try {
        desk.to(userRoom(userId)).emit("counts", await input.read(socket.data.scope));
      } catch (thrown) {
        input.log.warn({ err: thrown }, "counts could not be read");
        // Everybody left keeps their place, and who failed comes last: a read that always fails holds nobody up.
        for (const waiting of [...users.slice(index + 1), userId]) dirtyUsers.add(waiting);
        break;
      }
    }
    running = false;
    if (dirtyRooms.size + dirtyUsers.size > 0) later();
  };

  return {
    rooms: (rooms) => {
      for (const room of rooms) dirtyRooms.add(room);
      later();
    },
    user: (userId) => {
      dirtyUsers.add(userId);
      later();
    },
    stop: () => {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
};
