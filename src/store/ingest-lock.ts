import { inAccount } from "#core/batch";
import type { Item } from "#core/inbound";
import type { Queryable } from "./db.ts";

export interface MessageKey {
  readonly accountId: string;
  readonly externalId: string;
}

/** Same thread, same person, same message: one of two hubs waits for the other. Few keys, so that a batch cannot exhaust the lock table. */
const lockKeys = 4096;
const lockClass = 76_421;

const bucket = (text: string): number => {
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  return (hash >>> 0) % lockKeys;
};

const takeLocks = async (q: Queryable, texts: Iterable<string>): Promise<void> => {
  const keys = new Set<number>();
  for (const text of texts) keys.add(bucket(text));
  await q.query({
    name: "ingest-lock",
    text: "select count(pg_advisory_xact_lock($1, k)) from unnest($2::int[]) k",
    values: [lockClass, [...keys].sort((a, b) => a - b)],
  });
};

/** Holds back every other hub that files for the same threads, people or messages, until this transaction ends. */
export const lockArrivals = (input: {
  readonly q: Queryable;
  readonly items: readonly Item[];
  readonly settled: readonly MessageKey[];
}): Promise<void> =>
  takeLocks(input.q, [
    ...input.items.flatMap(({ account, event, addresses }) => [
      inAccount(account.id, event.type === "unparsed" ? event.id : event.thread),
      ...(event.type === "message" ? addresses.map(({ hash }) => hash) : [inAccount(account.id, event.id)]),
    ]),
    ...input.settled.map(({ accountId, externalId }) => inAccount(accountId, externalId)),
  ]);

/** Holds back arrivals from these addresses (hashes in hex), so that none is filed for a contact on its way into another. */
export const lockAddresses = (input: { readonly q: Queryable; readonly hashes: readonly string[] }): Promise<void> =>
  takeLocks(input.q, input.hashes);
