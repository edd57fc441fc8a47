import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Refused } from "#core/refused";
import { uuid } from "#core/uuid";
import type { Commands } from "#runtime/commands";
import { quietCommands } from "./parts/node.ts";
import { scripted } from "./parts/scripted.ts";
import {
  addAccount,
  addAgent,
  addCase,
  addTenant,
  type Agent,
  type Case,
  openWorld,
  type Tenant,
  type World,
} from "./parts/world.ts";

let world: World;
let commands: Commands;
let tenant: Tenant;
let made: Case;
let accountId: string;
let messageId: string;

beforeAll(async () => {
  world = await openWorld();
  commands = quietCommands(world, [scripted({ kind: "talk" })]);
  tenant = await addTenant(world.db);
  accountId = await addAccount(world, { tenant, kind: "talk", url: "http://127.0.0.1:9" });
  made = await addCase(world, { tenant, accountId });
  const agent = await addAgent(world.db, tenant);
  const message = await commands.sendMessage(agent.scope, sending());
  messageId = message.id;
});
afterAll(() => world.close());

const sending = () => ({
  conversationId: made.conversationId,
  clientKey: uuid(),
  mode: "reply" as const,
  text: "ahoj",
  uploadIds: [],
});

/** Every command there is: a new one that is missing here fails the first test. */
const everyCommand: { readonly [C in keyof Commands]: (agent: Agent) => Promise<unknown> } = {
  sendMessage: ({ scope }) => commands.sendMessage(scope, sending()),
  cancelMessage: ({ scope }) => commands.cancelMessage(scope, { messageId }),
  retryMessage: ({ scope }) => commands.retryMessage(scope, { messageId }),
  acceptHeld: ({ scope }) => commands.acceptHeld(scope, { messageId }),
  updateConversation: ({ scope }) =>
    commands.updateConversation(scope, { id: made.conversationId, set: { priority: 9 } }),
  markRead: ({ scope }) => commands.markRead(scope, { id: made.conversationId, seq: 1 }),
  editMessage: ({ scope }) => commands.editMessage(scope, { messageId, text: "jinak" }),
  removeMessage: ({ scope }) => commands.removeMessage(scope, { messageId }),
  reactToMessage: ({ scope }) => commands.reactToMessage(scope, { messageId, emoji: "👍" }),
  tellAgain: ({ scope }) => commands.tellAgain(scope, { messageId }),
  beginConversation: ({ scope }) =>
    commands.beginConversation(scope, {
      tenantId: tenant.id,
      accountId,
      address: "nova@example.test",
      name: "",
      subject: "",
    }),
  templates: ({ scope }) => commands.templates(scope, { accountId, refresh: false }),
  saveDraft: ({ scope }) =>
    commands.saveDraft(scope, { conversationId: made.conversationId, mode: "note", body: "x", rev: 0 }),
  linkThread: ({ scope }) =>
    commands.linkThread(scope, { conversationId: made.conversationId, threadId: made.threadId }),
};
const names = Object.keys(everyCommand) as (keyof Commands)[];

const everything = (): Promise<object[]> =>
  world.db.query({
    text: `select (select json_agg(c order by c.id) from conversation c) as c, (select json_agg(m order by m.id) from message m) as m,
      (select json_agg(d order by d.id) from delivery d) as d, (select count(*) from draft) as drafts,
      (select count(*) from event) as events, (select count(*) from conversation_thread) as links`,
  });

const outsiders: readonly (readonly [string, Refused["code"], () => Promise<Agent>])[] = [
  ["an agent of another client company", "not-found", async () => addAgent(world.db, await addTenant(world.db))],
  [
    "an admin of another client company",
    "not-found",
    async () => addAgent(world.db, await addTenant(world.db), { role: "admin" }),
  ],
  ["an agent of another queue", "not-found", () => addAgent(world.db, tenant, { queueIds: [tenant.otherQueueId] })],
  ["a client viewer", "forbidden", () => addAgent(world.db, tenant, { role: "client_viewer" })],
];

describe("a command is refused, and changes and tells nothing, for", () => {
  it("nobody else: every command is in this table", () => {
    expect(names.toSorted()).toEqual(Object.keys(commands).toSorted());
  });
  for (const [who, code, make] of outsiders)
    for (const name of names)
      it(`${who}: ${name}`, async () => {
        const agent = await make();
        const before = await everything();
        world.published.length = 0;
        const thrown: unknown = await everyCommand[name](agent).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(thrown).toBeInstanceOf(Refused);
        expect(thrown).toMatchObject({ code });
        expect(await everything()).toEqual(before);
        expect(world.published).toEqual([]);
      });
  it("anybody, when the id is not one", async () => {
    const { scope } = await addAgent(world.db, tenant);
    const no = { code: "not-found" };
    await expect(commands.cancelMessage(scope, { messageId: "nonsense" })).rejects.toMatchObject(no);
    await expect(commands.markRead(scope, { id: "' or 1=1", seq: 1 })).rejects.toMatchObject(no);
    await expect(
      commands.saveDraft(scope, { conversationId: "x", mode: "note", body: "x", rev: 0 }),
    ).rejects.toMatchObject(no);
  });
});
