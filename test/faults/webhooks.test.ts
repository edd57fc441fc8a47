import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import { runWebhooks } from "./webhooks.ts";

test("webhooks that come three times, in no order and partly unreadable to a hub that is killed make one message each", async () => {
  const database = await freshDatabase();
  try {
    const report = await runWebhooks({ databaseUrl: database.url, webhooks: 600, kills: 1, say: () => undefined });
    expect(report).toMatchObject({
      deliveries: 1_800,
      kills: 1,
      messages: 594,
      parked: 6,
      doubled: 0,
      lost: 0,
      unfinished: 0,
      seqGaps: 0,
    });
  } finally {
    await database.drop();
  }
}, 120_000);
