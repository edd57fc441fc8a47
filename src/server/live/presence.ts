import type { Presence } from "#wire";

type Viewer = Presence["viewers"][number];
type Activity = Viewer["activity"] | "gone";

export interface PresenceBook {
  /** Gives whether what others see has changed. */
  note(input: { conversationId: string; userId: string; name: string; activity: Activity }): boolean;
  customerTyping(input: { conversationId: string; active: boolean }): boolean;
  viewers(conversationId: string): Viewer[];
  of(conversationId: string): Presence;
  /** Forgets the user everywhere; gives the conversations that changed. */
  leave(userId: string): readonly string[];
  /** Forgets who has not been heard of; gives the conversations that changed. */
  expire(): readonly string[];
}

/** A sign of life counts for so long. */
const ttlMs = 15_000;
const typingTtlMs = 10_000;

/** Who looks at or writes in which conversation, on this node, kept in memory only. */
export const makePresence = (input: { readonly now: () => Date }): PresenceBook => {
  const rooms = new Map<string, { viewers: Map<string, Viewer & { until: number }>; typingUntil: number }>();
  const now = (): number => input.now().getTime();

  const roomOf = (conversationId: string) => {
    const room = rooms.get(conversationId) ?? { viewers: new Map(), typingUntil: 0 };
    rooms.set(conversationId, room);
    return room;
  };
  const tidy = (conversationId: string): void => {
    const room = rooms.get(conversationId);
    if (room !== undefined && room.viewers.size === 0 && room.typingUntil === 0) rooms.delete(conversationId);
  };
  const viewers = (conversationId: string): Viewer[] =>
    [...(rooms.get(conversationId)?.viewers.values() ?? [])].map(({ userId, name, activity }) => ({
      userId,
      name,
      activity,
    }));

  return {
    note: ({ conversationId, userId, name, activity }) => {
      const room = roomOf(conversationId);
      const before = room.viewers.get(userId)?.activity ?? "gone";
      if (activity === "gone") room.viewers.delete(userId);
      else room.viewers.set(userId, { userId, name, activity, until: now() + ttlMs });
      tidy(conversationId);
      return before !== activity;
    },
    customerTyping: ({ conversationId, active }) => {
      const room = roomOf(conversationId);
      const before = room.typingUntil > 0;
      room.typingUntil = active ? now() + typingTtlMs : 0;
      tidy(conversationId);
      return before !== active;
    },
    viewers,
    of: (conversationId) => ({
      conversationId,
      viewers: viewers(conversationId),
      customerTyping: (rooms.get(conversationId)?.typingUntil ?? 0) > 0,
    }),
    leave: (userId) => {
      const changed: string[] = [];
      for (const [id, room] of rooms) {
        if (!room.viewers.delete(userId)) continue;
        changed.push(id);
        tidy(id);
      }
      return changed;
    },
    expire: () => {
      const at = now();
      const changed: string[] = [];
      for (const [id, room] of rooms) {
        const before = room.viewers.size;
        for (const [userId, viewer] of room.viewers) if (viewer.until < at) room.viewers.delete(userId);
        const typingOver = room.typingUntil > 0 && room.typingUntil < at;
        if (typingOver) room.typingUntil = 0;
        if (typingOver || room.viewers.size !== before) changed.push(id);
        tidy(id);
      }
      return changed;
    },
  };
};
