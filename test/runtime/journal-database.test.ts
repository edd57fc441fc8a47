import { afterAll, beforeAll, expect, it } from "vitest";
import { DatabaseUnavailable } from "#store/db";
import { type OwnPostgres, ownPostgres } from "../support/postgres.ts";
import { journalBench, message, seedAccount } from "../support/inbound.ts";

let server: OwnPostgres;
beforeAll(async () => {
  server = await ownPostgres({ durable: true });
});
afterAll(() => server.drop());

it("refuses while the database is away, so that the channel delivers again, and goes on by itself afterwards", async () => {
  const bench = await journalBench({ url: server.url });
  const account = await seedAccount(bench.db);
  await bench.journal.receive({ account, event: message({ id: "before" }) });
  await server.stop();
  await expect(bench.journal.receive({ account, event: message({ id: "during" }) })).rejects.toBeInstanceOf(
    DatabaseUnavailable,
  );
  await server.start();
  await bench.journal.receive({ account, event: message({ id: "during" }) });
  const stored = await bench.db.query<{ id: string }>({ text: "select external_id as id from message order by seq" });
  expect(stored.map(({ id }) => id)).toEqual(["before", "during"]);
  await bench.close();
});

it("keeps every message it acknowledged, once, when the database is killed under load", async () => {
  const bench = await journalBench({ url: server.url });
  const account = await seedAccount(bench.db);
  const acknowledged = new Set<string>();
  const run = { on: true };
  // As a channel does: the same message again until it is taken.
  const sender = async (name: string): Promise<void> => {
    for (let index = 0; run.on; index += 1) {
      const event = message({ sender: name, id: `${name}-${index}` });
      for (let taken = false; !taken;) {
        taken = await bench.journal.receive({ account, event }).then(
          () => true,
          () => false,
        );
        if (!taken) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      acknowledged.add(event.id);
    }
  };
  const senders = Array.from({ length: 16 }, (_, index) => sender(`sender-${index}`));
  const reached = async (count: number): Promise<void> => {
    while (acknowledged.size < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await reached(200);
  await server.kill();
  await server.start();
  await reached(acknowledged.size + 200);
  run.on = false;
  await Promise.all(senders);
  const stored = await bench.db.query<{ id: string; seq: number; conversation: string }>({
    text: "select external_id as id, seq, conversation_id as conversation from message where account_id = $1 order by conversation_id, seq",
    values: [account.id],
  });
  expect(new Set(stored.map(({ id }) => id))).toEqual(acknowledged);
  expect(stored).toHaveLength(acknowledged.size);
  const next = new Map<string, number>();
  for (const { conversation, seq, id } of stored) {
    expect(seq).toBe((next.get(conversation) ?? 0) + 1);
    expect(Number(id.split("-").at(-1))).toBe(seq - 1);
    next.set(conversation, seq);
  }
  // Screens heard of every message, those whose commit got no answer included.
  const told = new Set(bench.published.flatMap(({ messages }) => messages.map(({ id }) => id)));
  expect(told.size).toBe(stored.length);
  await bench.close();
});
