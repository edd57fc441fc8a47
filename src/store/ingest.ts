import { emptyPlan, inAccount, type JournalRow } from "#core/batch";
import { fileMessage } from "#core/filing";
import { type Item, type MessageNews, type StoredEvent } from "#core/inbound";
import type { StoredChange } from "#core/records";
import { cleanJson } from "#core/text";
import type { Secrets } from "../secrets.ts";
import type { Db, Queryable, Settings } from "./db.ts";
import { findEchoes, nameEchoes, provenSent } from "./ingest-echo.ts";
import { findTargets, loadWorld, lockConversations } from "./ingest-load.ts";
import { lockArrivals, type MessageKey } from "./ingest-lock.ts";
import { applyAllNews, type NewsOutcome, writeNews } from "./ingest-news.ts";
import { writeBatch } from "./ingest-write.ts";
import { reach } from "./points.ts";

/**
 * Everything goes by index, with a plan made once. Otherwise a plan made while the tables were small scans them whole
 * until the next ANALYZE, and growing tables make PostgreSQL plan these large statements anew each time (8 ms a batch).
 */
const settings: Settings = {
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  plan_cache_mode: "force_generic_plan",
  // Before PostgreSQL 18 a switched-off scan counts as a huge cost, and a huge cost is compiled for tens of milliseconds.
  jit: "off",
};

const isNews = (event: StoredEvent): event is MessageNews => event.type !== "message" && event.type !== "unparsed";
const newsOf = (item: Item): (Item & { readonly event: MessageNews })[] =>
  isNews(item.event) ? [{ ...item, event: item.event }] : [];

/** Drops what the journal holds already, and repeats within the batch; the first one wins. */
const unknown = (items: readonly Item[], known: Set<string>): Item[] =>
  items.filter((item) => {
    if (item.dedupe === null || item.journaled) return true;
    const here = inAccount(item.account.id, item.dedupe);
    if (known.has(here)) return false;
    known.add(here);
    return true;
  });

const file = async (input: {
  readonly q: Queryable;
  readonly secrets: Pick<Secrets, "seal">;
  readonly items: readonly Item[];
  readonly settled: readonly MessageKey[];
  readonly now: Date;
}): Promise<StoredChange[]> => {
  const { q, secrets, settled, now } = input;
  await lockArrivals({ q, items: input.items, settled });
  reach("ingest.locked");
  const { world, waiting } = await loadWorld({ q, items: input.items, settled });
  reach("ingest.loaded");
  const items = unknown(input.items, world.known);
  const echoes = await findEchoes({ q, world, items });
  const known = items.filter(
    ({ account, event }) =>
      event.type === "message" && event.own && world.messages.has(inAccount(account.id, event.id)),
  );
  // The channel shows one of ours: it has it, also when the send itself was never answered.
  const news = [...items.flatMap(newsOf), ...[...echoes, ...known.map((item) => ({ item }))].flatMap(provenSent)];
  const keys = [
    ...news.map(({ account, event }) => ({ accountId: account.id, externalId: event.id })),
    ...waiting.map(({ accountId, event }) => ({ accountId, externalId: event.id })),
  ];
  const targets = keys.length === 0 ? new Map<string, never[]>() : await findTargets({ q, keys });
  await lockConversations({
    q,
    world,
    ids: [
      ...[...world.threads.values()].flatMap(({ conversationId }) => conversationId ?? []),
      ...[...targets.values()].flat().map(({ conversationId }) => conversationId),
      ...echoes.map(({ message }) => message.conversationId),
    ],
  });
  const plan = emptyPlan();
  for (const item of items) {
    const { event } = item;
    if (event.type === "unparsed") plan.journal.push(parked(item, event.reason));
    if (event.type !== "message") continue;
    const ours = world.messages.get(inAccount(item.account.id, event.id));
    plan.journal.push(
      ours === undefined
        ? fileMessage({ world, plan, item: { ...item, event }, now })
        : { item, state: "done", error: null, conversationId: ours.conversationId, messageId: ours.id },
    );
  }
  const outcome: NewsOutcome | null =
    news.length + waiting.length === 0 ? null : await applyAllNews({ q, world, plan, items: news, waiting, targets });
  reach("ingest.planned");
  await writeBatch({ q, secrets, world, plan, now });
  await nameEchoes({ q, echoes });
  if (outcome !== null) await writeNews({ q, outcome, now });
  reach("ingest.before-commit");
  return [...world.conversations.values()]
    .filter(({ row, prev }) => row.version > prev)
    .map(({ row, prev, messages }) => ({ prev, row, messages: [...messages.values()] }));
};

const parked = (item: Item, error: string): JournalRow => ({
  item,
  state: "parked",
  error: error === "" ? "no reason given" : error.slice(0, 2000),
  conversationId: null,
  messageId: null,
});

/**
 * Files a batch of arrivals in one transaction with a constant number of statements: journal, identity, thread,
 * conversation, message, event. `settled` are messages whose provider id just became known: news that waited for them
 * is applied. Gives what to publish; throws DatabaseUnavailable, or what PostgreSQL says of an item that is wrong.
 */
export const fileArrivals = (input: {
  readonly db: Db;
  readonly secrets: Pick<Secrets, "seal">;
  readonly items: readonly Item[];
  readonly settled: readonly MessageKey[];
  readonly now: Date;
  /** Hears the changes before the commit is asked for: all that is known should its answer be lost. */
  readonly committing?: (changes: readonly StoredChange[]) => void;
}): Promise<StoredChange[]> =>
  input.db.tx(
    async (q) => {
      const changes = await file({ ...input, q });
      input.committing?.(changes);
      return changes;
    },
    { settings },
  );

/** Whether an event of a batch whose commit got no answer is stored. */
export const isJournaled = async (input: { readonly db: Db; readonly eventId: string }): Promise<boolean> =>
  (await input.db.query({ text: "select from inbound_event where id = $1", values: [input.eventId] })).length > 0;

/** Puts one event that cannot be filed aside, with its reason, where an admin sees it and can replay it. */
export const parkArrival = async (input: {
  readonly db: Db;
  readonly item: Item;
  readonly error: string;
  readonly now: Date;
}): Promise<void> => {
  const { db, item, error, now } = input;
  await db.query({
    name: "ingest-park",
    text: `insert into inbound_event (id, tenant_id, account_id, dedupe_key, type, payload, raw, raw_blob, state, attempts,
        error, received_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, 'parked', 1, $9, $10)
      on conflict (account_id, dedupe_key) do update
        set state = 'parked', error = excluded.error, attempts = inbound_event.attempts + 1
        where inbound_event.state <> 'done'`,
    values: [
      item.eventId,
      item.account.tenantId,
      item.account.id,
      item.dedupe,
      item.event.type,
      JSON.stringify(cleanJson(item.event)),
      item.raw,
      item.rawBlob,
      error.slice(0, 2000),
      now,
    ],
  });
};
