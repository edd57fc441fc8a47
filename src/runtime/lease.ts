import type { Log } from "#core/log";
import type { Db } from "#store/db";
import { foreignOwners, type HeldLease, holdLeases, releaseLeases } from "#store/leases";
import type { LeaseProof } from "#store/outbox";
import { endedOwners, ownerName } from "./process-mark.ts";
import { reach } from "#store/points";

/** A lease lasts this long without renewal; with the renewal's pause, the longest wait for a takeover. */
const ttlDefaultMs = 8_000;
const renewDefaultMs = 2_500;
/** Ours ends earlier than PostgreSQL's, at this part of its time: the work must be stopped when another node may begin. */
const ownPart = 0.8;

export interface Leases {
  /** Tries for the wanted names at once instead of at the next renewal. */
  poke(): void;
  /** Names whose renewal fails or hangs for longer than a lease lasts; empty while all is well. */
  overdue(): readonly string[];
  /** Gives a name back. */
  release(names: readonly string[]): Promise<void>;
  /** Gives everything back; `lost` is not called. */
  stop(): Promise<void>;
}

interface Mine {
  readonly fencing: bigint;
  /** By the monotonic clock: a machine's clock may be set. */
  until: number;
}

/**
 * Keeps this node the owner of as many of the wanted leases as nobody else has. `gained` and `lost` are told in turn
 * for each name; a lease that could not be renewed in time is lost without asking the database.
 */
export const keepLeases = (input: {
  readonly db: Db;
  readonly nodeId: string;
  readonly log: Log;
  readonly wanted: () => readonly string[];
  readonly gained: (proof: LeaseProof) => void;
  readonly lost: (name: string) => void;
  readonly ttlMs?: number;
  readonly renewMs?: number;
}): Leases => {
  const { db, log, gained, lost } = input;
  const ttlMs = input.ttlMs ?? ttlDefaultMs;
  const named = ownerName(input.nodeId);
  const mine = new Map<string, Mine>();
  let renewedAt = performance.now();
  let stopped = false;

  const drop = (name: string): void => {
    if (!mine.delete(name)) return;
    log.warn({ lease: name }, "lease lost");
    lost(name);
  };

  const dropLate = (): void => {
    const now = performance.now();
    for (const [name, lease] of mine) if (lease.until <= now) drop(name);
  };

  const take = (owner: string, held: readonly HeldLease[], asked: readonly string[], until: number): void => {
    const found = new Map(held.map((lease) => [lease.name, lease.fencing]));
    for (const name of asked) {
      const fencing = found.get(name);
      const known = mine.get(name);
      if (known !== undefined && fencing === known.fencing) {
        known.until = until;
        continue;
      }
      drop(name);
      if (fencing === undefined) continue;
      mine.set(name, { fencing, until });
      reach("lease.taken");
      gained({ name, owner, fencing });
    }
  };

  const renew = async (): Promise<void> => {
    const names = [...new Set(input.wanted())];
    for (const name of mine.keys()) if (!names.includes(name)) names.push(name);
    if (names.length === 0) {
      renewedAt = performance.now();
      return;
    }
    const owner = await named;
    const others = names.some((name) => !mine.has(name)) ? await foreignOwners({ db, names, owner }) : [];
    const dead = others.length === 0 ? [] : await endedOwners(others);
    const from = performance.now();
    const held = await holdLeases({ db, names, owner, dead, ttlMs });
    renewedAt = from;
    if (stopped) return;
    dropLate();
    take(owner, held, names, from + ttlMs * ownPart);
  };

  let renewing: Promise<void> | null = null;
  const renewOnce = (): Promise<void> => {
    renewing ??= renew()
      .catch((thrown: unknown) => log.warn({ reason: String(thrown) }, "leases could not be renewed"))
      .finally(() => {
        renewing = null;
      });
    return renewing;
  };
  const renewals = setInterval(() => void renewOnce(), input.renewMs ?? renewDefaultMs);
  const watch = setInterval(dropLate, 250);

  return {
    poke: () => void renewOnce(),
    overdue: () => (performance.now() - renewedAt > ttlMs ? [...new Set(input.wanted())] : []),
    release: async (names) => {
      for (const name of names) mine.delete(name);
      // A renewal under way may just be taking them again.
      await renewing;
      for (const name of names) mine.delete(name);
      await releaseLeases({ db, names, owner: await named });
    },
    stop: async () => {
      stopped = true;
      clearInterval(renewals);
      clearInterval(watch);
      await renewing;
      const names = [...mine.keys()];
      mine.clear();
      // Not given back, they end by themselves.
      await releaseLeases({ db, names, owner: await named }).catch((thrown: unknown) =>
        log.debug({ reason: String(thrown) }, "leases were not given back"),
      );
    },
  };
};
