import { afterAll, beforeAll, expect, test } from "vitest";
import { uuid } from "#core/uuid";
import { addRecording } from "./recording.ts";
import { toy } from "./toy.ts";
import { allRoutes } from "../../src/server/routes/index.ts";
import {
  addConversation,
  addQueue,
  addTenant,
  addUser,
  type Browser,
  browser,
  type Hub,
  logIn,
  startHub,
} from "./hub.ts";

let hub: Hub;
let own: string;
let foreign: string;
let admin: Browser;
let agent: Browser;
let mine: Record<string, string>;
let theirs: Record<string, string>;

const things = async (tenantId: string) => {
  const { contactId, id, messageId } = await addConversation(hub, { tenantId });
  const other = await addConversation(hub, { tenantId });
  const user = await addUser(hub, `Somebody ${tenantId.slice(-6)}`, [{ tenantId }]);
  const [canned, account, event, merge, token] = [uuid(), uuid(), uuid(), uuid(), uuid()];
  const queue = await addQueue(hub, tenantId, "first");
  await hub.prisma.cannedReply.create({ data: { id: canned, tenantId, shortcut: "hi", title: "Hi", body: "Hello" } });
  await hub.prisma.channelAccount.create({
    data: {
      id: account,
      tenantId,
      kind: "toy",
      name: "T",
      address: account,
      config: { host: account },
      enabled: false,
    },
  });
  await hub.prisma.inboundEvent.create({
    data: {
      id: event,
      tenantId,
      accountId: account,
      dedupeKey: "d",
      type: "unparsed",
      payload: {},
      state: "parked",
      error: "unreadable",
    },
  });
  await hub.prisma.contactMerge.create({
    data: {
      id: merge,
      tenantId,
      fromContactId: other.contactId,
      intoContactId: contactId,
      movedIdentities: [],
      movedConversations: [],
      reason: "x",
      actorId: user.id,
    },
  });
  const recording = await addRecording(hub, { tenantId, accountId: account, conversationId: id });
  await hub.prisma.apiToken.create({
    data: {
      id: token,
      tenantId,
      name: "t",
      tokenHash: crypto.getRandomValues(new Uint8Array(32)),
      hint: "abcd",
      scopes: ["read"],
      createdBy: user.id,
    },
  });
  return {
    tenantId,
    contact: contactId,
    conversation: id,
    message: messageId,
    canned,
    account,
    event,
    merge,
    recording,
    token,
    queue,
    user: user.id,
    email: user.email,
  };
};

beforeAll(async () => {
  hub = await startHub({ connectors: [toy] });
  own = await addTenant(hub, "own");
  foreign = await addTenant(hub, "foreign");
  [mine, theirs] = [await things(own), await things(foreign)];
  admin = await logIn(hub, await addUser(hub, "Own Admin", [{ tenantId: own, role: "admin" }]));
  agent = await logIn(hub, await addUser(hub, "Own Agent", [{ tenantId: own }]));
});
afterAll(() => hub.stop());

interface Try {
  readonly path: string;
  readonly body?: unknown;
}
/** How each route is called about things of one tenant. "nobody's": the route concerns no tenant's things. */
type Case = "nobody's" | ((thing: Record<string, string>) => Try);
const account = (thing: Record<string, string>) => ({
  tenantId: thing["tenantId"],
  kind: "toy",
  name: "New",
  queueId: null,
  enabled: false,
  config: { host: uuid(), password: "p" },
});
const canned = (thing: Record<string, string>) => ({
  tenantId: thing["tenantId"],
  shortcut: `s${uuid().slice(-8)}`,
  title: "t",
  body: "b",
});
const person = (thing: Record<string, string>) => ({
  email: `u${uuid()}@desk.test`,
  name: "Anybody",
  memberships: [{ tenantId: thing["tenantId"], role: "agent" }],
});
const cases: Record<string, Case> = {
  "post /api/login": "nobody's",
  "post /api/logout": "nobody's",
  "get /api/boot": "nobody's",
  "patch /api/me": "nobody's",
  "post /api/me/password": "nobody's",
  "get /files/:token": "nobody's",
  "get /api/canned-replies": "nobody's",
  "get /api/admin/channel-kinds": "nobody's",
  "get /api/admin/channels": "nobody's",
  "get /api/admin/users": "nobody's",
  "get /api/admin/tenants": "nobody's",
  "post /api/admin/tenants": "nobody's",
  "get /api/admin/queues": "nobody's",
  "get /api/admin/tokens": "nobody's",
  "post /api/uploads": (t) => ({ path: `/api/uploads?name=a.txt&conversationId=${t["conversation"]}`, body: "hello" }),
  "get /api/messages/:id/raw": (t) => ({ path: `/api/messages/${t["message"]}/raw` }),
  "get /api/messages/:id/pictures/:no": (t) => ({ path: `/api/messages/${t["message"]}/pictures/0` }),
  "post /api/messages/:id/invitation": (t) => ({
    path: `/api/messages/${t["message"]}/invitation`,
    body: { answer: "ACCEPTED", clientKey: uuid() },
  }),
  "get /api/recordings/:id": (t) => ({ path: `/api/recordings/${t["recording"]}` }),
  "get /api/recordings/:id/audio": (t) => ({ path: `/api/recordings/${t["recording"]}/audio` }),
  "get /api/contacts": (t) => ({ path: `/api/contacts?tenantId=${t["tenantId"]}&query=Jana` }),
  "get /api/contacts/:id": (t) => ({ path: `/api/contacts/${t["contact"]}` }),
  "patch /api/contacts/:id": (t) => ({ path: `/api/contacts/${t["contact"]}`, body: { name: "Renamed" } }),
  "post /api/contacts/:id/merge": (t) => ({
    path: `/api/contacts/${t["contact"]}/merge`,
    body: { fromId: uuid(), reason: "same person" },
  }),
  "post /api/merges/:id/undo": (t) => ({ path: `/api/merges/${t["merge"]}/undo` }),
  "post /api/canned-replies": (t) => ({ path: "/api/canned-replies", body: canned(t) }),
  "put /api/canned-replies/:id": (t) => ({ path: `/api/canned-replies/${t["canned"]}`, body: canned(t) }),
  "delete /api/canned-replies/:id": (t) => ({ path: `/api/canned-replies/${t["canned"]}` }),
  "patch /api/admin/tenants/:id": (t) => ({ path: `/api/admin/tenants/${t["tenantId"]}`, body: { name: "Renamed" } }),
  "post /api/admin/queues": (t) => ({ path: "/api/admin/queues", body: { tenantId: t["tenantId"], name: uuid() } }),
  "patch /api/admin/queues/:id": (t) => ({ path: `/api/admin/queues/${t["queue"]}`, body: { name: uuid() } }),
  "post /api/admin/channels": (t) => ({ path: "/api/admin/channels", body: account(t) }),
  "patch /api/admin/channels/:id": (t) => ({ path: `/api/admin/channels/${t["account"]}`, body: { name: "Other" } }),
  "get /api/admin/channels/:id/auto-reply": (t) => ({ path: `/api/admin/channels/${t["account"]}/auto-reply` }),
  "put /api/admin/channels/:id/auto-reply": (t) => ({
    path: `/api/admin/channels/${t["account"]}/auto-reply`,
    body: { on: false },
  }),
  "delete /api/admin/channels/:id": (t) => ({ path: `/api/admin/channels/${t["account"]}` }),
  "post /api/admin/channels/test": (t) => ({ path: "/api/admin/channels/test", body: account(t) }),
  "get /api/admin/channels/:id/link": (t) => ({ path: `/api/admin/channels/${t["account"]}/link` }),
  "post /api/admin/channels/:id/link": (t) => ({
    path: `/api/admin/channels/${t["account"]}/link`,
    body: { do: "logout" },
  }),
  "get /api/admin/channels/:id/sign-in": (t) => ({ path: `/api/admin/channels/${t["account"]}/sign-in` }),
  "post /api/admin/channels/:id/sign-in": (t) => ({ path: `/api/admin/channels/${t["account"]}/sign-in` }),
  "get /api/admin/sign-in": "nobody's",
  "post /api/admin/channels/:id/test": (t) => ({ path: `/api/admin/channels/${t["account"]}/test` }),
  "post /api/admin/users": (t) => ({ path: "/api/admin/users", body: person(t) }),
  "put /api/admin/users/:id": (t) => ({ path: `/api/admin/users/${t["user"]}`, body: person(t) }),
  "get /api/admin/dead-letters": (t) => ({ path: `/api/admin/dead-letters?tenantId=${t["tenantId"]}` }),
  "get /api/admin/dead-letters/:id/raw": (t) => ({ path: `/api/admin/dead-letters/${t["event"]}/raw` }),
  "post /api/admin/dead-letters/:id/replay": (t) => ({ path: `/api/admin/dead-letters/${t["event"]}/replay` }),
  "post /api/admin/dead-letters/:id/dismiss": (t) => ({
    path: `/api/admin/dead-letters/${t["event"]}/dismiss`,
    body: { reason: "not ours" },
  }),
  "post /api/admin/tokens": (t) => ({
    path: "/api/admin/tokens",
    body: { tenantId: t["tenantId"], name: "n", scopes: ["read"] },
  }),
  "delete /api/admin/tokens/:id": (t) => ({ path: `/api/admin/tokens/${t["token"]}` }),
};
const routes = allRoutes({ now: () => new Date() });
const named = routes.map((route) => ({ route, name: `${route.method} ${route.path}` }));
const placeholder: Record<string, string> = {
  tenantId: uuid(),
  conversation: uuid(),
  message: uuid(),
  contact: uuid(),
  merge: uuid(),
  recording: uuid(),
  canned: uuid(),
  account: uuid(),
  user: uuid(),
  event: uuid(),
  token: uuid(),
  queue: uuid(),
};
const tryOf = (name: string, thing: Record<string, string>): Try => {
  const found = cases[name] ?? "nobody's";
  return found === "nobody's" ? { path: name.split(" ")[1] ?? "" } : found(thing);
};

test("every route has a case here, and every case a route", () => {
  expect(Object.keys(cases).sort()).toEqual(named.map(({ name }) => name).sort());
});

const closed = named.filter(({ route }) => route.access !== "anyone");
const forAdmins = named.filter(({ route }) => route.access === "admin");
const aboutThings = named.filter(({ name }) => cases[name] !== "nobody's");
const lists = closed.filter(({ name, route }) => cases[name] === "nobody's" && route.method === "get");

test("only logging in and signed files are open to anybody, and all administration needs an administrator", () => {
  expect(named.filter(({ route }) => route.access === "anyone").map(({ name }) => name)).toEqual([
    "post /api/login",
    "get /files/:token",
  ]);
  expect(forAdmins.map(({ name }) => name)).toEqual(
    named.map(({ name }) => name).filter((name) => name.includes("/admin/")),
  );
});

test.each(closed)("$name refuses whoever is not logged in", async ({ route, name }) => {
  const { path, body } = tryOf(name, placeholder);
  const answer = await browser(hub).call(route.method.toUpperCase(), path, body);
  expect([answer.status, await answer.json()]).toMatchObject([401, { refusal: { code: "unauthorized" } }]);
});

test.each(forAdmins)("$name refuses an agent", async ({ route, name }) => {
  const { path, body } = tryOf(name, mine);
  expect((await agent.call(route.method.toUpperCase(), path, body)).status).toBe(403);
});

test.each(aboutThings)("$name knows nothing of another client company's things", async ({ route, name }) => {
  const { path, body } = tryOf(name, theirs);
  expect((await admin.call(route.method.toUpperCase(), path, body)).status).toBe(404);
  expect(await hub.prisma.cannedReply.count({ where: { tenantId: foreign } })).toBe(1);
});

test.each(lists)("$name lists nothing of another client company", async ({ route }) => {
  const text = await (await admin.call("GET", route.path)).text();
  expect(Object.values(theirs).filter((id) => text.includes(id))).toEqual([]);
});

test("malformed and oversized bodies are refused without a word of what was in them", async () => {
  const bad = await admin.call("PATCH", "/api/me", ["a list"]);
  expect(bad.status).toBe(400);
  const broken = await fetch(`${hub.url}/api/me`, {
    method: "PATCH",
    body: "{secret",
    headers: { cookie: admin.cookie, "x-csrf-token": admin.csrf, "content-type": "application/json" },
  });
  expect([broken.status, (await broken.text()).includes("secret")]).toEqual([400, false]);
  const large = await admin.call("PATCH", "/api/me", { settings: { a: "x".repeat(1_100_000) } });
  expect(large.status).toBe(413);
  const wrong = await admin.call("PATCH", "/api/me", { locale: "my secret" });
  expect([wrong.status, (await wrong.text()).includes("my secret")]).toEqual([400, false]);
});

test("OpenAPI describes every route", async () => {
  const document = (await (await fetch(`${hub.url}/api/openapi.json`)).json()) as {
    openapi: string;
    paths: Record<string, Record<string, unknown>>;
  };
  expect(document.openapi).toBe("3.1.0");
  for (const { route } of named)
    expect(Object.keys(document.paths[route.path.replace(/:(\w+)/g, "{$1}")] ?? {})).toContain(route.method);
});

test("health and readiness answer in JSON", async () => {
  expect(await (await fetch(`${hub.url}/healthz`)).json()).toMatchObject({ ok: true });
  const ready = await fetch(`${hub.url}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([
    200,
    { ok: true, database: { ok: true }, migrations: { ok: true }, leases: { ok: true } },
  ]);
  hub.channels.overdue = ["an-account"];
  const stuck = await fetch(`${hub.url}/readyz`);
  expect([stuck.status, await stuck.json()]).toMatchObject([
    503,
    { ok: false, database: { ok: true }, leases: { ok: false, says: "not renewed in time: 1 accounts, an-account" } },
  ]);
  hub.channels.overdue = [];
  expect((await fetch(`${hub.url}/metrics`, { headers: { "x-forwarded-for": "203.0.113.5" } })).status).toBe(403);
});
