import { type Connection, ConnectorError, failureCodes } from "#contract";
import type { Log } from "#core/log";
import type { Publisher, StoredChange } from "#core/records";
import type { Db } from "#store/db";
import { countAttempt, type PendingFile, pendingFiles, settleFile } from "#store/fetch";
import type { Files } from "#store/files";
import { poke } from "#store/notify";
import { reach } from "#store/points";
import { publishing } from "./publish.ts";
import { keepingHead, sniffReceived } from "./sniff.ts";

/** A led account whose messages may name files its provider keeps. */
interface FetchOutlet {
  readonly accountId: string;
  readonly connection: Pick<Connection, "fetchFile">;
  /** Aborted when the lease is lost or the account stops. */
  readonly signal: AbortSignal;
  redact(text: string): string;
}

/** Brings files after their messages are stored, on a queue of its own: a film of 100 MB holds back no message. */
export interface Fetcher {
  attach(outlet: FetchOutlet): void;
  /** Something may be waiting on this account. */
  kick(accountId: string): void;
  /** The publisher, watched: a change that brings a file on its way starts the way. */
  watching(publisher: Publisher): Publisher;
  stop(): Promise<void>;
}

const second = 1_000;
const minute = 60 * second;
/** Waits between attempts, together about two days: a provider keeps a file for a week. */
const ladder = [
  2 * second,
  10 * second,
  minute,
  5 * minute,
  30 * minute,
  ...Array.from({ length: 12 }, () => 240 * minute),
];
const scanMs = 5_000;
const withinMs = 10 * minute;
const atOnce = 4;
const lookAhead = 200;
const bytesMost = 200_000_000;

interface Running {
  readonly outlet: FetchOutlet;
  readonly busy: Map<string, Promise<void>>;
  /** Not before this time (ms of `now`), by part. */
  readonly notBefore: Map<string, number>;
  looking: boolean;
  again: boolean;
}

export const startFetcher = (input: {
  readonly db: Db;
  readonly files: Pick<Files, "put">;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly now: () => Date;
  /** Waits after each failed attempt, in ms; the file is given up after the last. */
  readonly retryMs?: readonly number[];
}): Fetcher => {
  const { db, log, now, retryMs = ladder } = input;
  const publish = publishing(input);
  const accounts = new Map<string, Running>();
  const timers = new Set<NodeJS.Timeout>();
  const stopping = new AbortController();

  const bring = async ({ outlet }: Running, file: PendingFile): Promise<readonly StoredChange[]> => {
    const signal = AbortSignal.any([outlet.signal, stopping.signal, AbortSignal.timeout(withinMs)]);
    const found = await outlet.connection.fetchFile?.(file.ref, signal);
    if (found === undefined) throw new ConnectorError("unsupported", "The channel hands out no files.");
    const head: Uint8Array[] = [];
    const { key, size } = await input.files.put(keepingHead(found.content, head), { maxBytes: bytesMost });
    reach("fetch.stored");
    const declared = found.mimeType ?? file.mime;
    const mime = await sniffReceived({ head: Buffer.concat(head), name: file.name, declared });
    return settleFile({ db, file, found: { blobKey: key, size, mime } });
  };

  const after = (running: Running, ms: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      look(running);
    }, ms);
    timers.add(timer);
  };

  const failed = async (running: Running, file: PendingFile, thrown: unknown): Promise<void> => {
    const { outlet, notBefore } = running;
    if (outlet.signal.aborted || stopping.signal.aborted) return;
    const { code, message, retryAfterMs } = ConnectorError.from(thrown);
    // The account's trouble is not the file's: it waits until somebody has mended the login.
    const waits = code === "auth";
    const step = retryMs[Math.min(file.attempts, retryMs.length - 1)] ?? 0;
    const forGood = !waits && (!failureCodes[code].retry || file.attempts >= retryMs.length);
    log.warn({ accountId: file.accountId, code, reason: outlet.redact(message), forGood }, "a file did not come");
    if (forGood) {
      publish(await settleFile({ db, file, found: null }));
      return;
    }
    if (!waits) await countAttempt({ db, file });
    const wait = Math.max(step, retryAfterMs ?? 0);
    notBefore.set(file.partId, now().getTime() + wait);
    after(running, wait);
  };

  const work = async (running: Running, file: PendingFile): Promise<void> => {
    try {
      publish(await bring(running, file));
      running.notBefore.delete(file.partId);
    } catch (thrown) {
      await failed(running, file, thrown).catch((error: unknown) =>
        log.warn({ accountId: file.accountId, reason: String(error) }, "the fate of a file was not written"),
      );
    }
  };

  const begin = (running: Running, file: PendingFile): void => {
    const { busy, notBefore } = running;
    if (busy.size >= atOnce || busy.has(file.partId)) return;
    if ((notBefore.get(file.partId) ?? 0) > now().getTime()) return;
    const task = work(running, file).finally(() => {
      busy.delete(file.partId);
      look(running);
    });
    busy.set(file.partId, task);
  };

  const look = (running: Running): void => {
    if (running.outlet.signal.aborted || stopping.signal.aborted) return;
    if (running.looking) {
      running.again = true;
      return;
    }
    running.looking = true;
    void find([running]).finally(() => {
      running.looking = false;
      if (!running.again) return;
      running.again = false;
      look(running);
    });
  };

  const find = async (all: readonly Running[]): Promise<void> => {
    if (all.length === 0) return;
    try {
      const accountIds = all.map(({ outlet }) => outlet.accountId);
      for (const file of await pendingFiles({ db, accountIds, most: lookAhead })) {
        const running = accounts.get(file.accountId);
        if (running !== undefined) begin(running, file);
      }
    } catch (thrown) {
      log.debug({ reason: String(thrown) }, "files on their way were not looked for");
    }
  };

  const kick = (accountId: string): void => {
    const running = accounts.get(accountId);
    if (running !== undefined) return look(running);
    if (!stopping.signal.aborted)
      poke({ db, kind: "fetch", id: accountId }).catch((thrown: unknown) =>
        log.debug({ accountId, reason: String(thrown) }, "the account's leader was not poked"),
      );
  };

  // What another node's poke missed, and what a former process left.
  const scan = setInterval(() => void find([...accounts.values()].filter(({ busy }) => busy.size === 0)), scanMs);

  return {
    attach: (outlet) => {
      if (outlet.connection.fetchFile === undefined) return;
      const running: Running = { outlet, busy: new Map(), notBefore: new Map(), looking: false, again: false };
      accounts.set(outlet.accountId, running);
      outlet.signal.addEventListener(
        "abort",
        () => {
          if (accounts.get(outlet.accountId) === running) accounts.delete(outlet.accountId);
        },
        { once: true },
      );
      look(running);
    },
    kick,
    watching: (publisher) => ({
      ...publisher,
      changes: (changes) => {
        publisher.changes(changes);
        for (const { messages } of changes)
          for (const { accountId, parts } of messages)
            if (accountId !== null && parts.some(({ state }) => state === "pending")) kick(accountId);
      },
    }),
    stop: async () => {
      clearInterval(scan);
      for (const timer of timers) clearTimeout(timer);
      stopping.abort();
      await Promise.allSettled([...accounts.values()].flatMap(({ busy }) => [...busy.values()]));
    },
  };
};
