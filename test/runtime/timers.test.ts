import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uuid } from "#core/uuid";
import { startTimers, type Timers } from "#runtime/timers";
import { quietCommands } from "./parts/node.ts";
import { scripted } from "./parts/scripted.ts";
import {
  addAccount,
  addAgent,
  addCase,
  addTenant,
  checkNumbers,
  openWorld,
  type Tenant,
  until,
  type World,
} from "./parts/world.ts";

let world: World;
let tenant: Tenant;
let accountId: string;
const running: Timers[] = [];

beforeAll(async () => {
  world = await openWorld();
  tenant = await addTenant(world.db);
  accountId = await addAccount(world, { tenant, kind: "talk", url: "http://127.0.0.1:9" });
});
afterAll(async () => {
  for (const timers of running) await timers.stop();
  await checkNumbers(world.db);
  await world.close();
});

describe("what happens by time alone", () => {
  it("a sleeping conversation wakes at its time: once, on the screens, and with a line in its history", async () => {
    const agent = await addAgent(world.db, tenant);
    const commands = quietCommands(world, [scripted({ kind: "talk" })]);
    const cases = await Promise.all(Array.from({ length: 130 }, () => addCase(world, { tenant, accountId })));
    const until1h = new Date(world.clock.now().getTime() + 3_600_000).toISOString();
    for (const made of cases)
      await commands.updateConversation(agent.scope, { id: made.conversationId, set: { snoozedUntil: until1h } });
    const later = await addCase(world, { tenant, accountId });
    await commands.updateConversation(agent.scope, {
      id: later.conversationId,
      set: { snoozedUntil: new Date(world.clock.now().getTime() + 9_000_000).toISOString() },
    });
    for (const nodeId of ["a", "b"]) running.push(startTimers({ ...world, now: world.clock.now, nodeId }));
    await Promise.all(running.map((timers) => timers.run()));
    world.published.length = 0;
    world.clock.advance(3_600_001);
    await until("all are awake", () => world.published.length >= cases.length);
    await Promise.all(running.map((timers) => timers.run()));
    expect(world.published).toHaveLength(cases.length);
    for (const change of world.published) {
      expect(change.row).toMatchObject({ status: "open", snoozedUntil: null });
      expect(change.messages).toMatchObject([{ direction: "event", authorType: "system", detail: { event: "woke" } }]);
    }
    const asleep = await world.db.query({ text: "select id from conversation where status = 'snoozed'" });
    expect(asleep).toEqual([{ id: later.conversationId }]);
  });

  it("old uploads, sessions and drafts go; fresh ones stay", async () => {
    const agent = await addAgent(world.db, tenant);
    const made = await addCase(world, { tenant, accountId });
    const day = 86_400_000;
    const at = (ms: number): Date => new Date(world.clock.now().getTime() + ms);
    for (const age of [-2 * day, 0])
      await world.db.query({
        text: `insert into upload (id, tenant_id, owner_type, owner_id, name, mime, size, blob_key, created_at)
          values ($1, $2, 'agent', 'x', 'n', 'text/plain', 1, 'k', $3)`,
        values: [uuid(), tenant.id, at(age)],
      });
    for (const age of [-2 * day, 0])
      await world.db.query({
        text: `insert into session (id, user_id, token_hash, csrf, created_at, expires_at) values ($1, $2, $3, 'c', $4, $5)`,
        values: [uuid(), agent.id, Buffer.alloc(32, age === 0 ? 1 : 2), at(age - day), at(age)],
      });
    for (const mode of ["reply", "note"])
      await world.db.query({
        text: `insert into draft (conversation_id, user_id, mode, tenant_id, body, updated_at) values ($1, $2, $3, $4, 'x', $5)`,
        values: [made.conversationId, agent.id, mode, tenant.id, at(mode === "reply" ? -31 * day : 0)],
      });
    const counts = async () =>
      world.db.query({
        text: `select (select count(*)::int from upload) as uploads, (select count(*)::int from session) as sessions,
          (select count(*)::int from draft) as drafts`,
      });
    expect(await counts()).toEqual([{ uploads: 2, sessions: 2, drafts: 2 }]);
    world.clock.advance(11 * 60_000);
    await until("the sweep has run", async () => (await counts())[0]?.["uploads" as never] === 1);
    await Promise.all(running.map((timers) => timers.run()));
    expect(await counts()).toEqual([{ uploads: 1, sessions: 1, drafts: 1 }]);
  });

  it("old entries of the event log go, and news whose message never came is given up", async () => {
    const day = 86_400_000;
    const ago = (days: number): Date => new Date(world.clock.now().getTime() - days * day);
    for (const days of [16, 15.5, 1])
      await world.db.query({
        text: "insert into event (tenant_id, type, data, at) values ($1, 'conversation.changed', '{\"old\":true}', $2)",
        values: [tenant.id, ago(days)],
      });
    for (const days of [8, 6])
      await world.db.query({
        text: `insert into inbound_event (id, tenant_id, account_id, dedupe_key, type, payload, state, received_at)
          values ($1, $2, $3, $4, 'revoke', '{}', 'waiting', $5)`,
        values: [uuid(), tenant.id, accountId, `x:${days}`, ago(days)],
      });
    const left = async (): Promise<string[]> =>
      (
        await world.db.query<{ is: string }>({
          text: `select 'event' as is from event where data ->> 'old' = 'true'
            union all select state from inbound_event where type = 'revoke' order by 1`,
        })
      ).map((row) => row.is);
    world.clock.advance(11 * 60_000);
    await until("the old is gone", async () => (await left()).length === 3);
    await until("the late is given up", async () => (await left()).includes("parked"));
    expect(await left()).toEqual(["event", "parked", "waiting"]);
  });
});
