import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Connection } from "#contract";
import { uuid } from "#core/uuid";
import { addQueue, addTenant, addUser, type Browser, type Hub, logIn, startHub } from "./hub.ts";
import { toy } from "./toy.ts";

let hub: Hub;
let own: string;
let foreign: string;
let admin: Browser;
beforeAll(async () => {
  hub = await startHub({ connectors: [toy, { ...toy, kind: "operated", title: "Operated", forOperators: true }] });
  own = await addTenant(hub, "own");
  foreign = await addTenant(hub, "foreign");
  admin = await logIn(hub, await addUser(hub, "Own Admin", [{ tenantId: own, role: "admin" }]));
});
afterAll(() => hub.stop());

const account = () => ({
  tenantId: own,
  kind: "toy",
  name: "New",
  queueId: null,
  enabled: false,
  config: { host: uuid(), password: "p" },
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
      ...account(),
      config: { host: "h.example", password: secret },
    });
    const text = await made.text();
    const { id } = JSON.parse(text) as { id: string };
    expect(JSON.parse(text)).toMatchObject({ secrets: { password: "9876" }, config: { host: "h.example" } });
    expect(
      (await admin.call("PATCH", `/api/admin/channels/${id}`, { config: { host: "h.example", loud: true } })).status,
    ).toBe(200);
    await admin.call("POST", `/api/admin/channels/${id}/test`);
    expect(hub.channels.probed.at(-1)).toEqual({
      kind: "toy",
      config: { host: "h.example", loud: true, password: secret },
    });
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

  test("a chat that is open gives the line that puts it into a web page; no other channel has one", async () => {
    const { id } = (await (await admin.call("POST", "/api/admin/channels", account())).json()) as { id: string };
    const embed = async () => {
      const answer = await admin.call("GET", "/api/admin/channels");
      const { channels } = (await answer.json()) as { channels: { id: string; embed: string | null }[] };
      return channels.find((one) => one.id === id)?.embed;
    };
    const open: Connection = { start: async () => undefined, send: async () => Promise.reject(new Error("never")) };
    hub.channels.connection = () => open;
    expect(await embed()).toBeNull();
    hub.channels.connection = () => ({ ...open, peer: () => undefined });
    const origin = `http://localhost:${new URL(hub.url).port}`;
    expect(await embed()).toBe(`<script src="${origin}/widget/loader.js" data-account="${id}" defer></script>`);
    hub.channels.connection = () => undefined;
    expect(await embed()).toBeNull();
  });

  test("a stored secret is never sent to another server than it was stored for", async () => {
    const host = `${uuid()}.example`;
    const body = { ...account(), config: { host, password: "stored-secret-123" } };
    const { id } = (await (await admin.call("POST", "/api/admin/channels", body)).json()) as { id: string };
    const path = `/api/admin/channels/${id}`;
    const testing = `/api/admin/channels/test?id=${id}`;
    const probes = hub.channels.probed.length;
    for (const config of [{ host: "thief.example" }, { host, port: 2 }]) {
      for (const answer of [
        await admin.call("PATCH", path, { config }),
        await admin.call("POST", testing, { ...body, config }),
      ]) {
        expect(answer.status).toBe(400);
        expect(await answer.text()).toContain("Enter again: password.");
      }
    }
    expect(hub.channels.probed).toHaveLength(probes);
    // Naming what the default says already is no change.
    expect((await admin.call("PATCH", path, { config: { host, port: 1 } })).status).toBe(200);
    const given = { host: "new.example", password: "given-again-456" };
    expect((await admin.call("POST", testing, { ...body, config: given })).status).toBe(200);
    expect(hub.channels.probed.at(-1)).toEqual({ kind: "toy", config: given });
    expect((await admin.call("PATCH", path, { config: given })).status).toBe(200);
  });

  test("a channel that reaches the hub's own machine is set up by a platform administrator only", async () => {
    const operated = { ...account(), kind: "operated" };
    const { id } = await hub.prisma.channelAccount.create({
      data: { id: uuid(), tenantId: own, kind: "operated", name: "Here", config: operated.config },
    });
    const attempts = (by: Browser): Promise<Response[]> =>
      Promise.all([
        by.call("POST", "/api/admin/channels", { ...operated, config: { host: uuid(), password: "p" } }),
        by.call("PATCH", `/api/admin/channels/${id}`, { name: "There" }),
        by.call("POST", "/api/admin/channels/test", operated),
      ]);
    const kinds = async (by: Browser): Promise<string[]> =>
      ((await (await by.call("GET", "/api/admin/channel-kinds")).json()) as { kinds: { kind: string }[] }).kinds.map(
        ({ kind }) => kind,
      );
    const probes = hub.channels.probed.length;
    for (const answer of [...(await attempts(admin)), await admin.call("DELETE", `/api/admin/channels/${id}`)]) {
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain("only a platform administrator may set it up");
    }
    expect(hub.channels.probed).toHaveLength(probes);
    expect(await kinds(admin)).toEqual(["toy"]);
    const user = await addUser(hub, "Runs The Hub", [{ tenantId: own, role: "admin" }]);
    await hub.prisma.user.update({ where: { id: user.id }, data: { platformAdmin: true } });
    const operator = await logIn(hub, user);
    expect((await attempts(operator)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await kinds(operator)).toEqual(["toy", "operated"]);
    expect((await operator.call("DELETE", `/api/admin/channels/${id}`)).status).toBe(200);
  });

  test("settings the connector refuses are refused in its words", async () => {
    const answer = await admin.call("POST", "/api/admin/channels", {
      ...account(),
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
  expect(new Map(after.map(({ tenantId, role }) => [tenantId, role]))).toEqual(
    new Map([
      [own, "supervisor"],
      [foreign, "agent"],
    ]),
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

test("the picture customers see is given, kept when nobody speaks of it, and taken away; only https is taken", async () => {
  const user = await addUser(hub, "Has Picture", [{ tenantId: own }]);
  const put = async (membership: object) => {
    const memberships = [{ tenantId: own, role: "agent", ...membership }];
    const answer = await admin.call("PUT", `/api/admin/users/${user.id}`, { ...person, memberships });
    const shown = (await answer.json()) as { memberships?: { avatarUrl: string | null }[] };
    return [answer.status, shown.memberships?.[0]?.avatarUrl];
  };
  const person = { email: user.email, name: user.name };
  const picture = "https://pictures.example/eva.png";
  expect(await put({ avatarUrl: picture })).toEqual([200, picture]);
  expect(await put({})).toEqual([200, picture]);
  for (const bad of ["http://pictures.example/eva.png", "javascript:alert(1)", "data:image/png;base64,AA=="])
    expect(await put({ avatarUrl: bad })).toEqual([400, undefined]);
  expect(await put({ avatarUrl: null })).toEqual([200, null]);
});

test("a person who is just being given to another company cannot be taken over in that moment", async () => {
  const user = await addUser(hub, "Moves Now", [{ tenantId: own }]);
  const memberships = [{ tenantId: own, role: "agent" }];
  const change = { email: user.email, name: "Taken Over", memberships };
  const waiting = async (): Promise<boolean> =>
    (
      await hub.db.query({
        text: "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      })
    ).length > 0;
  const answer = await hub.db.tx(async (q) => {
    await q.query({ text: "select id from app_user where id = $1 for update", values: [user.id] });
    const asked = admin.call("PUT", `/api/admin/users/${user.id}`, change);
    while (!(await waiting())) await new Promise((resolve) => setTimeout(resolve, 10));
    await q.query({
      text: "insert into membership (tenant_id, user_id, role) values ($1, $2, 'agent')",
      values: [foreign, user.id],
    });
    return { asked };
  });
  expect((await answer.asked).status).toBe(403);
});

test("who loses a company's membership is in that company's audit", async () => {
  const user = await addUser(hub, "Leaves Soon", [{ tenantId: own }, { tenantId: foreign }]);
  const left = await admin.call("PUT", `/api/admin/users/${user.id}`, {
    email: user.email,
    name: user.name,
    memberships: [],
  });
  expect(left.status).toBe(200);
  const entries = await hub.prisma.auditEntry.findMany({ where: { target: user.id } });
  expect(entries).toMatchObject([{ tenantId: own, action: "user.changed", data: { memberships: [] } }]);
});

describe("the last administrator of a client company", () => {
  const lone = async (key: string) => {
    const tenantId = await addTenant(hub, key);
    const user = await addUser(hub, `Lone ${key}`, [{ tenantId, role: "admin" }]);
    const put = (by: Browser, who: { id: string; name: string; email: string }, role?: string): Promise<Response> =>
      by.call("PUT", `/api/admin/users/${who.id}`, {
        email: who.email,
        name: who.name,
        memberships: role === undefined ? [] : [{ tenantId, role }],
      });
    return { tenantId, user, put, page: await logIn(hub, user) };
  };
  const adminsOf = (tenantId: string) => hub.prisma.membership.count({ where: { tenantId, role: "admin" } });

  test("can neither leave nor become an agent before somebody else is one", async () => {
    const { tenantId, user, put, page } = await lone("lone");
    for (const answer of [await put(page, user), await put(page, user, "agent")]) {
      expect(answer.status).toBe(409);
      expect(await answer.text()).toContain("make somebody else one first");
    }
    expect(await adminsOf(tenantId)).toBe(1);
    const next = await addUser(hub, "Next Admin", [{ tenantId, role: "admin" }]);
    await hub.prisma.user.update({ where: { id: next.id }, data: { disabledAt: new Date() } });
    expect((await put(page, user, "agent")).status).toBe(409);
    await hub.prisma.user.update({ where: { id: next.id }, data: { disabledAt: null } });
    expect((await put(page, user, "agent")).status).toBe(200);
  });

  test("remains one when two of them leave at the same time", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { tenantId, user, put, page } = await lone(`pair-${round}`);
      const other = await addUser(hub, `Other ${round}`, [{ tenantId, role: "admin" }]);
      const otherPage = await logIn(hub, other);
      const answers = await Promise.all([put(page, user), put(otherPage, other)]);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
      expect(await adminsOf(tenantId)).toBe(1);
    }
  });
});
