import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uuid } from "#core/uuid";
import { makeCommands } from "#runtime/commands";
import type { Takes } from "#wire";
import { type Desk, openDesk, refusal, reply } from "./parts/desk.ts";
import { scripted } from "./parts/scripted.ts";
import { addAgent, addCase, addTenant, type Case, checkNumbers, customerWrites, limitsOf } from "./parts/world.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(async () => {
  await checkNumbers(desk.world.db);
  await desk.world.close();
});

describe("a conversation is worked on", () => {
  const update = (made: Case, set: Takes<"conversation.update">["set"], who = desk.agent, expectedVersion?: number) =>
    desk.commands.updateConversation(who.scope, {
      id: made.conversationId,
      set,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    });

  it("goes to exactly one of two agents who claim it at the same time, and says who has it", async () => {
    const made = await desk.chatCase();
    const claims = await Promise.allSettled([
      update(made, { assigneeId: "me" }, desk.agent),
      update(made, { assigneeId: "me" }, desk.mate),
    ]);
    expect(claims.map((claim) => claim.status).sort()).toEqual(["fulfilled", "rejected"]);
    const lost = claims.find((claim) => claim.status === "rejected");
    expect(lost?.reason).toMatchObject({
      code: "conflict",
      data: { assigneeId: (await desk.rowOf(made)).assignee_id },
    });
  });

  it("is given only to people who may work on it", async () => {
    const made = await desk.chatCase();
    const viewer = await addAgent(desk.world.db, desk.tenant, { role: "client_viewer" });
    const elsewhere = await addAgent(desk.world.db, desk.tenant, { queueIds: [desk.tenant.otherQueueId] });
    const stranger = await addAgent(desk.world.db, await addTenant(desk.world.db));
    for (const one of [viewer, elsewhere, stranger])
      expect((await refusal(update(made, { assigneeId: one.id }))).code).toBe("bad-request");
    expect((await update(made, { assigneeId: desk.mate.id })).assigneeId).toBe(desk.mate.id);
    expect((await update(made, { assigneeId: null })).assigneeId).toBeNull();
    expect(await desk.eventsOf(made)).toMatchObject([
      { event: "assigned", to: desk.mate.id },
      { event: "assigned", from: desk.mate.id, to: null },
    ]);
  });

  it("refuses a change made on an older picture of it", async () => {
    const made = await desk.chatCase();
    const { version } = await desk.rowOf(made);
    await update(made, { priority: 3 }, desk.mate, version);
    const no = await refusal(update(made, { status: "closed" }, desk.agent, version));
    expect(no).toMatchObject({ code: "conflict", data: { version: version + 1 } });
    expect((await desk.rowOf(made)).status).toBe("open");
  });

  it("sleeps until a time that is still to come, closes, and opens again", async () => {
    const made = await desk.chatCase();
    expect((await refusal(update(made, { status: "snoozed" }))).code).toBe("bad-request");
    expect((await refusal(update(made, { status: "snoozed", snoozedUntil: "2020-01-01T00:00:00.000Z" }))).code).toBe(
      "bad-request",
    );
    const until = new Date(Date.now() + 3_600_000).toISOString();
    expect(await update(made, { snoozedUntil: until })).toMatchObject({
      status: "snoozed",
      snoozedUntil: new Date(until),
    });
    expect(await update(made, { status: "closed" })).toMatchObject({
      status: "closed",
      snoozedUntil: null,
      waitingSince: null,
    });
    expect((await update(made, { status: "open" })).status).toBe("open");
  });

  it("moves to another queue: both queues hear of it, and who cannot follow lets go of it", async () => {
    const made = await desk.chatCase();
    const here = await addAgent(desk.world.db, desk.tenant, { queueIds: [desk.tenant.queueId] });
    await update(made, { assigneeId: here.id });
    desk.world.published.length = 0;
    const row = await update(made, { queueId: desk.tenant.otherQueueId }, here);
    expect(row).toMatchObject({ queueId: desk.tenant.otherQueueId, assigneeId: null });
    expect(desk.world.published[0]?.formerQueueId).toBe(desk.tenant.queueId);
    const feed = await desk.world.db.query<{ queue_id: string }>({
      text: "select queue_id from event where conversation_id = $1 and version = $2",
      values: [made.conversationId, row.version],
    });
    expect(feed.map((event) => event.queue_id).sort()).toEqual([desk.tenant.queueId, desk.tenant.otherQueueId].sort());
    expect((await refusal(update(made, { queueId: uuid() }))).code).toBe("bad-request");
  });

  it("does not move its version when nothing is different", async () => {
    const made = await desk.chatCase();
    await update(made, { tags: ["vip", "vip", " "], subject: "Reklamace", priority: 2 });
    const before = await desk.rowOf(made);
    desk.world.published.length = 0;
    await update(made, { tags: ["vip"], subject: "Reklamace", priority: 2, status: "open", assigneeId: null });
    expect((await desk.rowOf(made)).version).toBe(before.version);
    expect(desk.world.published).toEqual([]);
  });

  it("is read up to where the agent looked", async () => {
    const made = await desk.chatCase();
    await customerWrites(desk.world, { tenant: desk.tenant, accountId: desk.chatId, ...made }, "druhá");
    await desk.commands.markRead(desk.agent.scope, { id: made.conversationId, seq: 1 });
    expect((await desk.rowOf(made)).unread).toBe(1);
    await desk.commands.markRead(desk.agent.scope, { id: made.conversationId, seq: 99 });
    const read = await desk.rowOf(made);
    expect(read.unread).toBe(0);
    await desk.commands.markRead(desk.agent.scope, { id: made.conversationId, seq: 1 });
    expect((await desk.rowOf(made)).version).toBe(read.version);
  });

  it("tells the channel once what an agent has read, also by answering", async () => {
    const shown: string[] = [];
    const told = makeCommands({
      ...desk.world,
      outbox: { kick: () => undefined },
      now: desk.world.clock.now,
      limits: limitsOf([scripted({ kind: "talk" })]),
      connection: (accountId) => ({
        markRead: (thread, id) => {
          shown.push(`${accountId} ${thread} ${id}`);
          return Promise.reject(new Error("the channel does not care"));
        },
      }),
    });
    const made = await desk.chatCase();
    const second = await customerWrites(desk.world, { tenant: desk.tenant, accountId: desk.chatId, ...made }, "druhá");
    const tick = (id: string): string => `${desk.chatId} key-${made.threadId} in-${id}`;
    await told.markRead(desk.agent.scope, { id: made.conversationId, seq: 2 });
    await told.markRead(desk.agent.scope, { id: made.conversationId, seq: 2 });
    expect(shown).toEqual([tick(second)]);
    const third = await customerWrites(desk.world, { tenant: desk.tenant, accountId: desk.chatId, ...made }, "třetí");
    await told.sendMessage(desk.agent.scope, reply(made, { mode: "note" }));
    expect(shown).toHaveLength(1);
    await told.sendMessage(desk.agent.scope, reply(made));
    expect(shown).toEqual([tick(second), tick(third)]);
  });

  it("keeps a draft per agent, refuses one written over, and empties it when it is sent", async () => {
    const made = await desk.chatCase();
    const save = (body: string, rev: number, who = desk.agent) =>
      desk.commands.saveDraft(who.scope, { conversationId: made.conversationId, mode: "reply", body, rev });
    expect(await save("Dobrý", 0)).toMatchObject({ rev: 1 });
    expect(await save("Dobrý den", 1)).toMatchObject({ rev: 2 });
    expect((await refusal(save("jiné okno", 1))).data?.draft).toEqual({
      tenantId: desk.tenant.id,
      mode: "reply",
      body: "Dobrý den",
      rev: 2,
    });
    expect((await refusal(save("jiné okno", 0))).code).toBe("conflict");
    expect(await save("můj", 0, desk.mate)).toMatchObject({ rev: 1 });
    await desk.commands.sendMessage(desk.agent.scope, reply(made));
    expect(await save("dál", 2)).toMatchObject({ rev: 3 });
  });

  it("answers on another channel of the same person, unless another open conversation uses it", async () => {
    const made = await desk.chatCase();
    const letter = await addCase(desk.world, { tenant: desk.tenant, accountId: desk.mailId });
    const link = () =>
      desk.commands.linkThread(desk.agent.scope, { conversationId: made.conversationId, threadId: letter.threadId });
    expect((await refusal(link())).code).toBe("not-found");
    await desk.world.db.query({
      text: "update identity set contact_id = $2 where id = $1",
      values: [letter.identityId, made.contactId],
    });
    expect((await refusal(link())).code).toBe("conflict");
    await update(letter, { status: "closed" });
    await link();
    await link();
    const message = await desk.commands.sendMessage(desk.agent.scope, reply(made, { threadId: letter.threadId }));
    expect(message).toMatchObject({ channel: "email", threadId: letter.threadId });
    expect(message.deliveries[0]?.recipient).toBe(letter.address);
    expect((await desk.commands.sendMessage(desk.agent.scope, reply(made))).channel).toBe("talk");
  });
});
