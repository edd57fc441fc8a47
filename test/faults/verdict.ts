import { Client } from "pg";
import type { makeWatcher } from "./agent.ts";
import type { Told } from "./customers.ts";

export interface Verdict {
  readonly said: number;
  readonly answered: number;
  /** Said or written, acknowledged, and not stored exactly once. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly misordered: readonly string[];
  readonly misattributed: readonly string[];
  readonly seqGaps: number;
  /** Journal rows that are neither done nor explained. */
  readonly unfinished: number;
  /** Deliveries that neither arrived nor failed with a reason. */
  readonly undelivered: number;
  readonly deadLetters: readonly string[];
  /** Differences between what the desk shows and the database. */
  readonly deskDiffers: readonly string[];
}

interface Row {
  readonly conversation: string;
  readonly contact: string;
  readonly seq: number;
  readonly direction: string;
  readonly body: string;
}

const inOrder = (texts: readonly string[], rows: readonly Row[]): boolean => {
  const place = new Map(rows.map((row, index) => [row.body, index]));
  const places = texts.map((text) => place.get(text) ?? -1);
  return places.every((at, index) => index === 0 || at > (places[index - 1] ?? -1));
};

/** Compares what people said with what the database holds, what the customers received and what the desk shows. */
export const judge = async (input: {
  readonly databaseUrl: string;
  readonly told: readonly Told[];
  readonly written: ReadonlyMap<string, readonly string[]>;
  /** Texts a loopback customer received, in order. */
  readonly received: (thread: string) => readonly string[];
  readonly watcher: ReturnType<typeof makeWatcher>;
}): Promise<Verdict> => {
  const { told, written } = input;
  const client = new Client({ connectionString: input.databaseUrl });
  await client.connect();
  const count = async (sql: string): Promise<number> => (await client.query<{ n: number }>(sql)).rows[0]?.n ?? -1;
  try {
    const { rows } = await client.query<Row>(
      `select m.conversation_id as conversation, c.name as contact, m.seq, m.direction, trim(m.body, E' \\n') as body from message m
       join conversation v on v.id = m.conversation_id join contact c on c.id = v.contact_id
       where m.direction in ('in', 'out') order by m.conversation_id, m.seq`,
    );
    const copies = Map.groupBy(rows, (row) => row.body);
    const all = [...told.flatMap(({ texts }) => texts), ...[...written.values()].flat()];
    const loopback = told.filter(({ channel }) => channel === "loopback");
    const misordered = [
      // Every letter is a conversation of its own, and a mail server may list them in another order than they came.
      ...told
        .filter(({ channel, texts }) => channel !== "email" && !inOrder(texts, rows))
        .map(({ thread }) => `said on ${thread}`),
      ...[...written].filter(([, texts]) => !inOrder(texts, rows)).map(([contact]) => `answered to ${contact}`),
      ...loopback
        .filter(({ thread }) => JSON.stringify(input.received(thread)) !== JSON.stringify(written.get(thread) ?? []))
        .map(({ thread }) => `received by ${thread}: ${JSON.stringify(input.received(thread))}`),
    ];
    const dead = await client.query<{ line: string }>(
      "select type || ': ' || coalesce(error, 'no reason') as line from inbound_event where state = 'parked'",
    );
    return {
      said: told.reduce((sum, { texts }) => sum + texts.length, 0),
      answered: [...written.values()].flat().length,
      lost: all.filter((text) => !copies.has(text)),
      doubled: all.filter((text) => (copies.get(text)?.length ?? 0) > 1),
      misordered,
      misattributed: loopback.flatMap(({ thread, texts }) =>
        texts.filter((text) => copies.get(text)?.some((row) => row.contact !== thread)),
      ),
      seqGaps: await count(
        `select count(*)::int as n from (select v.id from conversation v left join message m on m.conversation_id = v.id
         group by v.id, v.last_seq having count(m.seq) <> v.last_seq or coalesce(max(m.seq), 0) <> v.last_seq) broken`,
      ),
      unfinished: await count("select count(*)::int as n from inbound_event where state = 'new'"),
      undelivered: await count(
        "select count(*)::int as n from delivery where state in ('held', 'queued', 'sending', 'uncertain')",
      ),
      deadLetters: dead.rows.map(({ line }) => line),
      deskDiffers: await differences({ client, watcher: input.watcher }),
    };
  } finally {
    await client.end();
  }
};

const differences = async (input: {
  readonly client: Client;
  readonly watcher: ReturnType<typeof makeWatcher>;
}): Promise<readonly string[]> => {
  const { rows } = await input.client.query<{ id: string; version: number; seqs: number[] }>(
    `select v.id, v.version, array_agg(m.seq order by m.seq) as seqs from conversation v
     join message m on m.conversation_id = v.id group by v.id`,
  );
  const { desk } = input.watcher;
  return rows.flatMap(({ id, version, seqs }) => {
    const held = desk.conversations.get(id);
    const shown = held?.messages.map((message) => message.seq) ?? [];
    if (held?.row?.version !== version) return [`${id}: shows version ${held?.row?.version}, is ${version}`];
    // A long conversation is held from its newest page on; what is held must be gap-free to the end.
    const expected = seqs.slice(seqs.length - shown.length);
    return JSON.stringify(shown) === JSON.stringify(expected) && shown.length > 0
      ? []
      : [`${id}: shows ${shown.join()}`];
  });
};
