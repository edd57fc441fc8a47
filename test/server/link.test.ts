import { afterAll, beforeAll, expect, test } from "vitest";
import { ConnectorError, type Connection, type LinkView } from "#contract";
import { addTenant, addUser, type Browser, type Hub, logged, logIn, startHub } from "./hub.ts";
import { toy } from "./toy.ts";

const code = "2@a-code-that-lets-its-reader-in";
const view: LinkView = { phase: "code", says: "Scan.", since: new Date("2026-01-05T08:00:00Z"), show: { qr: code } };
let hub: Hub;
let tenantId: string;
let admin: Browser;
let path: string;

beforeAll(async () => {
  hub = await startHub({ connectors: [toy] });
  tenantId = await addTenant(hub, "linked");
  admin = await logIn(hub, await addUser(hub, "Linked Admin", [{ tenantId, role: "admin" }]));
  const body = {
    tenantId,
    kind: "toy",
    name: "Phone",
    queueId: null,
    enabled: false,
    config: { host: "x", password: "p" },
  };
  const created = await admin.call("POST", "/api/admin/channels", body);
  const { id } = (await created.json()) as { id: string };
  path = `/api/admin/channels/${id}/link`;
  hub.channels.link = async () => view;
});
afterAll(() => hub.stop());

test("an administrator of the company sees the code, and no cache keeps it", async () => {
  const answer = await admin.call("GET", path);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.json()).toEqual({
    phase: "code",
    says: "Scan.",
    since: "2026-01-05T08:00:00.000Z",
    qr: code,
    code: null,
    memoryBytes: null,
    linked: null,
  });
});

test("nobody else sees it: no agent, no supervisor, no administrator of another company, no API token", async () => {
  const foreign = await addTenant(hub, "elsewhere");
  const others = [
    await addUser(hub, "Linked Agent", [{ tenantId }]),
    await addUser(hub, "Linked Lead", [{ tenantId, role: "supervisor" }]),
    await addUser(hub, "Foreign Admin", [{ tenantId: foreign, role: "admin" }]),
  ];
  for (const user of others) {
    const browser = await logIn(hub, user);
    for (const answer of [await browser.call("GET", path), await browser.call("POST", path, { do: "logout" })]) {
      expect([403, 404]).toContain(answer.status);
      expect(await answer.text()).not.toContain(code);
    }
  }
  const made = await admin.call("POST", "/api/admin/tokens", { tenantId, name: "Reports", scopes: ["admin"] });
  const { token = "" } = (await made.json()) as { token?: string };
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${hub.url}${path}`, { headers });
  expect([401, 403]).toContain(answer.status);
  expect(await answer.text()).not.toContain(code);
});

test("what the channel refuses is said in its words, and an account that nobody runs is unavailable", async () => {
  hub.channels.link = () => Promise.reject(new ConnectorError("rejected", "It is linked already."));
  const refused = await admin.call("POST", path, { do: "code" });
  expect(refused.status).toBe(409);
  expect(await refused.text()).toContain("It is linked already.");
  hub.channels.link = async () => null;
  expect((await admin.call("GET", path)).status).toBe(503);
  hub.channels.link = async () => view;
});

test("what an administrator did to the link is in the audit, the code is nowhere in the log", async () => {
  await admin.call("POST", path, { do: "logout" });
  const { rows } = await hub.db.pool.query<{ action: string }>("SELECT action FROM audit_entry WHERE tenant_id = $1", [
    tenantId,
  ]);
  expect(rows.map(({ action }) => action)).toContain("channel.link-logout");
  expect(logged.filter((line) => line.includes(code))).toEqual([]);
});

test("only channels that work through a phone offer it", async () => {
  const list = async (): Promise<boolean[]> => {
    const { channels } = (await (await admin.call("GET", "/api/admin/channels")).json()) as {
      channels: { linkable: boolean }[];
    };
    return channels.map(({ linkable }) => linkable);
  };
  expect(await list()).toEqual([false]);
  const link = { look: () => view, reconnect: async () => {}, logout: async () => {}, pairingCode: async () => "" };
  hub.channels.connection = () => ({ start: async () => {}, send: async () => ({}), link }) as unknown as Connection;
  expect(await list()).toEqual([true]);
});
