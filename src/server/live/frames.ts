import type { Change, Presence } from "#wire";

/** What waits for one group of sockets. */
interface Pending {
  readonly changes: Map<string, Change[]>;
  readonly presence: Map<string, Presence>;
}

interface Group {
  pending: Pending | null;
  timer: NodeJS.Timeout | null;
  /** When the last frame went out, and how many went out in the second that began at `since` (milliseconds). */
  sentAt: number;
  since: number;
  count: number;
}

/** Everybody in `room` but those in one of `except`. */
export interface Target {
  readonly room: string;
  readonly except?: readonly string[];
}

export interface Frames {
  change(target: Target, change: Change): void;
  presence(target: Target, presence: Presence): void;
  /** Sends at once what waits for a room, exceptions included: before somebody leaves it. */
  flush(room: string): void;
  stop(): void;
}

/** The first frame goes at once, what follows within this time goes together. */
const gapMs = 15;
const busyGapMs = 100;
/** Changes a second above which a room counts as busy. */
const busyRate = 50;

const join = (before: Change, next: Change): Change => {
  const messages = new Map(before.messages.map((message) => [message.id, message]));
  for (const message of next.messages) messages.set(message.id, message);
  return { prev: before.prev, row: next.row, messages: [...messages.values()].sort((a, b) => a.seq - b.seq) };
};

/**
 * Steps of one conversation in order, those that follow each other made one. Commits can be told out of order: over a
 * hole nothing is joined, or a client would take the missing step for known.
 */
const inSteps = (changes: readonly Change[]): Change[] => {
  const steps: Change[] = [];
  for (const change of changes.toSorted((a, b) => a.row.version - b.row.version)) {
    const last = steps.at(-1);
    const follows = last !== undefined && last.row.version === change.prev;
    if (follows) steps[steps.length - 1] = join(last, change);
    // A row without its messages (prev is its own version): the newest says it all.
    else if (last !== undefined && last.prev === last.row.version) steps[steps.length - 1] = change;
    else steps.push(change);
  }
  return steps;
};

/**
 * Coalesces frames: what comes for a group within the gap goes together, several steps of a conversation as one.
 */
export const makeFrames = (input: {
  readonly send: (target: Target, frame: { changes: Change[]; presence: Presence[] }) => void;
  readonly now: () => number;
}): Frames => {
  const groups = new Map<string, { readonly target: Target; readonly group: Group }>();
  const byRoom = new Map<string, Set<string>>();

  const at = (target: Target): { key: string; group: Group } => {
    const key = target.except === undefined ? target.room : `${target.room}|${target.except.join("|")}`;
    let entry = groups.get(key);
    if (entry === undefined) {
      entry = { target, group: { pending: null, timer: null, sentAt: 0, since: 0, count: 0 } };
      groups.set(key, entry);
      const keys = byRoom.get(target.room) ?? new Set();
      byRoom.set(target.room, keys.add(key));
    }
    return { key, group: entry.group };
  };

  const forget = (key: string): void => {
    const entry = groups.get(key);
    if (entry === undefined) return;
    groups.delete(key);
    const keys = byRoom.get(entry.target.room);
    keys?.delete(key);
    if (keys?.size === 0) byRoom.delete(entry.target.room);
  };

  const flushKey = (key: string): void => {
    const entry = groups.get(key);
    if (entry === undefined) return;
    const { group, target } = entry;
    if (group.timer !== null) clearTimeout(group.timer);
    group.timer = null;
    if (group.pending === null) return forget(key);
    const { changes, presence } = group.pending;
    group.pending = null;
    group.sentAt = input.now();
    // An idle group is forgotten a moment later: rooms come and go by the thousand.
    group.timer = setTimeout(() => flushKey(key), busyGapMs * 2);
    input.send(target, { changes: [...changes.values()].flatMap(inSteps), presence: [...presence.values()] });
  };

  const add = (target: Target, put: (pending: Pending) => void): void => {
    const { key, group } = at(target);
    const now = input.now();
    if (now - group.since > 1_000) {
      group.since = now;
      group.count = 0;
    }
    group.count += 1;
    const first = group.pending === null;
    group.pending ??= { changes: new Map(), presence: new Map() };
    put(group.pending);
    if (!first) return;
    const gap = group.count > busyRate ? busyGapMs : gapMs;
    const wait = group.sentAt + gap - now;
    if (wait <= 0) return flushKey(key);
    if (group.timer !== null) clearTimeout(group.timer);
    group.timer = setTimeout(() => flushKey(key), wait);
  };

  return {
    change: (target, change) =>
      add(target, ({ changes }) => {
        const held = changes.get(change.row.id);
        if (held === undefined) changes.set(change.row.id, [change]);
        else held.push(change);
      }),
    presence: (target, presence) =>
      add(target, (pending) => {
        pending.presence.set(presence.conversationId, presence);
      }),
    flush: (room) => {
      for (const key of Array.from(byRoom.get(room) ?? [])) flushKey(key);
    },
    stop: () => {
      for (const { group } of groups.values()) if (group.timer !== null) clearTimeout(group.timer);
      groups.clear();
      byRoom.clear();
    },
  };
};
