import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifyAudit } from "#store/audit";
import { addTenant, addUser, browser, type Hub, logged, logIn, password, startHub } from "./hub.ts";

let hub: Hub;
let tenant: string;
beforeAll(async () => {
  hub = await startHub({
    tuning: { session: { idleMs: 3_600_000, absoluteMs: 8 * 3_600_000, rotateMs: 60_000, graceMs: 5_000 } },
  });
  tenant = await addTenant(hub, "bank");
});
afterAll(() => hub.stop());

const login = (email: string, secret: string, headers: Record<string, string> = {}) =>
  browser(hub).call("POST", "/api/login", { email, password: secret }, headers);

describe("logging in", () => {
  test("the right password opens a session that a page cannot read", async () => {
    const user = await addUser(hub, "Anna Prvni", [{ tenantId: tenant }]);
    const answer = await login(user.email.toUpperCase(), password);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("set-cookie")).toMatch(/^linka=[^;]+;.*HttpOnly/);
    expect(answer.headers.get("set-cookie")).toMatch(/SameSite=Lax/);
  });

  test("a wrong password, an unknown address and a disabled user get the same answer", async () => {
    const user = await addUser(hub, "Bara Druha", [{ tenantId: tenant }]);
    const disabled = await addUser(hub, "Cyril Treti", [{ tenantId: tenant }]);
    await hub.prisma.user.update({ where: { id: disabled.id }, data: { disabledAt: new Date() } });
    const answers = [
      await login(user.email, "wrong"),
      await login("nobody@desk.test", "wrong"),
      await login(disabled.email, password),
    ];
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map((answer) => answer.status)).toEqual([401, 401, 401]);
    expect(new Set(bodies).size).toBe(1);
  });

  test("ten wrong passwords lock the account for a quarter of an hour, also for the right one", async () => {
    const user = await addUser(hub, "Dana Ctvrta", [{ tenantId: tenant }]);
    for (let i = 0; i < 10; i += 1) expect((await login(user.email, `wrong ${i}`)).status).toBe(401);
    expect((await login(user.email, password)).status).toBe(401);
    hub.pass(14 * 60_000);
    expect((await login(user.email, password)).status).toBe(401);
    hub.pass(2 * 60_000);
    expect((await login(user.email, password)).status).toBe(200);
  });

  test("a guesser at one account is slowed down, another address is not", async () => {
    const user = await addUser(hub, "Eva Pata", [{ tenantId: tenant }]);
    const from = { "x-forwarded-for": "198.51.100.7" };
    const guesses = await Promise.all(Array.from({ length: 25 }, () => login("guess@desk.test", "x", from)));
    const statuses = guesses.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.filter((status) => status === 401).length).toBeLessThan(20);
    expect((await login(user.email, password, { "x-forwarded-for": "198.51.100.8" })).status).toBe(200);
  });

  test("another site cannot log somebody in", async () => {
    const user = await addUser(hub, "Filip Sesty", [{ tenantId: tenant }]);
    expect((await login(user.email, password, { origin: "https://evil.example" })).status).toBe(403);
    expect((await login(user.email, password, { origin: "null" })).status).toBe(403);
  });
});

describe("a session", () => {
  test("a mutating call without the page's token or from another site is refused", async () => {
    const page = await logIn(hub, await addUser(hub, "Gita Sedma", [{ tenantId: tenant }]));
    const body = { locale: "cs" };
    expect((await page.call("PATCH", "/api/me", body, { "x-csrf-token": "" })).status).toBe(403);
    expect((await page.call("PATCH", "/api/me", body, { "x-csrf-token": page.csrf.replace(/.$/, "#") })).status).toBe(
      403,
    );
    expect((await page.call("PATCH", "/api/me", body, { origin: "https://evil.example" })).status).toBe(403);
    expect((await page.call("PATCH", "/api/me", body, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await page.call("PATCH", "/api/me", body)).status).toBe(200);
  });

  test("the token changes with time; the one before still works for requests under way, then no more", async () => {
    const page = await logIn(hub, await addUser(hub, "Hana Osma", [{ tenantId: tenant }]));
    const old = page.cookie;
    hub.pass(61_000);
    expect((await page.call("GET", "/api/boot")).status).toBe(200);
    expect(page.cookie).not.toBe(old);
    const late = browser(hub);
    late.cookie = old;
    expect((await late.call("GET", "/api/boot")).status).toBe(200);
    expect(late.cookie).toBe(old);
    hub.pass(6_000);
    expect((await late.call("GET", "/api/boot")).status).toBe(401);
    expect((await page.call("GET", "/api/boot")).status).toBe(200);
  });

  test("ends when nobody uses it, and at the latest after the working day", async () => {
    const page = await logIn(hub, await addUser(hub, "Ivan Devaty", [{ tenantId: tenant }]));
    hub.pass(61 * 60_000);
    expect((await page.call("GET", "/api/boot")).status).toBe(401);
    const busy = await logIn(hub, await addUser(hub, "Jan Desaty", [{ tenantId: tenant }]));
    for (let i = 0; i < 9; i += 1) {
      hub.pass(50 * 60_000);
      expect((await busy.call("GET", "/api/boot")).status).toBe(200);
    }
    hub.pass(50 * 60_000);
    expect((await busy.call("GET", "/api/boot")).status).toBe(401);
  });

  test("logging out ends it; a new password ends all the others", async () => {
    const user = await addUser(hub, "Karel Jedenact", [{ tenantId: tenant }]);
    const [first, second, third] = [await logIn(hub, user), await logIn(hub, user), await logIn(hub, user)];
    expect((await first.call("POST", "/api/logout")).status).toBe(200);
    expect((await first.call("GET", "/api/boot")).status).toBe(401);
    expect((await second.call("POST", "/api/me/password", { current: "wrong", next: "another long one" })).status).toBe(
      403,
    );
    expect(
      (await second.call("POST", "/api/me/password", { current: password, next: "another long one" })).status,
    ).toBe(200);
    expect((await third.call("GET", "/api/boot")).status).toBe(401);
    expect((await second.call("GET", "/api/boot")).status).toBe(200);
    expect((await login(user.email, "another long one")).status).toBe(200);
  });
});

describe("an API token", () => {
  test("opens its own client company and scopes only, never people's settings, and stops when revoked", async () => {
    const admin = await logIn(hub, await addUser(hub, "Lada Admin", [{ tenantId: tenant, role: "admin" }]));
    const made = await admin.call("POST", "/api/admin/tokens", { tenantId: tenant, name: "export", scopes: ["read"] });
    const { token, id, endsIn } = (await made.json()) as { token: string; id: string; endsIn: string };
    expect(token).toMatch(/^lk_.{43}$/);
    expect(token.endsWith(endsIn)).toBe(true);
    const use = (method: string, path: string, body?: unknown) =>
      browser(hub).call(method, path, body, { authorization: `Bearer ${token}` });
    expect((await use("GET", "/api/canned-replies")).status).toBe(200);
    expect(
      (await use("POST", "/api/canned-replies", { tenantId: tenant, shortcut: "a", title: "a", body: "a" })).status,
    ).toBe(403);
    expect((await use("GET", "/api/admin/users")).status).toBe(403);
    expect((await use("GET", "/api/boot")).status).toBe(403);
    const listed = await (await admin.call("GET", "/api/admin/tokens")).text();
    expect(listed).toContain(endsIn);
    expect(listed).not.toContain(token);
    expect((await admin.call("DELETE", `/api/admin/tokens/${id}`)).status).toBe(200);
    expect((await use("GET", "/api/canned-replies")).status).toBe(401);
  });

  test("guessing tokens is slowed down", async () => {
    const statuses = new Set<number>();
    for (let i = 0; i < 40; i += 1) {
      const headers = {
        authorization: `Bearer lk_${"A".repeat(40)}${String(i).padStart(3, "0")}`,
        "x-forwarded-for": "203.0.113.9",
      };
      statuses.add((await browser(hub).call("GET", "/api/canned-replies", undefined, headers)).status);
    }
    expect(statuses).toEqual(new Set([401, 429]));
  });
});

test("the audit is one unbroken chain, and a changed entry breaks it", async () => {
  expect(await verifyAudit({ db: hub.db, tenantId: null })).toBeNull();
  expect(await verifyAudit({ db: hub.db, tenantId: tenant })).toBeNull();
  // Somebody with the rights of the database's owner.
  await hub.db.query({ text: "ALTER TABLE audit_entry DISABLE TRIGGER USER" });
  await hub.db.query({ text: "UPDATE audit_entry SET actor_id = 'somebody else' WHERE tenant_id IS NULL AND no = 3" });
  expect(await verifyAudit({ db: hub.db, tenantId: null })).toBe(3);
});

test("no log line holds a password, an address of a person or a token", () => {
  const text = logged.join("\n");
  expect(text).not.toContain(password);
  expect(text).not.toContain("@desk.test");
  expect(text).not.toMatch(/lk_[A-Za-z0-9_-]{43}/);
});
