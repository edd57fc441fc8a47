import type { Log } from "#core/log";
import type { Publisher, StoredChange } from "#core/records";
import type { Db } from "#store/db";
import { cursorAt } from "#store/feed";
import { holdLeases } from "#store/leases";
import { eventsAfter, forgetNodes, mostInStep, otherNodes, stepsAbove, type TailEvent } from "#store/tail";
import { startBroadcast } from "./broadcast.ts";
import { keepLeases } from "./lease.ts";
import { ownerName } from "./process-mark.ts";
import { makeTold } from "./told.ts";

/** How often the event table is read while another node lives, ms. */
const pollMs = 150;
/** How often the other nodes are looked for, ms. */
const watchMs = 2_000;
/** A node is followed for so long after its lease ended: it may have been frozen and commit what it had begun. */
const graceMs = 30_000;
/** From how many looks ago the events are read when another node appears. */
const looksKept = 5;
const firstTtlMs = 8_000;
const mostTold = 20_000;

export interface Tail {
  /** What this node's parts publish through. */
  readonly publisher: Publisher;
  /** A feed position below which every change, of whatever node, was told here or is just being told. */
  settled(): string;
  stop(): Promise<void>;
}

interface Wanted {
  readonly tenantId: string;
  lowest: number;
  highest: number;
  readonly queues: Set<string | null>;
}

/** What other nodes did, as if this one had committed it. Row and messages as they are now: screens keep what is newer. */
const changesOf = async (input: {
  readonly db: Db;
  readonly wanted: ReadonlyMap<string, Wanted>;
}): Promise<StoredChange[]> => {
  const above = new Map([...input.wanted].map(([id, { lowest }]) => [id, lowest]));
  const tenantIds = [...new Set([...input.wanted.values()].map(({ tenantId }) => tenantId))];
  const steps = await stepsAbove({ db: input.db, tenantIds, above });
  return steps.flatMap(({ row, messages }): StoredChange[] => {
    const { lowest, queues } = input.wanted.get(row.id) ?? { lowest: row.version, queues: new Set<string | null>() };
    const alone: StoredChange = { prev: row.version, row, messages: [] };
    const step = messages.length > mostInStep ? alone : { prev: lowest, row, messages };
    const [former, ...formers] = [...queues].filter((queue) => queue !== row.queueId);
    return [
      former === undefined ? step : { ...step, formerQueueId: former },
      ...formers.map((queue) => ({ ...alone, formerQueueId: queue })),
    ];
  });
};

/**
 * Keeps this node known to the others, and while another one lives follows the event table and publishes here what
 * others committed. Alone it costs a lease and one look every two seconds. Resolves when the others can know of us.
 */
export const startTail = async (input: {
  readonly db: Db;
  readonly publisher: Publisher;
  readonly nodeId: string;
  readonly log: Log;
  readonly now: () => Date;
}): Promise<Tail> => {
  const { db, log, now, nodeId } = input;
  const name = `node:${nodeId}`;
  const told = makeTold({ most: mostTold });
  // Before anything is committed here: whoever looks later finds us, whoever looked before begins below us.
  const owner = await ownerName(nodeId);
  await holdLeases({ db, names: [name], owner, dead: [], ttlMs: firstTtlMs });
  await forgetNodes({ db });
  const leases = keepLeases({
    db,
    log,
    nodeId,
    wanted: () => [name],
    gained: () => undefined,
    lost: () => leases.poke(),
  });
  leases.poke();

  let following = false;
  /** Below it everything was read; while alone the newest of `looks`. */
  let floor = (await otherNodes({ db, name, graceMs })).xmin;
  let floorAt = now();
  let looks = [floor];

  const tell = async (events: readonly TailEvent[]): Promise<void> => {
    const wanted = new Map<string, Wanted>();
    for (const { conversationId: id, tenantId, queueId, version } of events) {
      if (told.has(id, version)) continue;
      const entry = wanted.get(id) ?? { tenantId, lowest: version - 1, highest: version, queues: new Set() };
      entry.lowest = Math.min(entry.lowest, version - 1, told.upTo(id) ?? version);
      entry.highest = Math.max(entry.highest, version);
      wanted.set(id, entry);
      entry.queues.add(queueId);
    }
    if (wanted.size === 0) return;
    input.publisher.changes(await changesOf({ db, wanted }));
    // Not up to the row's own version: what follows may be a change of queue, of which the old queue has to hear.
    for (const [id, { lowest, highest }] of wanted) told.add(id, lowest, highest);
  };

  const follow = async (): Promise<void> => {
    const at = now();
    let after = (BigInt(floor) - 1n).toString();
    let final: string | undefined;
    for (;;) {
      const page = await eventsAfter({ db, xid: after });
      final ??= page.xmin;
      await tell(page.events);
      const last = page.events.at(-1);
      if (!page.more || last === undefined) break;
      after = last.xid;
    }
    floor = final;
    floorAt = at;
  };

  const look = async (): Promise<void> => {
    const at = now();
    const { xmin, others } = await otherNodes({ db, name, graceMs });
    if (others) {
      if (!following) {
        // A node that had lost its lease unknowingly may have committed a little before it was seen again.
        floor = looks[0] ?? floor;
        log.info({}, "another node lives: following the event table");
      }
      following = true;
      return;
    }
    if (following) {
      await follow();
      log.info({}, "this node is alone again");
      following = false;
      looks = [floor];
      return;
    }
    floor = xmin;
    floorAt = at;
    looks = [...looks.slice(1 - looksKept), xmin];
  };

  let stopped = false;
  let lookedAt = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  const turn = async (): Promise<void> => {
    if (performance.now() - lookedAt >= watchMs) {
      // First the time: who calls while we look is looked at once more.
      lookedAt = performance.now();
      await look();
    }
    if (following) await follow();
  };
  const run = (): void => {
    if (stopped) return;
    clearTimeout(timer);
    const began = performance.now();
    running ??= turn()
      .catch((thrown: unknown) => log.warn({ reason: String(thrown) }, "the event table could not be followed"))
      .finally(() => {
        running = null;
        const called = lookedAt === -Infinity;
        // A transaction open for hours makes each reading longer: never more than a third of the time goes into it.
        const pause = following ? Math.max(pollMs, 2 * (performance.now() - began)) : watchMs;
        if (!stopped) timer = setTimeout(run, called ? 0 : pause);
      });
  };

  const lookNow = (): void => {
    lookedAt = -Infinity;
    run();
  };
  const broadcast = startBroadcast({
    db,
    log,
    nodeId,
    missed: lookNow,
    heard: (message) => {
      if (message.type === "tell") return input.publisher.tell(message.say);
      if (message.type === "typing") return input.publisher.customerTyping(message.say);
      lookNow();
    },
  });
  broadcast.say({ type: "hello" });
  run();

  return {
    publisher: {
      changes: (changes) => {
        for (const { prev, row } of changes) told.add(row.id, prev, row.version);
        input.publisher.changes(changes);
      },
      customerTyping: (say) => {
        input.publisher.customerTyping(say);
        if (following) broadcast.say({ type: "typing", say });
      },
      tell: (say) => {
        input.publisher.tell(say);
        if (following) broadcast.say({ type: "tell", say });
      },
    },
    settled: () => cursorAt({ xid: floor, now: floorAt }),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
      await broadcast.stop();
      await leases.stop();
    },
  };
};
