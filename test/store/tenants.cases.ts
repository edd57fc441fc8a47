import type { Limits } from "#contract";
import type { Scope } from "#core/scope";
import { uuid } from "#core/uuid";
import type { Db } from "#store/db";
import type { Prisma } from "#store/prisma";
import type { JournalBench } from "../support/inbound.ts";

export type Call = (input: Record<string, unknown>) => unknown;

/** Ids of everything tenant B owns, by kind; and words that only B's data holds. */
export interface Loot {
  readonly tenantId: string;
  readonly conversations: readonly string[];
  readonly messages: readonly string[];
  readonly contacts: readonly string[];
  readonly threads: readonly string[];
  readonly parked: readonly string[];
  readonly canned: readonly string[];
  readonly channels: readonly string[];
  readonly tokens: readonly string[];
  readonly queues: readonly string[];
  readonly users: readonly string[];
  readonly merges: readonly string[];
  readonly recordings: readonly string[];
}

export interface World {
  readonly db: Db;
  readonly prisma: Prisma;
  readonly bench: JournalBench;
  readonly scope: Scope;
  readonly loot: Loot;
  /** The same of A, whose scope it is: for calls that mix both. */
  readonly own: Loot;
  readonly cursor: string;
}

export const now = (): Date => new Date();
const each = (ids: readonly string[], input: (id: string) => Record<string, unknown>): Record<string, unknown>[] =>
  ids.map(input);
const inTx = (world: World, input: Record<string, unknown>) => ({
  q: world.db,
  scope: world.scope,
  now: now(),
  ...input,
});
const limits: Limits = { text: 1000, attachments: false, replyWindowHours: false, subject: true };

/** What is asked of each function: the inputs with which A reaches for what is B's. */
export const asked: Readonly<Record<string, (world: World) => readonly Record<string, unknown>[]>> = {
  "conversations.listView": ({ db, scope, loot }) =>
    ["mine", "unassigned", "all", "snoozed", "closed"].flatMap((kind) =>
      [{}, { tenantId: loot.tenantId }, { queueId: loot.queues[0] }, { query: "zzz" }, { query: "#1" }].map((view) => ({
        db,
        scope,
        view: { kind, ...view },
      })),
    ),
  "conversations.viewCounts": ({ db, scope }) => [{ db, scope }],
  "conversations.openConversation": ({ db, scope, bench, loot }) =>
    each(loot.conversations, (id) => ({ db, scope, secrets: bench.secrets, id })),
  "visible.loadRows": ({ db, scope, loot }) => [{ db, scope, ids: loot.conversations }],
  "visible.visibleRow": ({ db, scope, loot }) => each(loot.conversations, (id) => ({ db, scope, id })),
  "messages.messagesBefore": ({ db, scope, loot }) => each(loot.conversations, (id) => ({ db, scope, id, seq: 1000 })),
  "messages.messagesSince": ({ db, scope, loot }) => each(loot.conversations, (id) => ({ db, scope, id, version: 0 })),
  "feed.syncFeed": ({ db, scope, loot, cursor }) => [
    { db, scope, cursor, have: loot.conversations.map((id) => ({ id, version: 0 })), now: now() },
  ],
  "tail.stepsAbove": ({ db, scope, loot }) => [
    { db, tenantIds: scope.tenantIds, above: new Map(loot.conversations.map((id) => [id, 0])) },
  ],
  "contacts.getContact": ({ db, scope, bench, loot }) =>
    each(loot.contacts, (id) => ({ db, scope, secrets: bench.secrets, id })),
  "contacts.searchContacts": ({ db, scope, bench, loot }) =>
    [loot.tenantId, ...scope.tenantIds].flatMap((tenantId) =>
      ["zzz", "customer@zzz.example"].map((query) => ({ db, scope, secrets: bench.secrets, tenantId, query })),
    ),
  "calls.queueKeys": ({ db, scope, loot }) => [{ db, scope, tenantId: loot.tenantId, queueIds: loot.queues }],
  "recordings.findRecording": ({ db, scope, loot }) => each(loot.recordings, (id) => ({ db, scope, id })),
  "contacts.mergeContacts": ({ db, scope, loot }) => [
    { db, scope, fromId: loot.contacts[0], intoId: loot.contacts[1], reason: "theft", now: now() },
  ],
  "contacts.undoMerge": ({ db, scope, loot }) => each(loot.merges, (id) => ({ db, scope, id, now: now() })),
  "merges.mergeContacts": ({ db, scope, loot, own }) =>
    [
      [loot.contacts[1], loot.contacts[0]],
      [loot.contacts[0], own.contacts[0]],
      [own.contacts[0], loot.contacts[0]],
    ].map(([fromId, intoId]) => ({ db, scope, fromId, intoId, reason: "theft", now: now() })),
  "merges.mergeTenant": ({ db, scope, loot }) => each(loot.merges, (id) => ({ db, scope, id })),
  "merges.undoMerge": ({ db, scope, loot }) => each(loot.merges, (id) => ({ db, scope, id, now: now() })),
  "contact-edit.contactTenant": ({ db, scope, loot }) => each(loot.contacts, (id) => ({ db, scope, id })),
  "contact-edit.updateContact": ({ db, scope, loot }) =>
    each(loot.contacts, (id) => ({ db, scope, id, name: "stolen" })),
  "contact-edit.recordMarketing": ({ db, scope, loot }) =>
    each(loot.contacts, (id) => ({ db, scope, id, state: "granted", now: now() })),
  "journaled.parkedEvent": ({ db, scope, loot }) => each(loot.parked, (id) => ({ db, scope, id })),
  "dead-letters.listDeadLetters": ({ db, scope, loot }) => [
    { db, scope },
    { db, scope, tenantId: loot.tenantId },
  ],
  "dead-letters.deadLetterSource": ({ db, scope, loot }) => each(loot.parked, (id) => ({ db, scope, id })),
  "dead-letters.deadLetterTenant": ({ db, scope, loot }) => each(loot.parked, (id) => ({ db, scope, id })),
  "dead-letters.dismissDeadLetter": ({ db, scope, loot }) =>
    each(loot.parked, (id) => ({ db, scope, id, reason: "theft", now: now() })),
  "letters.findLetter": ({ db, scope, loot }) => each(loot.messages, (messageId) => ({ db, scope, messageId })),
  "sources.messageSource": ({ db, scope, loot }) => each(loot.messages, (messageId) => ({ db, scope, messageId })),
  "sources.typingTarget": ({ db, scope, loot }) =>
    each(loot.conversations, (conversationId) => ({ db, scope, conversationId })),
  "sources.conversationAccess": ({ db, scope, loot }) =>
    each(loot.conversations, (id) => ({ db, scope, id, conversationId: id })),
  "members.surroundings": ({ db, scope }) => [{ db, scope }],
  "canned.listCanned": ({ prisma, scope }) => [{ prisma, scope }],
  "canned.createCanned": ({ prisma, scope, loot }) => [
    { prisma, scope, body: { tenantId: loot.tenantId, shortcut: "x", title: "x", body: "x" } },
  ],
  "canned.updateCanned": ({ prisma, scope, loot }) =>
    each(loot.canned, (id) => ({
      prisma,
      scope,
      id,
      body: { tenantId: loot.tenantId, shortcut: "x", title: "x", body: "x" },
      now: now(),
    })),
  "canned.deleteCanned": ({ prisma, scope, loot }) => each(loot.canned, (id) => ({ prisma, scope, id })),
  "channels.listChannels": ({ prisma, scope }) => [{ prisma, scope }],
  "channels.getChannel": ({ prisma, scope, loot }) => each(loot.channels, (id) => ({ prisma, scope, id })),
  "channels.createChannel": ({ prisma, scope, loot }) => [{ prisma, scope, id: uuid(), setting: setting(loot) }],
  "channels.updateChannel": ({ prisma, scope, loot }) =>
    each(loot.channels, (id) => ({ prisma, scope, id, setting: setting(loot) })),
  "channels.deleteChannel": ({ prisma, scope, loot }) => each(loot.channels, (id) => ({ prisma, scope, id })),
  "tokens.listTokens": ({ prisma, scope }) => [{ prisma, scope }],
  "tokens.createToken": ({ prisma, scope, loot }) => [
    {
      prisma,
      scope,
      tenantId: loot.tenantId,
      name: "x",
      scopes: ["read"],
      tokenHash: Buffer.alloc(32),
      hint: "xxxx",
      createdBy: uuid(),
    },
  ],
  "tokens.revokeToken": ({ prisma, scope, loot }) => each(loot.tokens, (id) => ({ prisma, scope, id, now: now() })),
  "queues.listQueues": ({ db, scope }) => [{ db, scope }],
  "queues.createQueue": ({ db, scope, loot }) => [{ db, scope, tenantId: loot.tenantId, name: "stolen" }],
  "queues.renameQueue": ({ db, scope, loot }) => each(loot.queues, (id) => ({ db, scope, id, name: "stolen" })),
  "tenants.listTenants": ({ db, scope }) => [{ db, scope }],
  "tenants.updateTenant": ({ db, scope, loot }) => [{ db, scope, id: loot.tenantId, name: "stolen", policy: {} }],
  "users.listUsers": ({ prisma, scope }) => [{ prisma, scope, now: now() }],
  "users.createUser": ({ prisma, scope, loot }) => [
    { prisma, scope, body: membershipIn(loot), passwordHash: null, now: now() },
  ],
  "users.updateUser": ({ prisma, scope, loot }) =>
    each(loot.users, (id) => ({
      prisma,
      scope,
      id,
      body: membershipIn(loot),
      passwordHash: null,
      platformAdmin: false,
      now: now(),
    })),
  "drafts.storeDraft": (world) =>
    each(world.loot.conversations, (conversationId) =>
      inTx(world, { takes: { conversationId, mode: "reply", body: "x", rev: 0 } }),
    ),
  "locked.lockConversation": (world) => each(world.loot.conversations, (id) => inTx(world, { id })),
  "locked.lockByMessage": (world) => each(world.loot.messages, (messageId) => inTx(world, { messageId })),
  "commands-conversation.storeUpdate": (world) =>
    each(world.loot.conversations, (id) => inTx(world, { takes: { id, set: { status: "closed", tags: ["stolen"] } } })),
  "commands-conversation.storeRead": (world) =>
    each(world.loot.conversations, (id) => inTx(world, { takes: { id, seq: 1 } })),
  "commands-conversation.storeLink": (world) =>
    each(world.loot.conversations, (conversationId) =>
      inTx(world, { takes: { conversationId, threadId: world.loot.threads[0] } }),
    ),
  "commands-message.storeCancel": (world) =>
    each(world.loot.messages, (messageId) => inTx(world, { takes: { messageId }, messageId })),
  "commands-message.storeRetry": (world) =>
    each(world.loot.messages, (messageId) => inTx(world, { takes: { messageId }, messageId, limits: () => limits })),
  "commands-message.storeAccept": (world) =>
    each(world.loot.messages, (messageId) => inTx(world, { takes: { messageId }, messageId })),
  "message-actions.storeEdit": (world) =>
    each(world.loot.messages, (messageId) => inTx(world, { messageId, text: "stolen", can: () => true })),
  "message-actions.storeRemove": (world) =>
    each(world.loot.messages, (messageId) => inTx(world, { messageId, can: () => true })),
  "message-actions.storeReact": (world) =>
    each(world.loot.messages, (messageId) => inTx(world, { messageId, emoji: "👍", can: () => true })),
  "message-actions.storeAgain": (world) => each(world.loot.messages, (messageId) => inTx(world, { messageId })),
  "commands-message.lockMessage": (world) => each(world.loot.messages, (messageId) => inTx(world, { messageId })),
  "commands-begin.storeBegin": (world) =>
    [{ address: "somebody@zzz.example" }, {}].map((to) =>
      inTx(world, {
        secrets: world.bench.secrets,
        begin: (_: string, { value }: { value: string }) => `to-${value}`,
        takes: { tenantId: world.loot.tenantId, accountId: world.loot.channels[0], name: "x", subject: "", ...to },
      }),
    ),
  "letter-recipients.letterRecipients": ({ db, scope, bench, loot }) =>
    each(loot.messages, (messageId) => ({ db, scope, secrets: bench.secrets, messageId, how: "all" })),
  "ways.personWays": ({ db, scope, bench, loot }) =>
    each(loot.contacts, (contactId) => ({
      db,
      scope,
      secrets: bench.secrets,
      tenantId: loot.tenantId,
      contactId,
      conversationId: loot.conversations[0],
      begin: (_: string, { value }: { value: string }) => `to-${value}`,
      begins: () => true,
    })),
  "commands-send.storeSend": (world) =>
    each(world.loot.conversations, (conversationId) =>
      inTx(world, {
        secrets: world.bench.secrets,
        limits: () => limits,
        takes: { conversationId, clientKey: uuid(), mode: "note", text: "x", uploadIds: [] },
      }),
    ),
};

const setting = (loot: Loot) => ({
  tenantId: loot.tenantId,
  kind: "loopback",
  name: "x",
  address: "",
  config: {},
  queueId: null,
  enabled: true,
});
const membershipIn = (loot: Loot) => ({
  email: `${uuid()}@example.org`,
  name: "x",
  memberships: [{ tenantId: loot.tenantId, role: "admin", profile: "normal", alias: null, queueIds: [] }],
});

/** Takes no scope because it answers nobody outside: the reason is the module's, functions are named where a module has both. */
export const inside: Readonly<Record<string, string>> = {
  accounts: "the supervisor's own work on all accounts",
  "admin-scope": "computes on the scope itself",
  audit: "written for the tenant the caller was checked for",
  "calls.putCall": "the account's own work, under the lock of the call's conversation",
  "calls.showRecording": "the account's own work, under the lock of the call's conversation",
  begin: "for the tenant the caller was checked for",
  backlog: "counts for whoever watches the hub, no rows",
  "channel-secrets": "no table",
  columns: "no table",
  "commands-message.finishMessages": "under the conversation lock that checked the scope",
  "message-actions.claimActions": "the outbox's own work on all tenants",
  "message-actions.writeAction": "the outbox's own work on all tenants",
  consents: "under the conversation lock that checked the scope",
  "conversations.conversationThreads": "after the conversation was found visible",
  db: "the database itself",
  "feed.currentCursor": "a number of the whole database",
  "feed.cursorAt": "no table",
  fetch: "the fetcher's own work on all tenants",
  files: "content-addressed, reached through signed links only",
  frozen: "files of one account, asked for by its own connector",
  acknowledge: "the hub's own answers, under the lock of the conversation they belong to",
  gone: "for the tenant of the account that was told",
  "ingest-echo": "the journal's own work",
  "ingest-load": "the journal's own work",
  "ingest-lock": "the journal's own work",
  "ingest-news": "the journal's own work",
  "ingest-person": "the journal's own work",
  "ingest-write": "the journal's own work",
  ingest: "the journal's own work",
  told: "the journal's own work",
  journaled: "the journal's own work on all tenants",
  leases: "no business rows",
  linking: "under the conversation lock that checked the scope",
  links: "no table",
  load: "by tenants that a scope or the journal named",
  logins: "before there is a scope",
  "members.grantsOf": "makes the scope",
  "messages.newestMessages": "after the conversation was found visible",
  notify: "no table",
  outbox: "the outbox's own work on all tenants",
  outgoing: "under the conversation lock that checked the scope",
  participants: "the journal's own work",
  points: "no table",
  prisma: "the database itself",
  "recordings.expireRecordings": "a timer's own work on all tenants",
  "recordings.isAnonymous": "for the tenant of the account that asks",
  "recordings.keepRecording": "for the tenant of the account whose call it is",
  sealed: "no table",
  search: "no table",
  seen: "under the conversation lock that checked the scope",
  "send-compose": "under the conversation lock that checked the scope",
  "send-recipients": "for the tenant the caller was checked for",
  "send-thread": "under the conversation lock that checked the scope",
  sessions: "before there is a scope",
  status: "no table",
  step: "under the conversation lock that checked the scope",
  templates: "for the tenant the caller was checked for",
  "tenants.createTenant": "makes a tenant, whose only member the asker becomes",
  "tokens.findToken": "before there is a scope",
  transcript: "one thread of one account, named by its own connector",
  "tail.eventsAfter": "one hub follows another, all tenants; its rooms decide who sees what",
  "tail.forgetNodes": "no business rows",
  "tail.otherNodes": "no business rows",
  trim: "a timer's own work on all tenants",
  uploads: "for the tenant the caller was checked for",
  "visible.visibility": "computes on the scope itself",
  "visible.visibleSql": "no table",
  "ways.wantsEmail": "after the conversation was found visible",
  wake: "a timer's own work on all tenants",
};
