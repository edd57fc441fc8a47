import { Client } from "pg";
import type { Log } from "#core/log";
import type { Db } from "./db.ts";

/** Pokes between nodes: nothing that must not be lost (a scan finds it later, or nobody needs it later). */
const pokes = {
  ask: "linka_ask",
  answer: "linka_answer",
  account: "linka_account",
  outbox: "linka_outbox",
  fetch: "linka_fetch",
  live: "linka_live",
} as const;
export type Poke = keyof typeof pokes;

export const poke = async (input: { readonly db: Db; readonly kind: Poke; readonly id: string }): Promise<void> => {
  await input.db.query({ name: "poke", text: "select pg_notify($1, $2)", values: [pokes[input.kind], input.id] });
};

/** Several at once, heard in their order. */
export const pokeAll = async (input: {
  readonly db: Db;
  readonly kind: Poke;
  readonly texts: readonly string[];
}): Promise<void> => {
  await input.db.query({
    name: "poke-all",
    text: "select pg_notify($1, t) from unnest($2::text[]) with ordinality as u(t, no) order by no",
    values: [pokes[input.kind], input.texts],
  });
};

/**
 * Hears pokes of these kinds on a connection of its own, and opens it again whenever it breaks; `missed` is called after each gap.
 */
export const listen = (input: {
  readonly db: Db;
  readonly log: Log;
  readonly kinds: readonly Poke[];
  readonly heard: (kind: Poke, id: string) => void;
  readonly missed: () => void;
}): { stop(): Promise<void> } => {
  const { log } = input;
  const connectionString = input.db.pool.options.connectionString;
  const kinds = new Map<string, Poke>(input.kinds.map((kind) => [pokes[kind], kind]));
  let stopped = false;
  let client: Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let delay = 250;

  const again = (): void => {
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => void open(), delay);
    delay = Math.min(delay * 2, 5_000);
  };
  const open = async (): Promise<void> => {
    const next = new Client({
      ...(connectionString === undefined ? {} : { connectionString }),
      application_name: "linka-listen",
      keepAlive: true,
    });
    next.on("error", (error) => log.debug({ reason: error.message }, "listening was interrupted"));
    next.on("end", again);
    next.on("notification", ({ channel, payload }) => {
      const kind = kinds.get(channel);
      if (kind !== undefined && payload !== undefined) input.heard(kind, payload);
    });
    try {
      await next.connect();
      client = next;
      await next.query([...kinds.keys()].map((channel) => `listen ${channel}`).join("; "));
      delay = 250;
      if (stopped) await next.end();
      else input.missed();
    } catch (thrown) {
      log.debug({ reason: String(thrown) }, "cannot listen for pokes");
      next.end().catch(() => undefined);
      again();
    }
  };
  const opening = open();

  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await opening;
      await client?.end().catch(() => undefined);
    },
  };
};
