import { buffer } from "node:stream/consumers";
import {
  type Connection,
  type Inbound,
  type InboundProfile,
  type InboundWatermark,
  type Limits,
  remoteId,
} from "#contract";
import { hashAddresses } from "#core/identity";
import { type AccountRef, type Item, storedEvent } from "#core/inbound";
import type { Log } from "#core/log";
import type { Publisher } from "#core/records";
import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import { cleanText } from "#core/text";
import type { Secrets } from "../secrets.ts";
import type { Db } from "#store/db";
import type { Files } from "#store/files";
import type { MessageKey } from "#store/ingest-lock";
import {
  awaitedMessages,
  type JournaledEvent,
  parkedEvent,
  settleParked,
  typingConversation,
  unfinishedEvents,
} from "#store/journaled";
import { reach } from "#store/points";
import { learnName, underWatermark } from "#store/told";
import { asItem, prepare } from "./arrival.ts";
import { type JournalStats, makeBatches } from "./batches.ts";
import { publishing } from "./publish.ts";

export interface Journal {
  /**
   * Resolves once the event is stored: filed, waiting for its message, or parked where an admin sees it. Rejects when
   * it could not be stored (database away, queue full): the channel must deliver again.
   */
  receive(input: { readonly account: AccountRef; readonly event: Inbound }): Promise<void>;
  /** The provider's id of a sent message is known now: news that came before it is applied. */
  settle(input: MessageKey): Promise<void>;
  /** Files a parked event again; throws Refused "failed" with the reason when it stays parked. */
  replay(input: { readonly scope: Scope; readonly id: string }): Promise<void>;
  /** Applies news of an account that waits although its message is known: a former leader died before `settle`. */
  settleLeft(input: { readonly accountId: string }): Promise<void>;
  /** Files what an earlier process journaled but did not finish, and what it did not settle. Called once at start. */
  drain(): Promise<void>;
  /** Takes nothing more; resolves when everything taken is settled. */
  stop(): Promise<void>;
  stats(): JournalStats;
}

/** The way in: files first, each thread in its order, then the next batch. */
export const startJournal = (input: {
  readonly db: Db;
  readonly files: Files;
  readonly secrets: Pick<Secrets, "seal" | "keyedHash">;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly now: () => Date;
  readonly limits?: (kind: string) => Limits | undefined;
  /** The open connection of an account: reads again what was once "unparsed". */
  readonly connection?: (accountId: string) => Pick<Connection, "reparse"> | undefined;
}): Journal => {
  const { db, files, secrets, publisher, log, now } = input;
  const batches = makeBatches(input);
  const publish = publishing(input);
  const tails = new Map<string, Promise<unknown>>();

  /** Holds an event back until earlier ones of its thread have their files, so that order is kept. */
  const inOrder = async (key: string, ready: Item | Promise<Item>): Promise<string | null> => {
    const before = tails.get(key);
    const turn = Promise.allSettled([before, ready]);
    tails.set(key, turn);
    await turn;
    if (tails.get(key) === turn) tails.delete(key);
    const item = await Promise.resolve(ready).catch((thrown: unknown) => {
      batches.release();
      throw thrown;
    });
    return batches.file(item, null);
  };

  /** A time instead of a message: the messages it is about are found, and each told as channels tell it otherwise. */
  const underMark = async (account: AccountRef, event: InboundWatermark): Promise<null> => {
    const { thread, state, upTo, at } = event;
    const ids = await underWatermark({ db, accountId: account.id, thread, state, upTo });
    const [last] = ids.slice(-1);
    if (state === "read" && last !== undefined) await take(account, { type: "seen", thread, id: remoteId(last), at });
    if (state === "delivered")
      for (const id of ids) await take(account, { type: "receipt", thread, id: remoteId(id), state, at });
    return null;
  };

  const meet = async (account: AccountRef, { person }: InboundProfile): Promise<null> => {
    const name = cleanText(person.name ?? "")
      .trim()
      .slice(0, 200);
    if (name === "") return null;
    const hash = (text: string): string => secrets.keyedHash("identity", text).toString("hex");
    const { tenantId } = account;
    const hashes = hashAddresses({ tenantId, addresses: person.addresses, hash }).map((address) => address.hash);
    publish(await learnName({ db, tenantId, hashes, name }));
    return null;
  };

  const take = async (account: AccountRef, event: Inbound): Promise<string | null> => {
    if (event.type === "typing") {
      const conversationId = await typingConversation({ db, accountId: account.id, thread: event.thread });
      if (conversationId !== null)
        publisher.customerTyping({ tenantId: account.tenantId, conversationId, active: event.active });
      return null;
    }
    if (event.type === "watermark") return underMark(account, event);
    if (event.type === "profile") return meet(account, event);
    batches.admit();
    const key = `${account.id}\n${event.type === "unparsed" ? "" : event.thread}`;
    let ready: Item | Promise<Item>;
    try {
      ready = prepare({ account, event, files, secrets, now: now() });
    } catch (thrown) {
      batches.release();
      throw thrown;
    }
    return ready instanceof Promise || tails.has(key) ? inOrder(key, ready) : batches.file(ready, null);
  };

  const accountOf = ({ account }: JournaledEvent): AccountRef => ({
    ...account,
    replyWindowHours: input.limits?.(account.kind)?.replyWindowHours ?? false,
  });

  const again = (event: JournaledEvent): Promise<string | null> => {
    batches.admit();
    const stored = storedEvent.safeParse(event.payload);
    if (!stored.success) {
      batches.release();
      throw new Refused("failed", "The journaled event cannot be read.");
    }
    return batches.file(
      asItem({
        account: accountOf(event),
        event: stored.data,
        kept: { raw: null, rawBlob: null },
        secrets,
        eventId: event.id,
        journaled: true,
        receivedAt: event.receivedAt,
      }),
      null,
    );
  };

  const reread = async (
    event: JournaledEvent,
    reparse: (raw: Uint8Array) => Promise<readonly Inbound[]>,
  ): Promise<void> => {
    const raw = event.rawBlob === null ? event.raw : await buffer(files.read(event.rawBlob));
    if (raw === null) throw new Refused("failed", "What the channel sent was not kept.");
    const found = await reparse(raw).catch((thrown: unknown) => {
      throw new Refused("failed", thrown instanceof Error ? thrown.message : String(thrown));
    });
    const bad = found.find((inner) => inner.type === "unparsed");
    if (bad?.type === "unparsed") throw new Refused("failed", bad.reason);
    for (const inner of found) {
      const reason = await take(accountOf(event), inner);
      if (reason !== null) throw new Refused("failed", reason);
    }
    await settleParked({ db, id: event.id, now: now() });
  };

  const settleKnown = async (keys: readonly MessageKey[]): Promise<void> => {
    for (const key of keys) {
      batches.admit();
      await batches.file(null, key);
    }
  };

  return {
    receive: async ({ account, event }) => {
      reach("journal.taken");
      await take(account, event);
      reach("journal.resolved");
    },
    settle: (key) => settleKnown([key]),
    settleLeft: async ({ accountId }) => settleKnown(await awaitedMessages({ db, accountId })),
    replay: async ({ scope, id }) => {
      const event = await parkedEvent({ db, scope, id });
      if (event === null) throw new Refused("not-found", "There is no such parked event.");
      if (event.type === "unparsed") {
        const reparse = input.connection?.(event.account.id)?.reparse;
        if (reparse === undefined) throw new Refused("failed", "This channel cannot read what it sent a second time.");
        await reread(event, reparse);
        return;
      }
      const reason = await again(event);
      if (reason !== null) throw new Refused("failed", reason);
    },
    drain: async () => {
      for (const event of await unfinishedEvents({ db })) {
        await again(event).catch((thrown: unknown) => {
          log.error({ eventId: event.id, reason: String(thrown) }, "journaled event not filed");
        });
      }
      await settleKnown(await awaitedMessages({ db })).catch((thrown: unknown) => {
        log.error({ reason: String(thrown) }, "early news of known messages not applied");
      });
    },
    stop: () => batches.stop(),
    stats: () => batches.stats(),
  };
};
