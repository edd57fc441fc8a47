import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Refused } from "#core/refused";
import { uuid } from "#core/uuid";
import { type Commands, makeCommands } from "#runtime/commands";
import type { Takes } from "#wire";
import { quietCommands } from "./parts/node.ts";
import { scripted } from "./parts/scripted.ts";
import {
  addAccount,
  addAgent,
  addCase,
  addTenant,
  type Agent,
  type Case,
  checkNumbers,
  customerWrites,
  limitsOf,
  openWorld,
  type Tenant,
  type World,
} from "./parts/world.ts";

let world: World;
let commands: Commands;
let tenant: Tenant;
let agent: Agent;
let mate: Agent;
let chatId: string;
let mailId: string;

beforeAll(async () => {
  world = await openWorld();
  commands = quietCommands(world, [scripted({ kind: "talk" }), scripted({ kind: "email", mail: true })]);
  tenant = await addTenant(world.db);
  agent = await addAgent(world.db, tenant);
  mate = await addAgent(world.db, tenant, { alias: "Karel" });
  chatId = await addAccount(world, { tenant, kind: "talk", url: "http://127.0.0.1:9" });
  mailId = await addAccount(world, { tenant, kind: "email", url: "http://127.0.0.1:9" });
});
afterAll(async () => {
  await checkNumbers(world.db);
  await world.close();
});

const chatCase = (): Promise<Case> => addCase(world, { tenant, accountId: chatId });
const reply = (made: Case, more: Partial<Takes<"message.send">> = {}): Takes<"message.send"> => ({
  conversationId: made.conversationId,
  clientKey: uuid(),
  mode: "reply",
  text: "Vyřešíme to.",
  uploadIds: [],
  ...more,
});
const refusal = async (work: Promise<unknown>): Promise<Refused> => {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof Refused) return thrown;
    throw thrown;
  }
  throw new Error("was not refused");
};
const rowOf = async (made: Case) => {
  const [row] = await world.db.query<{
    version: number;
    last_seq: number;
    status: string;
    assignee_id: string | null;
    queue_id: string | null;
    waiting_since: Date | null;
    unread: number;
    preview: string;
    last_direction: string;
    snoozed_until: Date | null;
  }>({ text: "select * from conversation where id = $1", values: [made.conversationId] });
  if (row === undefined) throw new Error("no row");
  return row;
};
const eventsOf = async (made: Case): Promise<unknown[]> =>
  (
    await world.db.query<{ detail: unknown }>({
      text: "select detail from message where conversation_id = $1 and direction = 'event' order by seq",
      values: [made.conversationId],
    })
  ).map((row) => row.detail);
const upload = async (owner: Agent, o: { mime?: string; size?: number; tenantId?: string } = {}): Promise<string> => {
  const id = uuid();
  await world.db.query({
    text: `insert into upload (id, tenant_id, owner_type, owner_id, name, mime, size, blob_key)
      values ($1, $2, 'agent', $3, 'faktura.txt', $4, $5, 'blob')`,
    values: [id, o.tenantId ?? tenant.id, owner.id, o.mime ?? "text/plain", o.size ?? 10],
  });
  return id;
};

describe("an agent answers", () => {
  it("stores the answer once however often the browser repeats it, also at the same time", async () => {
    const made = await chatCase();
    const takes = reply(made);
    const all = await Promise.all([1, 2, 3, 4].map(() => commands.sendMessage(agent.scope, takes)));
    const again = await commands.sendMessage(agent.scope, { ...takes, text: "něco jiného" });
    expect(new Set([...all, again].map((message) => message.id)).size).toBe(1);
    expect(again.body).toBe("Vyřešíme to.");
    const rows = await world.db.query({
      text: "select id from delivery where conversation_id = $1",
      values: [made.conversationId],
    });
    expect(rows).toHaveLength(1);
  });

  it("signs it with the alias, takes the conversation over, and tells the screens in one step", async () => {
    const made = await chatCase();
    world.published.length = 0;
    const message = await commands.sendMessage(agent.scope, reply(made));
    expect(message).toMatchObject({
      direction: "out",
      authorName: "Jana z podpory",
      authorId: agent.id,
      seq: 3,
      channel: "talk",
    });
    expect(message.deliveries).toMatchObject([{ state: "queued", recipient: made.address }]);
    expect(await rowOf(made)).toMatchObject({
      assignee_id: agent.id,
      waiting_since: null,
      unread: 0,
      preview: "Vyřešíme to.",
      last_direction: "out",
    });
    expect(world.published).toHaveLength(1);
    expect(world.published[0]).toMatchObject({ prev: 1, row: { version: 2, lastSeq: 3 } });
    expect(world.published[0]?.messages.map((one) => [one.seq, one.version, one.direction])).toEqual([
      [2, 2, "event"],
      [3, 2, "out"],
    ]);
    const feed = await world.db.query({
      text: "select type, version, queue_id from event where conversation_id = $1",
      values: [made.conversationId],
    });
    expect(feed).toEqual([{ type: "message.added", version: 2, queue_id: tenant.queueId }]);
  });

  it("is refused with what is new when the customer wrote meanwhile", async () => {
    const made = await chatCase();
    await customerWrites(world, { tenant, accountId: chatId, ...made }, "Už je to dobré");
    const no = await refusal(commands.sendMessage(agent.scope, reply(made, { expectedSeq: 1 })));
    expect(no.code).toBe("stale");
    expect(no.data?.messages?.map((message) => message.body)).toEqual(["Už je to dobré"]);
    expect((await rowOf(made)).last_seq).toBe(2);
    await commands.sendMessage(agent.scope, reply(made));
  });

  it("is refused as stale when a colleague answered, but not because of a note, an event, a held letter or their own words", async () => {
    const made = await chatCase();
    await commands.sendMessage(agent.scope, reply(made, { mode: "note", expectedSeq: 1 }));
    await customerWrites(world, { tenant, accountId: chatId, ...made }, "od cizího", true);
    await commands.sendMessage(agent.scope, reply(made, { expectedSeq: 1 }));
    await commands.sendMessage(agent.scope, reply(made, { expectedSeq: 1 }));
    const no = await refusal(commands.sendMessage(mate.scope, reply(made, { expectedSeq: 1 })));
    expect(no.data?.messages).toHaveLength(2);
  });

  it("keeps a note inside: no delivery, no channel, the customer still waits", async () => {
    const made = await chatCase();
    const note = await commands.sendMessage(agent.scope, reply(made, { mode: "note", text: "zná ho Petr" }));
    expect(note).toMatchObject({ direction: "note", deliveries: [], threadId: null, accountId: null });
    expect(await rowOf(made)).toMatchObject({ assignee_id: null, last_direction: "note", unread: 1 });
    expect((await rowOf(made)).waiting_since).not.toBeNull();
  });

  it("holds a letter for ten seconds so that it can be taken back, and a shop may say otherwise", async () => {
    const made = await addCase(world, { tenant, accountId: mailId });
    const message = await commands.sendMessage(agent.scope, reply(made, { subject: "Vaše objednávka" }));
    const [delivery] = message.deliveries;
    expect(delivery?.state).toBe("held");
    expect(Math.round(((delivery?.nextAt?.getTime() ?? 0) - world.clock.now().getTime()) / 1000)).toBe(10);
    expect(message.subject).toBe("Vaše objednávka");
    const tokens = await world.db.query({
      text: "select token from reply_token where thread_id = $1",
      values: [made.threadId],
    });
    expect(tokens).toHaveLength(1);

    const hasty = await addTenant(world.db, { undoSeconds: { email: 0, talk: 3 } });
    const theirs = await addAgent(world.db, hasty);
    const mail = await addAccount(world, { tenant: hasty, kind: "email", url: "http://127.0.0.1:9" });
    const letter = await addCase(world, { tenant: hasty, accountId: mail });
    const sent = await commands.sendMessage(theirs.scope, reply(letter));
    expect(sent.deliveries[0]?.state).toBe("queued");
  });

  it("is refused after the reply window has closed", async () => {
    const made = await addCase(world, { tenant, accountId: chatId, windowUntil: new Date(Date.now() - 1000) });
    expect((await refusal(commands.sendMessage(agent.scope, reply(made)))).code).toBe("window-closed");
    const open = await addCase(world, { tenant, accountId: chatId, windowUntil: new Date(Date.now() + 60_000) });
    expect((await commands.sendMessage(agent.scope, reply(open))).direction).toBe("out");
  });

  it("becomes several messages in order when it is longer than the channel carries", async () => {
    const made = await chatCase();
    const text = Array.from({ length: 400 }, (_, index) => `slovo${index}`).join(" ");
    const first = await commands.sendMessage(agent.scope, reply(made, { text }));
    const rows = await world.db.query<{ body: string; seq: number }>({
      text: "select body, seq from message where conversation_id = $1 and direction = 'out' order by seq",
      values: [made.conversationId],
    });
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.map((row) => row.body).join(" ")).toBe(text);
    expect(Math.max(...rows.map((row) => row.body.length))).toBeLessThanOrEqual(1000);
    expect(first.body).toBe(rows[0]?.body);
    const deliveries = await world.db.query({
      text: "select seq from delivery where conversation_id = $1 order by seq",
      values: [made.conversationId],
    });
    expect(deliveries).toHaveLength(rows.length);
  });

  it("carries files the agent uploaded, and nobody else's", async () => {
    const made = await chatCase();
    const message = await commands.sendMessage(
      agent.scope,
      reply(made, { text: "", uploadIds: [await upload(agent)] }),
    );
    expect(message.parts).toMatchObject([{ name: "faktura.txt", blobKey: "blob", state: "stored" }]);
    expect((await rowOf(made)).preview).toBe("faktura.txt");
    const send = (uploadIds: string[]): Promise<Refused> =>
      refusal(commands.sendMessage(agent.scope, reply(made, { uploadIds })));
    const stranger = await addTenant(world.db);
    expect((await send([await upload(mate)])).code).toBe("bad-request");
    expect((await send([await upload(agent, { tenantId: stranger.id })])).code).toBe("bad-request");
    expect((await send([await upload(agent, { size: 1_001 })])).code).toBe("too-large");
    expect((await send([await upload(agent, { mime: "image/png" })])).code).toBe("bad-request");
    expect((await send([await upload(agent), await upload(agent), await upload(agent)])).code).toBe("bad-request");
  });

  it("is refused when it is empty, has no channel, or the channel is switched off", async () => {
    const made = await chatCase();
    expect((await refusal(commands.sendMessage(agent.scope, reply(made, { text: " \n " })))).code).toBe("bad-request");
    expect((await refusal(commands.sendMessage(agent.scope, reply(made, { threadId: uuid() })))).code).toBe(
      "bad-request",
    );
    const off = await addAccount(world, { tenant, kind: "talk", url: "http://127.0.0.1:9" });
    const other = await addCase(world, { tenant, accountId: off });
    await world.db.query({ text: "update channel_account set enabled = false where id = $1", values: [off] });
    expect((await refusal(commands.sendMessage(agent.scope, reply(other)))).code).toBe("unavailable");
  });

  it("can close the conversation with the same click, and wakes a sleeping one", async () => {
    const made = await chatCase();
    await commands.sendMessage(agent.scope, reply(made, { thenStatus: "closed" }));
    expect(await rowOf(made)).toMatchObject({ status: "closed" });
    await commands.sendMessage(agent.scope, reply(made));
    expect(await rowOf(made)).toMatchObject({ status: "open" });
    expect(await eventsOf(made)).toMatchObject([
      { event: "assigned", to: agent.id },
      { event: "status", from: "open", to: "closed" },
      { event: "status", from: "closed", to: "open" },
    ]);
  });
});

describe("an agent takes a message back", () => {
  it("cancels it while it is held, all parts of a long one, and only once", async () => {
    const made = await addCase(world, { tenant, accountId: mailId });
    const text = Array.from({ length: 300 }, (_, index) => `slovo${index}`).join(" ");
    const message = await commands.sendMessage(agent.scope, reply(made, { text }));
    const gone = await commands.cancelMessage(agent.scope, { messageId: message.id });
    expect(gone.deliveries).toMatchObject([{ state: "cancelled", nextAt: null }]);
    expect(gone.version).toBeGreaterThan(message.version);
    const states = await world.db.query({
      text: "select distinct state from delivery where conversation_id = $1",
      values: [made.conversationId],
    });
    expect(states).toEqual([{ state: "cancelled" }]);
    const before = await rowOf(made);
    await commands.cancelMessage(agent.scope, { messageId: message.id });
    expect((await rowOf(made)).version).toBe(before.version);
  });

  it("is told that it is too late when the message is on its way", async () => {
    const made = await chatCase();
    const message = await commands.sendMessage(agent.scope, reply(made));
    expect((await refusal(commands.cancelMessage(agent.scope, { messageId: message.id }))).code).toBe("conflict");
  });

  it("puts a failed or uncertain message back into the queue, and nothing else", async () => {
    const made = await chatCase();
    const message = await commands.sendMessage(agent.scope, reply(made));
    expect((await refusal(commands.retryMessage(agent.scope, { messageId: message.id }))).code).toBe("conflict");
    for (const state of ["failed", "uncertain"]) {
      await world.db.query({
        text: "update delivery set state = $2, attempts = 4, error_code = 'x' where message_id = $1",
        values: [message.id, state],
      });
      const again = await commands.retryMessage(agent.scope, { messageId: message.id });
      expect(again.deliveries).toMatchObject([{ state: "queued", attempts: 0, errorCode: null }]);
    }
  });

  it("accepts a held letter: from then on it counts", async () => {
    const made = await chatCase();
    const held = await customerWrites(world, { tenant, accountId: chatId, ...made }, "jiná adresa", true);
    const before = await rowOf(made);
    expect((await commands.acceptHeld(agent.scope, { messageId: held })).held).toBe(false);
    expect(await rowOf(made)).toMatchObject({ unread: before.unread + 1, version: before.version + 1 });
    await commands.acceptHeld(agent.scope, { messageId: held });
    expect((await rowOf(made)).version).toBe(before.version + 1);
  });
});

describe("a conversation is worked on", () => {
  const update = (made: Case, set: Takes<"conversation.update">["set"], who = agent, expectedVersion?: number) =>
    commands.updateConversation(who.scope, {
      id: made.conversationId,
      set,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    });

  it("goes to exactly one of two agents who claim it at the same time, and says who has it", async () => {
    const made = await chatCase();
    const claims = await Promise.allSettled([
      update(made, { assigneeId: "me" }, agent),
      update(made, { assigneeId: "me" }, mate),
    ]);
    expect(claims.map((claim) => claim.status).sort()).toEqual(["fulfilled", "rejected"]);
    const lost = claims.find((claim) => claim.status === "rejected");
    expect(lost?.reason).toMatchObject({ code: "conflict", data: { assigneeId: (await rowOf(made)).assignee_id } });
  });

  it("is given only to people who may work on it", async () => {
    const made = await chatCase();
    const viewer = await addAgent(world.db, tenant, { role: "client_viewer" });
    const elsewhere = await addAgent(world.db, tenant, { queueIds: [tenant.otherQueueId] });
    const stranger = await addAgent(world.db, await addTenant(world.db));
    for (const one of [viewer, elsewhere, stranger])
      expect((await refusal(update(made, { assigneeId: one.id }))).code).toBe("bad-request");
    expect((await update(made, { assigneeId: mate.id })).assigneeId).toBe(mate.id);
    expect((await update(made, { assigneeId: null })).assigneeId).toBeNull();
    expect(await eventsOf(made)).toMatchObject([
      { event: "assigned", to: mate.id },
      { event: "assigned", from: mate.id, to: null },
    ]);
  });

  it("refuses a change made on an older picture of it", async () => {
    const made = await chatCase();
    const { version } = await rowOf(made);
    await update(made, { priority: 3 }, mate, version);
    const no = await refusal(update(made, { status: "closed" }, agent, version));
    expect(no).toMatchObject({ code: "conflict", data: { version: version + 1 } });
    expect((await rowOf(made)).status).toBe("open");
  });

  it("sleeps until a time that is still to come, closes, and opens again", async () => {
    const made = await chatCase();
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
    const made = await chatCase();
    const here = await addAgent(world.db, tenant, { queueIds: [tenant.queueId] });
    await update(made, { assigneeId: here.id });
    world.published.length = 0;
    const row = await update(made, { queueId: tenant.otherQueueId }, here);
    expect(row).toMatchObject({ queueId: tenant.otherQueueId, assigneeId: null });
    expect(world.published[0]?.formerQueueId).toBe(tenant.queueId);
    const feed = await world.db.query<{ queue_id: string }>({
      text: "select queue_id from event where conversation_id = $1 and version = $2",
      values: [made.conversationId, row.version],
    });
    expect(feed.map((event) => event.queue_id).sort()).toEqual([tenant.queueId, tenant.otherQueueId].sort());
    expect((await refusal(update(made, { queueId: uuid() }))).code).toBe("bad-request");
  });

  it("does not move its version when nothing is different", async () => {
    const made = await chatCase();
    await update(made, { tags: ["vip", "vip", " "], subject: "Reklamace", priority: 2 });
    const before = await rowOf(made);
    world.published.length = 0;
    await update(made, { tags: ["vip"], subject: "Reklamace", priority: 2, status: "open", assigneeId: null });
    expect((await rowOf(made)).version).toBe(before.version);
    expect(world.published).toEqual([]);
  });

  it("is read up to where the agent looked", async () => {
    const made = await chatCase();
    await customerWrites(world, { tenant, accountId: chatId, ...made }, "druhá");
    await commands.markRead(agent.scope, { id: made.conversationId, seq: 1 });
    expect((await rowOf(made)).unread).toBe(1);
    await commands.markRead(agent.scope, { id: made.conversationId, seq: 99 });
    const read = await rowOf(made);
    expect(read.unread).toBe(0);
    await commands.markRead(agent.scope, { id: made.conversationId, seq: 1 });
    expect((await rowOf(made)).version).toBe(read.version);
  });

  it("tells the channel once what an agent has read, also by answering", async () => {
    const shown: string[] = [];
    const told = makeCommands({
      ...world,
      outbox: { kick: () => undefined },
      now: world.clock.now,
      limits: limitsOf([scripted({ kind: "talk" })]),
      connection: (accountId) => ({
        markRead: (thread, id) => {
          shown.push(`${accountId} ${thread} ${id}`);
          return Promise.reject(new Error("the channel does not care"));
        },
      }),
    });
    const made = await chatCase();
    const second = await customerWrites(world, { tenant, accountId: chatId, ...made }, "druhá");
    const tick = (id: string): string => `${chatId} key-${made.threadId} in-${id}`;
    await told.markRead(agent.scope, { id: made.conversationId, seq: 2 });
    await told.markRead(agent.scope, { id: made.conversationId, seq: 2 });
    expect(shown).toEqual([tick(second)]);
    const third = await customerWrites(world, { tenant, accountId: chatId, ...made }, "třetí");
    await told.sendMessage(agent.scope, reply(made, { mode: "note" }));
    expect(shown).toHaveLength(1);
    await told.sendMessage(agent.scope, reply(made));
    expect(shown).toEqual([tick(second), tick(third)]);
  });

  it("keeps a draft per agent, refuses one written over, and empties it when it is sent", async () => {
    const made = await chatCase();
    const save = (body: string, rev: number, who = agent) =>
      commands.saveDraft(who.scope, { conversationId: made.conversationId, mode: "reply", body, rev });
    expect(await save("Dobrý", 0)).toMatchObject({ rev: 1 });
    expect(await save("Dobrý den", 1)).toMatchObject({ rev: 2 });
    expect((await refusal(save("jiné okno", 1))).data?.draft).toEqual({ mode: "reply", body: "Dobrý den", rev: 2 });
    expect((await refusal(save("jiné okno", 0))).code).toBe("conflict");
    expect(await save("můj", 0, mate)).toMatchObject({ rev: 1 });
    await commands.sendMessage(agent.scope, reply(made));
    expect(await save("dál", 2)).toMatchObject({ rev: 3 });
  });

  it("answers on another channel of the same person, unless another open conversation uses it", async () => {
    const made = await chatCase();
    const letter = await addCase(world, { tenant, accountId: mailId });
    const link = () =>
      commands.linkThread(agent.scope, { conversationId: made.conversationId, threadId: letter.threadId });
    expect((await refusal(link())).code).toBe("not-found");
    await world.db.query({
      text: "update identity set contact_id = $2 where id = $1",
      values: [letter.identityId, made.contactId],
    });
    expect((await refusal(link())).code).toBe("conflict");
    await update(letter, { status: "closed" });
    await link();
    await link();
    const message = await commands.sendMessage(agent.scope, reply(made, { threadId: letter.threadId }));
    expect(message).toMatchObject({ channel: "email", threadId: letter.threadId });
    expect(message.deliveries[0]?.recipient).toBe(letter.address);
    expect((await commands.sendMessage(agent.scope, reply(made))).channel).toBe("talk");
  });
});
