import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Refused } from "#core/refused";
import { uuid } from "#core/uuid";
import { type Desk, openDesk, refusal, reply } from "./parts/desk.ts";
import { addAccount, addAgent, addCase, addTenant, checkNumbers, customerWrites } from "./parts/world.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(async () => {
  await checkNumbers(desk.world.db);
  await desk.world.close();
});

describe("an agent answers", () => {
  it("stores the answer once however often the browser repeats it, also at the same time", async () => {
    const made = await desk.chatCase();
    const takes = reply(made);
    const all = await Promise.all([1, 2, 3, 4].map(() => desk.commands.sendMessage(desk.agent.scope, takes)));
    const again = await desk.commands.sendMessage(desk.agent.scope, { ...takes, text: "něco jiného" });
    expect(new Set([...all, again].map((message) => message.id)).size).toBe(1);
    expect(again.body).toBe("Vyřešíme to.");
    const rows = await desk.world.db.query({
      text: "select id from delivery where conversation_id = $1",
      values: [made.conversationId],
    });
    expect(rows).toHaveLength(1);
  });

  it("shows it to the desk when it is repeated: the first time may have ended between storing and telling", async () => {
    const made = await desk.chatCase();
    const takes = reply(made);
    const first = await desk.commands.sendMessage(desk.agent.scope, takes);
    await customerWrites(desk.world, { tenant: desk.tenant, accountId: desk.chatId, ...made }, "Díky");
    desk.world.published.length = 0;
    await desk.commands.sendMessage(desk.agent.scope, takes);
    expect(desk.world.published).toMatchObject([
      { prev: first.version - 1, row: { id: made.conversationId, lastSeq: 4 } },
    ]);
    expect(desk.world.published[0]?.messages.map((one) => [one.direction, one.seq])).toEqual([
      ["event", 2],
      ["out", 3],
      ["in", 4],
    ]);
  });

  it("signs it with the alias, takes the conversation over, and tells the screens in one step", async () => {
    const made = await desk.chatCase();
    desk.world.published.length = 0;
    const message = await desk.commands.sendMessage(desk.agent.scope, reply(made));
    expect(message).toMatchObject({
      direction: "out",
      authorName: "Jana z podpory",
      authorId: desk.agent.id,
      seq: 3,
      channel: "talk",
    });
    expect(message.deliveries).toMatchObject([{ state: "queued", recipient: made.address }]);
    expect(await desk.rowOf(made)).toMatchObject({
      assignee_id: desk.agent.id,
      waiting_since: null,
      unread: 0,
      preview: "Vyřešíme to.",
      last_direction: "out",
    });
    expect(desk.world.published).toHaveLength(1);
    expect(desk.world.published[0]).toMatchObject({ prev: 1, row: { version: 2, lastSeq: 3 } });
    expect(desk.world.published[0]?.messages.map((one) => [one.seq, one.version, one.direction])).toEqual([
      [2, 2, "event"],
      [3, 2, "out"],
    ]);
    const feed = await desk.world.db.query({
      text: "select type, version, queue_id from event where conversation_id = $1",
      values: [made.conversationId],
    });
    expect(feed).toEqual([{ type: "message.added", version: 2, queue_id: desk.tenant.queueId }]);
  });

  it("is refused with what is new when the customer wrote meanwhile", async () => {
    const made = await desk.chatCase();
    await customerWrites(desk.world, { tenant: desk.tenant, accountId: desk.chatId, ...made }, "Už je to dobré");
    const no = await refusal(desk.commands.sendMessage(desk.agent.scope, reply(made, { expectedSeq: 1 })));
    expect(no.code).toBe("stale");
    expect(no.data?.messages?.map((message) => message.body)).toEqual(["Už je to dobré"]);
    expect((await desk.rowOf(made)).last_seq).toBe(2);
    await desk.commands.sendMessage(desk.agent.scope, reply(made));
  });

  it("is refused as stale when a colleague answered, but not because of a note, an event, a held letter or their own words", async () => {
    const made = await desk.chatCase();
    await desk.commands.sendMessage(desk.agent.scope, reply(made, { mode: "note", expectedSeq: 1 }));
    await customerWrites(desk.world, { tenant: desk.tenant, accountId: desk.chatId, ...made }, "od cizího", true);
    await desk.commands.sendMessage(desk.agent.scope, reply(made, { expectedSeq: 1 }));
    await desk.commands.sendMessage(desk.agent.scope, reply(made, { expectedSeq: 1 }));
    const no = await refusal(desk.commands.sendMessage(desk.mate.scope, reply(made, { expectedSeq: 1 })));
    expect(no.data?.messages).toHaveLength(2);
  });

  it("keeps a note inside: no delivery, no channel, the customer still waits", async () => {
    const made = await desk.chatCase();
    const note = await desk.commands.sendMessage(desk.agent.scope, reply(made, { mode: "note", text: "zná ho Petr" }));
    expect(note).toMatchObject({ direction: "note", deliveries: [], threadId: null, accountId: null });
    expect(await desk.rowOf(made)).toMatchObject({ assignee_id: null, last_direction: "note", unread: 1 });
    expect((await desk.rowOf(made)).waiting_since).not.toBeNull();
  });

  it("holds a letter for ten seconds so that it can be taken back, and a shop may say otherwise", async () => {
    const made = await addCase(desk.world, { tenant: desk.tenant, accountId: desk.mailId });
    const message = await desk.commands.sendMessage(desk.agent.scope, reply(made, { subject: "Vaše objednávka" }));
    const [delivery] = message.deliveries;
    expect(delivery?.state).toBe("held");
    expect(Math.round(((delivery?.nextAt?.getTime() ?? 0) - desk.world.clock.now().getTime()) / 1000)).toBe(10);
    expect(message.subject).toBe("Vaše objednávka");
    const tokens = await desk.world.db.query({
      text: "select token from reply_token where thread_id = $1",
      values: [made.threadId],
    });
    expect(tokens).toHaveLength(1);

    const hasty = await addTenant(desk.world.db, { undoSeconds: { email: 0, talk: 3 } });
    const theirs = await addAgent(desk.world.db, hasty);
    const mail = await addAccount(desk.world, { tenant: hasty, kind: "email", url: "http://127.0.0.1:9" });
    const letter = await addCase(desk.world, { tenant: hasty, accountId: mail });
    const sent = await desk.commands.sendMessage(theirs.scope, reply(letter));
    expect(sent.deliveries[0]?.state).toBe("queued");
  });

  it("is refused after the reply window has closed", async () => {
    const made = await addCase(desk.world, {
      tenant: desk.tenant,
      accountId: desk.chatId,
      windowUntil: new Date(Date.now() - 1000),
    });
    expect((await refusal(desk.commands.sendMessage(desk.agent.scope, reply(made)))).code).toBe("window-closed");
    const open = await addCase(desk.world, {
      tenant: desk.tenant,
      accountId: desk.chatId,
      windowUntil: new Date(Date.now() + 60_000),
    });
    expect((await desk.commands.sendMessage(desk.agent.scope, reply(open))).direction).toBe("out");
  });

  it("becomes several messages in order when it is longer than the channel carries", async () => {
    const made = await desk.chatCase();
    const text = Array.from({ length: 400 }, (_, index) => `slovo${index}`).join(" ");
    const first = await desk.commands.sendMessage(desk.agent.scope, reply(made, { text }));
    const rows = await desk.world.db.query<{ body: string; seq: number }>({
      text: "select body, seq from message where conversation_id = $1 and direction = 'out' order by seq",
      values: [made.conversationId],
    });
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.map((row) => row.body).join(" ")).toBe(text);
    expect(Math.max(...rows.map((row) => row.body.length))).toBeLessThanOrEqual(1000);
    expect(first.body).toBe(rows[0]?.body);
    const deliveries = await desk.world.db.query({
      text: "select seq from delivery where conversation_id = $1 order by seq",
      values: [made.conversationId],
    });
    expect(deliveries).toHaveLength(rows.length);
  });

  it("carries files the agent uploaded, and nobody else's", async () => {
    const made = await desk.chatCase();
    const message = await desk.commands.sendMessage(
      desk.agent.scope,
      reply(made, { text: "", uploadIds: [await desk.upload(desk.agent)] }),
    );
    expect(message.parts).toMatchObject([{ name: "faktura.txt", blobKey: "blob", state: "stored" }]);
    expect((await desk.rowOf(made)).preview).toBe("faktura.txt");
    const send = (uploadIds: string[]): Promise<Refused> =>
      refusal(desk.commands.sendMessage(desk.agent.scope, reply(made, { uploadIds })));
    const stranger = await addTenant(desk.world.db);
    expect((await send([await desk.upload(desk.mate)])).code).toBe("bad-request");
    expect((await send([await desk.upload(desk.agent, { tenantId: stranger.id })])).code).toBe("bad-request");
    expect((await send([await desk.upload(desk.agent, { size: 1_001 })])).code).toBe("too-large");
    expect((await send([await desk.upload(desk.agent, { mime: "image/png" })])).code).toBe("bad-request");
    expect(
      (await send([await desk.upload(desk.agent), await desk.upload(desk.agent), await desk.upload(desk.agent)])).code,
    ).toBe("bad-request");
  });

  it("is refused when it is empty, has no channel, or the channel is switched off", async () => {
    const made = await desk.chatCase();
    expect((await refusal(desk.commands.sendMessage(desk.agent.scope, reply(made, { text: " \n " })))).code).toBe(
      "bad-request",
    );
    expect((await refusal(desk.commands.sendMessage(desk.agent.scope, reply(made, { threadId: uuid() })))).code).toBe(
      "not-found",
    );
    const off = await addAccount(desk.world, { tenant: desk.tenant, kind: "talk", url: "http://127.0.0.1:9" });
    const other = await addCase(desk.world, { tenant: desk.tenant, accountId: off });
    await desk.world.db.query({ text: "update channel_account set enabled = false where id = $1", values: [off] });
    expect((await refusal(desk.commands.sendMessage(desk.agent.scope, reply(other)))).code).toBe("unavailable");
  });

  it("can close the conversation with the same click, and wakes a sleeping one", async () => {
    const made = await desk.chatCase();
    await desk.commands.sendMessage(desk.agent.scope, reply(made, { thenStatus: "closed" }));
    expect(await desk.rowOf(made)).toMatchObject({ status: "closed" });
    await desk.commands.sendMessage(desk.agent.scope, reply(made));
    expect(await desk.rowOf(made)).toMatchObject({ status: "open" });
    expect(await desk.eventsOf(made)).toMatchObject([
      { event: "assigned", to: desk.agent.id },
      { event: "status", from: "open", to: "closed" },
      { event: "status", from: "closed", to: "open" },
    ]);
  });
});

describe("an agent takes a message back", () => {
  it("cancels it while it is held, all parts of a long one, and only once", async () => {
    const made = await addCase(desk.world, { tenant: desk.tenant, accountId: desk.mailId });
    const text = Array.from({ length: 300 }, (_, index) => `slovo${index}`).join(" ");
    const message = await desk.commands.sendMessage(desk.agent.scope, reply(made, { text }));
    const gone = await desk.commands.cancelMessage(desk.agent.scope, { messageId: message.id });
    expect(gone.deliveries).toMatchObject([{ state: "cancelled", nextAt: null }]);
    expect(gone.version).toBeGreaterThan(message.version);
    const states = await desk.world.db.query({
      text: "select distinct state from delivery where conversation_id = $1",
      values: [made.conversationId],
    });
    expect(states).toEqual([{ state: "cancelled" }]);
    const before = await desk.rowOf(made);
    await desk.commands.cancelMessage(desk.agent.scope, { messageId: message.id });
    expect((await desk.rowOf(made)).version).toBe(before.version);
  });

  it("is told that it is too late when the message is on its way", async () => {
    const made = await desk.chatCase();
    const message = await desk.commands.sendMessage(desk.agent.scope, reply(made));
    expect((await refusal(desk.commands.cancelMessage(desk.agent.scope, { messageId: message.id }))).code).toBe(
      "conflict",
    );
  });

  it("puts a failed or uncertain message back into the queue, and nothing else", async () => {
    const made = await desk.chatCase();
    const message = await desk.commands.sendMessage(desk.agent.scope, reply(made));
    expect((await refusal(desk.commands.retryMessage(desk.agent.scope, { messageId: message.id }))).code).toBe(
      "conflict",
    );
    // Sent again although it may have arrived: that is remembered, so that the channel may tell the copy apart.
    for (const [state, errorCode] of [
      ["failed", null],
      ["uncertain", "insisted"],
    ]) {
      await desk.world.db.query({
        text: "update delivery set state = $2, attempts = 4, error_code = 'x' where message_id = $1",
        values: [message.id, state],
      });
      const again = await desk.commands.retryMessage(desk.agent.scope, { messageId: message.id });
      expect(again.deliveries).toMatchObject([{ state: "queued", attempts: 0, errorCode }]);
    }
  });

  it("accepts a held letter: from then on it counts", async () => {
    const made = await desk.chatCase();
    const held = await customerWrites(
      desk.world,
      { tenant: desk.tenant, accountId: desk.chatId, ...made },
      "jiná adresa",
      true,
    );
    const before = await desk.rowOf(made);
    expect((await desk.commands.acceptHeld(desk.agent.scope, { messageId: held })).held).toBe(false);
    expect(await desk.rowOf(made)).toMatchObject({ unread: before.unread + 1, version: before.version + 1 });
    await desk.commands.acceptHeld(desk.agent.scope, { messageId: held });
    expect((await desk.rowOf(made)).version).toBe(before.version + 1);
  });
});
