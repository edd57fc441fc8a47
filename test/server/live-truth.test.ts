import { afterAll, beforeAll, expect, test } from "vitest";
import { type Scope, userScope } from "#core/scope";
import { listView } from "#store/conversations";
import { grantsOf } from "#store/members";
import { messagesSince } from "#store/messages";
import type { Change, ConversationRow, Frame, MessageView } from "#wire";
import {
  addConversation,
  addQueue,
  addTenant,
  addUser,
  deskSocket,
  type DeskClient,
  type Hub,
  logIn,
  startHub,
} from "./hub.ts";

/** A desk without a screen: what it holds is what an agent would see. */
const headless = async (
  hub: Hub,
  user: { id: string; name: string; email: string },
  sees: (row: ConversationRow) => boolean,
) => {
  const client: DeskClient = await deskSocket(hub, await logIn(hub, user), { reconnection: true });
  const rows = new Map<string, ConversationRow>();
  const open = new Map<string, { version: number; messages: Map<string, MessageView> }>();
  let cursor = "";
  let resyncs = 0;
  let gaps = 0;
  let work = Promise.resolve();
  const later = (task: () => Promise<void>): void => {
    work = work.then(task).catch(() => undefined);
  };

  const takeRow = (row: ConversationRow): void => {
    if ((rows.get(row.id)?.version ?? -1) <= row.version) rows.set(row.id, row);
  };
  const takeMessages = (id: string, messages: readonly MessageView[]): void => {
    const held = open.get(id);
    for (const message of messages)
      if ((held?.messages.get(message.id)?.version ?? -1) <= message.version) held?.messages.set(message.id, message);
  };
  const fill = async (id: string): Promise<void> => {
    for (;;) {
      const held = open.get(id);
      if (held === undefined) return;
      const page = await client.ask("conversation.since", { id, version: held.version, limit: 7 });
      if (!page.ok) return void open.delete(id);
      takeRow(page.value.row);
      takeMessages(id, page.value.messages);
      const highest = page.value.messages.reduce((most, message) => Math.max(most, message.version), held.version);
      held.version = Math.max(held.version, page.value.more ? highest : page.value.row.version);
      if (!page.value.more) return;
    }
  };
  const apply = (change: Change): void => {
    takeRow(change.row);
    const held = open.get(change.row.id);
    if (held === undefined || change.row.version <= held.version) return;
    if (change.prev > held.version) {
      gaps += 1;
      later(() => fill(change.row.id));
      return;
    }
    takeMessages(change.row.id, change.messages);
    held.version = change.row.version;
  };
  const resync = async (): Promise<void> => {
    resyncs += 1;
    // Rooms first, then what was missed: the other way round something could slip in between.
    for (const id of open.keys()) {
      const entered = await client.ask("conversation.open", { id, limit: 1 });
      if (!entered.ok && entered.refusal.code === "not-found") {
        open.delete(id);
        rows.delete(id);
      }
    }
    for (;;) {
      const have = [...open].map(([id, { version }]) => ({ id, version }));
      const page = await client.ask("sync", { cursor, have, limit: 5 });
      if (!page.ok) return;
      expect(page.value.reset).toBe(false);
      for (const change of page.value.changes) apply(change);
      cursor = page.value.cursor;
      if (!page.value.more) break;
    }
    // Rows that left one's queues while away are in no answer: the list is read again.
    const view = await client.ask("view.open", { kind: "all" });
    if (!view.ok) return;
    const listed = new Set(view.value.rows.map(({ id }) => id));
    for (const id of rows.keys()) if (!listed.has(id)) rows.delete(id);
    for (const row of view.value.rows) takeRow(row);
  };
  client.socket.on("frame", (frame: Frame) => {
    for (const change of frame.changes) apply(change);
  });
  client.socket.on("connect", () => later(resync));

  return {
    client,
    rows: () => [...rows.values()].filter((row) => sees(row) && (row.status === "open" || row.status === "waiting")),
    open,
    start: async (ids: readonly string[]): Promise<void> => {
      const view = await client.ask("view.open", { kind: "all" });
      if (!view.ok) throw new Error("refused");
      cursor = view.value.cursor;
      for (const row of view.value.rows) takeRow(row);
      for (const id of ids) {
        const detail = await client.ask("conversation.open", { id });
        if (!detail.ok) continue;
        open.set(id, { version: detail.value.row.version, messages: new Map() });
        takeMessages(id, detail.value.messages);
        takeRow(detail.value.row);
      }
    },
    drop: (): void => {
      // Cut while it is still opening, the client library would wait for its own time limit.
      if (client.socket.connected) client.socket.io.engine.close();
    },
    idle: async (): Promise<void> => {
      for (let before; before !== work;) {
        before = work;
        await before;
      }
    },
    resync,
    counts: () => ({ resyncs, gaps }),
  };
};

let hub: Hub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.stop());

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

test("after a storm of changes and dropped lines every desk shows exactly what the database holds", async () => {
  const tenant = await addTenant(hub, "bank");
  const other = await addTenant(hub, "shop");
  const queues = [await addQueue(hub, tenant, "cards"), await addQueue(hub, tenant, "loans")];
  const ids: string[] = [];
  for (let i = 0; i < 9; i += 1)
    ids.push((await addConversation(hub, { tenantId: tenant, queueId: pick([null, ...queues]) })).id);
  ids.push((await addConversation(hub, { tenantId: other })).id);
  const limited = [queues[0] ?? ""];
  const users = [
    { ...(await addUser(hub, "All Queues", [{ tenantId: tenant }])), queueIds: [] as string[] },
    { ...(await addUser(hub, "One Queue", [{ tenantId: tenant, queueIds: limited }])), queueIds: limited },
    { ...(await addUser(hub, "Two Companies", [{ tenantId: tenant }, { tenantId: other }])), queueIds: [] },
    { ...(await addUser(hub, "Restricted One", [{ tenantId: tenant, profile: "restricted" }])), queueIds: [] },
    { ...(await addUser(hub, "Other Only", [{ tenantId: other }])), queueIds: [] },
    { ...(await addUser(hub, "All Again", [{ tenantId: tenant, role: "supervisor" }])), queueIds: [] },
  ];
  const desks = await Promise.all(
    users.map((user) =>
      headless(
        hub,
        user,
        (row) => user.queueIds.length === 0 || row.queueId === null || user.queueIds.includes(row.queueId),
      ),
    ),
  );
  await Promise.all(desks.map((desk) => desk.start(ids)));

  const actor = { type: "user", id: users[2]?.id ?? "", name: "Two Companies" } as const;
  const boss = userScope({
    actor,
    grants: new Map([tenant, other].map((id) => [id, { role: "admin", profile: "normal", alias: null, queueIds: [] }])),
  });
  let written = 0;
  let commands = 0;
  const storm = new AbortController();
  const resyncs = (): number => desks.reduce((sum, desk) => sum + desk.counts().resyncs, 0);
  const writer = async (): Promise<void> => {
    // A fast machine writes 400 before enough lines were cut: the storm goes on until both are so.
    while ((commands += 1) < 400 || (resyncs() <= 10 && commands < 1_200)) {
      const id = pick(ids);
      const set = pick([
        { priority: Math.floor(Math.random() * 9) },
        { tags: [pick(["a", "b", "c"])] },
        { queueId: pick(queues) },
        { assigneeId: pick([null, users[0]?.id ?? null]) },
      ]);
      const isOther = id === ids.at(-1);
      await (
        Math.random() < 0.6 || (isOther && "queueId" in set)
          ? hub.commands.sendMessage(boss, {
              conversationId: id,
              clientKey: crypto.randomUUID(),
              mode: "note",
              text: `note ${(written += 1)}`,
              uploadIds: [],
            })
          : hub.commands.updateConversation(boss, { id, set })
      ).catch((thrown: unknown) => {
        if (!(thrown instanceof Error && thrown.name === "Refused")) throw thrown;
      });
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
  };
  const breaker = async (): Promise<void> => {
    while (!storm.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 120));
      pick(desks).drop();
    }
  };
  const broken = breaker();
  await Promise.all([writer(), writer(), writer(), writer()]);
  storm.abort();
  await broken;

  const grants = await grantsOf({ db: hub.db, userIds: users.map(({ id }) => id) });
  for (const [i, desk] of desks.entries()) {
    const user = users[i] ?? { id: "", name: "" };
    for (let tries = 0; !desk.client.socket.connected && tries < 100; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    // Whatever is still on the way arrives before the answer to this question.
    await new Promise((resolve) => setTimeout(resolve, 250));
    await desk.client.ask("view.open", { kind: "all", limit: 1 });
    await desk.idle();
    const scope: Scope = userScope({ actor: { type: "user", ...user }, grants: grants.get(user.id) ?? new Map() });
    const truth = await listView({ db: hub.db, scope, view: { kind: "all" } });
    const short = (row: {
      id: string;
      version: number;
      status: string;
      queueId: string | null;
      assigneeId: string | null;
      lastSeq: number;
    }) => [row.id, row.version, row.status, row.queueId, row.assigneeId, row.lastSeq].join(" ");
    expect(desk.rows().map(short).sort()).toEqual(truth.rows.map(short).sort());
    const seen = truth.rows.filter(({ id }) => desk.open.has(id));
    for (const row of seen) {
      const page = await messagesSince({ db: hub.db, scope, id: row.id, version: 0, limit: 200 });
      const all = [...page.messages];
      while (page.more && all.length < row.lastSeq) {
        const next = await messagesSince({
          db: hub.db,
          scope,
          id: row.id,
          version: Math.max(...all.map(({ version }) => version)),
          limit: 200,
        });
        all.push(...next.messages);
        if (!next.more) break;
      }
      const held = [...(desk.open.get(row.id)?.messages.values() ?? [])];
      const line = (message: { seq: number; id: string; version: number }) =>
        `${message.seq} ${message.id} ${message.version}`;
      expect(held.sort((a, b) => a.seq - b.seq).map(line)).toEqual(all.sort((a, b) => a.seq - b.seq).map(line));
      expect(held.map(({ seq }) => seq)).toEqual(Array.from({ length: row.lastSeq }, (_, seq) => seq + 1));
    }
    // What left one's queues while open is gone from the screen and comes back only when opened again.
    expect(seen.length).toBeGreaterThanOrEqual(user.name === "One Queue" ? 0 : truth.rows.length);
    desk.client.socket.close();
  }
  expect(written).toBeGreaterThan(100);
  expect(resyncs()).toBeGreaterThan(10);
}, 60_000);

test("a laptop asleep for an hour gets page by page exactly what it missed", async () => {
  const tenant = await addTenant(hub, "hotel");
  const user = await addUser(hub, "Sleepy Agent", [{ tenantId: tenant }]);
  const ids: string[] = [];
  for (let i = 0; i < 12; i += 1) ids.push((await addConversation(hub, { tenantId: tenant })).id);
  const desk = await headless(hub, user, () => true);
  await desk.start(ids.slice(0, 3));
  desk.client.socket.io.reconnection(false);
  desk.drop();
  const scope = userScope({
    actor: { type: "user", ...user },
    grants: (await grantsOf({ db: hub.db, userIds: [user.id] })).get(user.id) ?? new Map(),
  });
  for (let i = 0; i < 60; i += 1)
    await hub.commands.sendMessage(scope, {
      conversationId: ids[i % 12] ?? "",
      clientKey: crypto.randomUUID(),
      mode: "note",
      text: `missed ${i}`,
      uploadIds: [],
    });
  hub.pass(3_600_000);
  desk.client.socket.connect();
  await new Promise<void>((resolve) => {
    if (desk.client.socket.connected) resolve();
    else desk.client.socket.once("connect", () => resolve());
  });
  await desk.idle();
  for (const id of ids.slice(0, 3)) {
    const held = desk.open.get(id);
    expect([held?.version, held?.messages.size]).toEqual([6, 6]);
  }
  expect(desk.rows().map(({ version }) => version)).toEqual(Array(12).fill(6));
  desk.client.socket.close();
});
