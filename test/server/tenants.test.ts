import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Boot, QueueView, TenantView } from "#wire";
import { verifyAudit } from "#store/audit";
import { addTenant, addUser, type Browser, deskSocket, type Hub, logIn, startHub } from "./hub.ts";

let hub: Hub;
let platform: Browser;
let platformId: string;
beforeAll(async () => {
  hub = await startHub();
  const user = await addUser(hub, "Platform Admin", []);
  platformId = user.id;
  await hub.prisma.user.update({ where: { id: user.id }, data: { platformAdmin: true } });
  platform = await logIn(hub, user);
});
afterAll(() => hub.stop());

const given = async <T>(answer: Promise<Response>): Promise<T> => {
  const response = await answer;
  const body: unknown = await response.json();
  expect([response.status, body]).toMatchObject([200, {}]);
  return body as T;
};
const refused = async (answer: Promise<Response>) => {
  const response = await answer;
  const { refusal } = (await response.json()) as { refusal: { code: string; says: string } };
  return { status: response.status, ...refusal };
};
const bootOf = (page: Browser) => given<Boot>(page.call("GET", "/api/boot"));
const company = (key: string, more: object = {}) =>
  given<TenantView>(platform.call("POST", "/api/admin/tenants", { key, name: `Company ${key}`, ...more }));
const queuesOf = async (tenantId: string) =>
  (await given<{ queues: QueueView[] }>(platform.call("GET", "/api/admin/queues"))).queues.filter(
    (queue) => queue.tenantId === tenantId,
  );
const actionsOn = async (tenantId: string) =>
  (await hub.prisma.auditEntry.findMany({ where: { tenantId }, orderBy: { no: "asc" } })).map(
    ({ action, actorId, data }) => ({ action, actorId, data }),
  );

describe("a platform administrator of an empty installation", () => {
  test("may look at every list of the administration, and all are empty", async () => {
    for (const list of ["tenants", "queues", "users", "channels", "tokens"])
      expect(await given(platform.call("GET", `/api/admin/${list}`))).toEqual({ [list]: [] });
  });

  test("adds a client company and sees it at once, also on the desk that is open", async () => {
    const desk = await deskSocket(hub, platform);
    const made = await company("first", { color: "#0b4f8a", greeting: "Dobrý den", undoSeconds: { email: 20 } });
    await desk.heard<{ tenantIds: string[] }>("rights");
    desk.socket.close();
    expect(made).toEqual({
      id: made.id,
      key: "first",
      name: "Company first",
      color: "#0b4f8a",
      greeting: "Dobrý den",
      signature: "",
      locale: "en",
      timezone: "Europe/Prague",
      undoSeconds: { email: 20 },
      reopenDays: 7,
    });
    const boot = await bootOf(platform);
    expect(boot.memberships).toEqual([{ tenantId: made.id, role: "admin", profile: "normal", alias: null }]);
    expect(boot.tenants).toMatchObject([{ id: made.id, color: "#0b4f8a", undoSeconds: { email: 20 } }]);
    expect(boot.queues).toMatchObject([{ tenantId: made.id, name: "Inbox" }]);
    expect(await queuesOf(made.id)).toMatchObject([{ key: "general", name: "Inbox" }]);
    expect(await actionsOn(made.id)).toEqual([
      { action: "tenant.created", actorId: platformId, data: { key: "first" } },
    ]);
    expect(await verifyAudit({ db: hub.db, tenantId: made.id })).toBeNull();
  });

  test("sees nothing of a company somebody else administers", async () => {
    const foreign = await addTenant(hub, "foreign-company");
    const { tenants } = await given<{ tenants: TenantView[] }>(platform.call("GET", "/api/admin/tenants"));
    expect(tenants.map(({ id }) => id)).not.toContain(foreign);
    expect((await refused(platform.call("PATCH", `/api/admin/tenants/${foreign}`, { name: "Mine" }))).status).toBe(404);
  });
});

describe("a client company", () => {
  test("can be added only by a platform administrator", async () => {
    const { id } = await company("closed");
    const admin = await logIn(hub, await addUser(hub, "Company Admin", [{ tenantId: id, role: "admin" }]));
    const answer = await refused(admin.call("POST", "/api/admin/tenants", { key: "other", name: "Other" }));
    expect(answer).toMatchObject({ status: 403, code: "forbidden" });
    expect(await hub.prisma.tenant.count({ where: { key: "other" } })).toBe(0);
  });

  test("has a key and a name of its own, and a refused one leaves nothing behind", async () => {
    await company("unique");
    const before = [await hub.prisma.queue.count(), await hub.prisma.membership.count()];
    for (const [body, says] of [
      [{ key: "unique", name: "Another" }, "key"],
      [{ key: "another", name: "COMPANY Unique" }, "name"],
    ] as const) {
      const answer = await refused(platform.call("POST", "/api/admin/tenants", body));
      expect(answer).toMatchObject({ status: 409, code: "conflict" });
      expect(answer.says).toContain(says);
    }
    expect([await hub.prisma.queue.count(), await hub.prisma.membership.count()]).toEqual(before);
  });

  test("is added once when two ask for the same at the same moment", async () => {
    const twice = await Promise.all(
      [1, 2].map(() => platform.call("POST", "/api/admin/tenants", { key: "race", name: "Race" })),
    );
    expect(twice.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });

  test.each([
    ["a key with spaces", { key: "my shop" }],
    ["a colour by name", { color: "red" }],
    ["an unknown time zone", { timezone: "Europe/Nowhere" }],
    ["more than five minutes to take back", { undoSeconds: { email: 301 } }],
    ["a negative number of days", { reopenDays: -1 }],
    ["a blank name", { name: "  " }],
  ])("is refused with %s", async (_, fault) => {
    const body = { key: "wrong", name: "Wrong", ...fault };
    expect((await refused(platform.call("POST", "/api/admin/tenants", body))).code).toBe("bad-request");
  });

  test("is changed only in what is given, and keeps what this screen does not know", async () => {
    const { id } = await company("changed", { greeting: "Hello", reopenDays: 3 });
    const stored = { mode: "anonymous", country: "CZ", greeting: "Hello", reopenDays: 3 };
    await hub.prisma.tenant.update({ where: { id }, data: { policy: stored } });
    const path = `/api/admin/tenants/${id}`;
    const patch = { color: "#112233", locale: "cs", undoSeconds: { chat: 5 } };
    expect(await given(platform.call("PATCH", path, patch))).toMatchObject({ ...patch, greeting: "Hello" });
    const { color, ...rest } = patch;
    expect(await hub.prisma.tenant.findUniqueOrThrow({ where: { id } })).toMatchObject({
      key: "changed",
      name: "Company changed",
      policy: { ...stored, ...rest, brandColor: color },
    });
    expect((await actionsOn(id)).at(-1)).toMatchObject({
      action: "tenant.changed",
      data: { fields: ["color", "locale", "undoSeconds"] },
    });
    await company("neighbour");
    expect((await refused(platform.call("PATCH", path, { name: "Company NEIGHBOUR" }))).code).toBe("conflict");
    expect(await given(platform.call("PATCH", path, { name: "company changed" }))).toMatchObject({
      name: "company changed",
    });
  });

  test("is not changed by its supervisor", async () => {
    const { id } = await company("supervised");
    const other = await company("administered");
    const user = await addUser(hub, "Half Admin", [
      { tenantId: id, role: "supervisor" },
      { tenantId: other.id, role: "admin" },
    ]);
    const page = await logIn(hub, user);
    for (const [method, path, body] of [
      ["PATCH", `/api/admin/tenants/${id}`, { name: "Mine" }],
      ["POST", "/api/admin/queues", { tenantId: id, name: "Mine" }],
      ["PATCH", `/api/admin/queues/${(await queuesOf(id))[0]?.id}`, { name: "Mine" }],
    ] as const)
      expect((await refused(page.call(method, path, body))).status).toBe(403);
    const { queues } = await given<{ queues: QueueView[] }>(page.call("GET", "/api/admin/queues"));
    expect(new Set(queues.map(({ tenantId }) => tenantId))).toEqual(new Set([other.id]));
  });
});

describe("a queue", () => {
  const add = (body: object) => given<QueueView>(platform.call("POST", "/api/admin/queues", body));

  test("gets a key from its name, or the one that is given", async () => {
    const { id: tenantId } = await company("queues");
    const keys = [];
    for (const name of ["Reklamace a vrácení", "Reklamace: a vrácení", "Жалобы", "Žádosti & GDPR"])
      keys.push((await add({ tenantId, name })).key);
    expect(keys).toEqual(["reklamace-a-vraceni", "reklamace-a-vraceni-2", "queue", "zadosti-gdpr"]);
    expect(await add({ tenantId, name: "Cards", key: "karty" })).toMatchObject({ key: "karty", name: "Cards" });
    expect((await bootOf(platform)).queues.map(({ name }) => name)).toContain("Žádosti & GDPR");
  });

  test("is refused when the company has one of that name or key, and another company may have it", async () => {
    const [one, two] = [await company("one"), await company("two")];
    await add({ tenantId: one.id, name: "Orders", key: "orders" });
    await add({ tenantId: two.id, name: "Orders", key: "orders" });
    for (const body of [{ name: "ORDERS" }, { name: "Different", key: "orders" }]) {
      const answer = await refused(platform.call("POST", "/api/admin/queues", { tenantId: one.id, ...body }));
      expect(answer).toMatchObject({ status: 409, code: "conflict" });
    }
  });

  test("is renamed and keeps its key, and both steps stand in the audit of the company", async () => {
    const { id: tenantId } = await company("renamed");
    const queue = await add({ tenantId, name: "Old" });
    const path = `/api/admin/queues/${queue.id}`;
    expect(await given(platform.call("PATCH", path, { name: " New " }))).toEqual({ ...queue, name: "New" });
    expect((await refused(platform.call("PATCH", path, { name: "inbox" }))).code).toBe("conflict");
    expect((await queuesOf(tenantId)).map(({ name }) => name)).toEqual(["Inbox", "New"]);
    expect((await actionsOn(tenantId)).map(({ action }) => action)).toEqual([
      "tenant.created",
      "queue.created",
      "queue.renamed",
    ]);
  });
});
