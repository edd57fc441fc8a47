import type { Log } from "#core/log";
import { type AccountNews, saveNews } from "#store/accounts";
import type { Db } from "#store/db";

/** Collects what is seen of the accounts' health and writes it at most four times a second, all accounts at once. */
export interface HealthLog {
  note(news: AccountNews): void;
  /** The account received or sent something now; written at most every few seconds. */
  mark(id: string, what: "in" | "out"): void;
  flush(): Promise<void>;
  stop(): Promise<void>;
}

const flushMs = 250;
const markMs = 5_000;

export const openHealthLog = (input: { readonly db: Db; readonly log: Log; readonly now: () => Date }): HealthLog => {
  const { db, log, now } = input;
  let waiting = new Map<string, AccountNews>();
  const marked = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0) return;
    const news = waiting;
    waiting = new Map();
    try {
      await saveNews({ db, news: [...news.values()], now: now() });
    } catch (thrown) {
      log.warn({ reason: String(thrown) }, "health of channel accounts was not written");
      for (const [id, old] of news) waiting.set(id, { ...old, ...waiting.get(id) });
      if (!stopped) timer ??= setTimeout(() => void flush(), markMs);
    }
  };

  const note = (news: AccountNews): void => {
    waiting.set(news.id, { ...waiting.get(news.id), ...news });
    if (!stopped) timer ??= setTimeout(() => void flush(), flushMs);
  };

  return {
    note,
    mark: (id, what) => {
      const key = `${id} ${what}`;
      const at = performance.now();
      if (at - (marked.get(key) ?? -Infinity) < markMs) return;
      marked.set(key, at);
      note(what === "in" ? { id, inAt: now() } : { id, outAt: now() });
    },
    flush,
    stop: async () => {
      stopped = true;
      await flush();
      clearTimeout(timer);
    },
  };
};
