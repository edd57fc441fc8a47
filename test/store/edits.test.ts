import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { remoteId, threadKey } from "#contract";
import type { AccountRef } from "#core/inbound";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";

let fresh: FreshDatabase;
let bench: JournalBench;
let account: AccountRef;

beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
  account = await seedAccount(bench.db);
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

const journalState = async (key: string): Promise<string | undefined> =>
  (
    await bench.db.query<{ state: string }>({
      text: "select state from inbound_event where account_id = $1 and dedupe_key = $2",
      values: [account.id, key],
    })
  )[0]?.state;

describe("edits, reactions and messages taken back", () => {
  const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 23, 10, minute));
  const arrive = async (id: string): Promise<string> => {
    await bench.journal.receive({ account, event: message({ thread: id, sender: id, id, text: "original" }) });
    return id;
  };
  const edit = (id: string, text: string, minute: number): Promise<void> =>
    bench.journal.receive({
      account,
      event: { type: "edit", thread: threadKey(id), id: remoteId(id), text, at: at(minute) },
    });
  const revoke = (id: string): Promise<void> =>
    bench.journal.receive({ account, event: { type: "revoke", thread: threadKey(id), id: remoteId(id), at: at(30) } });
  const react = (id: string, emoji: string, minute: number): Promise<void> =>
    bench.journal.receive({
      account,
      event: { type: "reaction", thread: threadKey(id), id: remoteId(id), actor: "customer", emoji, at: at(minute) },
    });
  const stored = async (id: string) => {
    const [row] = await bench.db.query<{ body: string; revisions: string[]; reactions: string[]; revoked: boolean }>({
      text: `select m.body, m.revoked_at is not null as revoked,
          (select coalesce(json_agg(r.body order by r.no), '[]') from message_revision r where r.message_id = m.id) as revisions,
          (select coalesce(json_agg(r.emoji), '[]') from reaction r where r.message_id = m.id and r.emoji <> '') as reactions
        from message m where m.account_id = $1 and m.external_id = $2`,
      values: [account.id, id],
    });
    return row;
  };

  it("show the newest words and keep the earlier ones", async () => {
    const id = await arrive("edited");
    await edit(id, "second", 1);
    await edit(id, "third", 2);
    await edit(id, "late second", 1);
    expect(await stored(id)).toMatchObject({ body: "third", revisions: ["original", "second"] });
    expect(bench.published.at(-1)?.row.preview).toBe("third");
  });

  it("that come before their message wait and are applied with it, in their order", async () => {
    await edit("early", "edited early", 1);
    await react("early", "👍", 2);
    expect(await journalState(`e:early:${at(1).toISOString()}`)).toBe("waiting");
    await arrive("early");
    expect(await stored("early")).toMatchObject({ body: "edited early", revisions: ["original"], reactions: ["👍"] });
    const told = bench.published.at(-1);
    expect(told?.messages).toMatchObject([
      { body: "edited early", reactions: [{ actor: "customer", emoji: "👍" }], seq: 1 },
    ]);
    expect(told?.row.version).toBe(told?.messages[0]?.version);
    expect(await journalState(`e:early:${at(1).toISOString()}`)).toBe("done");
  });

  it("arrive together with their message in one batch and end the same", async () => {
    await Promise.all([
      arrive("together"),
      edit("together", "edited", 1),
      react("together", "❤️", 1),
      react("together", "", 2),
    ]);
    expect(await stored("together")).toMatchObject({ body: "edited", reactions: [] });
  });

  it("show the newest reaction in whatever order they come, also after it was taken back", async () => {
    const id = await arrive("reacted");
    const shown = async (): Promise<unknown> => [
      (await stored(id))?.reactions,
      bench.published.findLast(({ messages }) => messages.some(({ body }) => body === "original"))?.messages[0]
        ?.reactions,
    ];
    await react(id, "👍", 1);
    await react(id, "👍", 4);
    await react(id, "😢", 3);
    expect(await shown()).toEqual([["👍"], [{ actor: "customer", emoji: "👍" }]]);
    await Promise.all([react(id, "", 6), react(id, "❤️", 5)]);
    await react(id, "🎉", 5.5);
    expect(await shown()).toEqual([[], []]);
    await react(id, "🙏", 7);
    await react(id, "🎯", 7);
    expect(await shown()).toEqual([["🎯"], [{ actor: "customer", emoji: "🎯" }]]);
    expect(bench.published.at(-1)?.messages[0]?.reactions).toEqual([{ actor: "customer", emoji: "🎯" }]);
  });

  it("leave no words of a message that was taken back, except in its history", async () => {
    const id = await arrive("revoked");
    await revoke(id);
    await edit(id, "back again", 40);
    expect(await stored(id)).toMatchObject({ body: "", revoked: true, revisions: ["original"] });
    expect(bench.published.at(-1)?.row.preview).toBe("");
  });
});
