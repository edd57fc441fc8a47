import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { uuid } from "#core/uuid";
import { defineConnector } from "#contract";
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

const toy = defineConnector({
  kind: "toy",
  title: "Toy",
  config: z.object({
    host: z.string().min(1).meta({ title: "Host", description: "Where it is" }),
    mode: z.enum(["fast", "slow"]).default("fast"),
    port: z.number().int().default(1),
    loud: z.boolean().default(false),
    names: z.array(z.string()).default([]),
    password: z.string().min(1),
  }),
  secrets: ["password"],
  address: ({ host }) => host,
  limits: { text: 100, attachments: false, replyWindowHours: false, subject: false },
  open: () => ({ start: async () => undefined, send: async () => Promise.reject(new Error("never")) }),
});

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
    token,
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
  "get /api/admin/tokens": "nobody's",
  "post /api/uploads": (t) => ({ path: `/api/uploads?name=a.txt&conversationId=${t["conversation"]}`, body: "hello" }),
  "get /api/messages/:id/raw": (t) => ({ path: `/api/messages/${t["message"]}/raw` }),
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
  "post /api/admin/channels": (t) => ({ path: "/api/admin/channels", body: account(t) }),
  "patch /api/admin/channels/:id": (t) => ({ path: `/api/admin/channels/${t["account"]}`, body: { name: "Other" } }),
  "delete /api/admin/channels/:id": (t) => ({ path: `/api/admin/channels/${t["account"]}` }),
  "post /api/admin/channels/test": (t) => ({ path: "/api/admin/channels/test", body: account(t) }),
  "post /api/admin/channels/:id/test": (t) => ({ path: `/api/admin/channels/${t["account"]}/test` }),
  "post /api/admin/users": (t) => ({ path: "/api/admin/users", body: person(t) }),
  "put /api/admin/users/:id": (t) => ({ path: `/api/admin/users/${t["user"]}`, body: person(t) }),
  "get /api/admin/dead-letters": (t) => ({ path: `/api/admin/dead-letters?tenantId=${t["tenantId"]}` }),
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
  canned: uuid(),
  account: uuid(),
  user: uuid(),
  event: uuid(),
  token: uuid(),
};
const tryOf = (name: string, thing: Record<string, string>): Try => {
  const found = cases[name] ?? "nobody's";
  return found === "nobody's" ? { path: name.split(" ")[1] ?? "" } : found(thing);
};

test("every route has a case here, and every case a route", () => {
  expect(Object.keys(cases).sort()).toEqual(named.map(({ name }) => name).sort());
});

describe.each(named)("$name", ({ route, name }) => {
  test("refuses whoever is not logged in", async () => {
    if (route.access === "anyone") return void expect(["/api/login", "/files/:token"]).toContain(route.path);
    const { path, body } = tryOf(name, placeholder);
    const answer = await browser(hub).call(route.method.toUpperCase(), path, body);
    expect([answer.status, ((await answer.json()) as { refusal: { code: string } }).refusal.code]).toEqual([
      401,
      "unauthorized",
    ]);
  });

  test("refuses an agent where an administrator is needed", async () => {
    if (route.access !== "admin") return void expect(route.path).not.toContain("/admin/");
    const { path, body } = tryOf(name, mine);
    expect((await agent.call(route.method.toUpperCase(), path, body)).status).toBe(403);
  });

  test("knows nothing of another client company's things", async () => {
    if (cases[name] === "nobody's") {
      if (route.method !== "get" || route.access === "anyone")
        return void expect(route.path).toMatch(/^\/(api\/(log|me)|files)/);
      const text = await (await admin.call("GET", route.path)).text();
      for (const id of Object.values(theirs)) expect(text).not.toContain(id);
      return;
    }
    const { path, body } = tryOf(name, theirs);
    const answer = await admin.call(route.method.toUpperCase(), path, body);
    expect(answer.status).toBe(404);
    expect(await hub.prisma.cannedReply.count({ where: { tenantId: foreign } })).toBe(1);
  });
});

describe("channel accounts", () => {
  test("the form is drawn from the connector's settings", async () => {
    const { kinds } = (await (await admin.call("GET", "/api/admin/channel-kinds")).json()) as {
      kinds: { fields: unknown[] }[];
    };
    expect(kinds[0]?.fields).toEqual([
      { key: "host", title: "Host", description: "Where it is", type: "string", required: true, secret: false },
      {
        key: "mode",
        title: "mode",
        description: "",
        type: "enum",
        options: ["fast", "slow"],
        required: false,
        secret: false,
        default: "fast",
      },
      { key: "port", title: "port", description: "", type: "number", required: false, secret: false, default: 1 },
      { key: "loud", title: "loud", description: "", type: "boolean", required: false, secret: false, default: false },
      { key: "names", title: "names", description: "", type: "list", required: false, secret: false, default: [] },
      { key: "password", title: "password", description: "", type: "string", required: true, secret: true },
    ]);
  });

  test("a secret goes in and never comes out; left out it keeps its value", async () => {
    const secret = "very-secret-value-9876";
    const made = await admin.call("POST", "/api/admin/channels", {
      ...account(mine),
      config: { host: "h.example", password: secret },
    });
    const text = await made.text();
    const { id } = JSON.parse(text) as { id: string };
    expect(JSON.parse(text)).toMatchObject({ secrets: { password: "9876" }, config: { host: "h.example" } });
    expect((await admin.call("PATCH", `/api/admin/channels/${id}`, { config: { host: "h2.example" } })).status).toBe(
      200,
    );
    await admin.call("POST", `/api/admin/channels/${id}/test`);
    expect(hub.channels.probed.at(-1)).toEqual({ kind: "toy", config: { host: "h2.example", password: secret } });
    expect(hub.channels.reloaded).toContain(id);
    const row = await hub.prisma.channelAccount.findUniqueOrThrow({ where: { id } });
    expect(JSON.stringify(row.config)).not.toContain(secret);
    expect(Buffer.from(row.secretsEnc ?? []).includes(secret)).toBe(false);
    const audit = JSON.stringify(
      await hub.prisma.auditEntry.findMany({ where: { target: id }, select: { action: true, data: true } }),
    );
    expect(audit).toContain("channel.changed");
    for (const shown of [text, audit, await (await admin.call("GET", "/api/admin/channels")).text()])
      expect(shown).not.toContain(secret);
  });

  test("settings the connector refuses are refused in its words", async () => {
    const answer = await admin.call("POST", "/api/admin/channels", {
      ...account(mine),
      config: { host: "", password: "p" },
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("host");
  });
});

test("an administrator of one company cannot take over a person who also works for another", async () => {
  const user = await addUser(hub, "Works Twice", [{ tenantId: own }, { tenantId: foreign }]);
  const path = `/api/admin/users/${user.id}`;
  const memberships = [{ tenantId: own, role: "supervisor" }];
  expect(
    (await admin.call("PUT", path, { email: user.email, name: user.name, password: "a new password", memberships }))
      .status,
  ).toBe(403);
  expect((await admin.call("PUT", path, { email: "taken@desk.test", name: user.name, memberships })).status).toBe(403);
  expect(
    (
      await admin.call("PUT", path, {
        email: user.email,
        name: user.name,
        memberships: [{ tenantId: foreign, role: "admin" }],
      })
    ).status,
  ).toBe(404);
  expect((await admin.call("PUT", path, { email: user.email, name: user.name, memberships })).status).toBe(200);
  const after = await hub.prisma.membership.findMany({ where: { userId: user.id }, orderBy: { tenantId: "asc" } });
  expect(after.map(({ tenantId, role }) => [tenantId, role])).toEqual(
    [
      [own, "supervisor"],
      [foreign, "agent"],
    ].sort(),
  );
  const queue = await addQueue(hub, foreign, "theirs");
  expect(
    (
      await admin.call("PUT", path, {
        email: user.email,
        name: user.name,
        memberships: [{ tenantId: own, role: "agent", queueIds: [queue] }],
      })
    ).status,
  ).toBe(400);
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
  expect((await fetch(`${hub.url}/metrics`, { headers: { "x-forwarded-for": "203.0.113.5" } })).status).toBe(403);
});
