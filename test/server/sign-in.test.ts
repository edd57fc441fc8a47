import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuid } from "#core/uuid";
import { z } from "zod";
import { ConnectorError, defineConnector } from "#contract";
import { addTenant, addUser, type Browser, type Hub, logIn, startHub } from "./hub.ts";

/** A channel that signs in at https://id.example; the code "good" is worth a token. */
const guarded = defineConnector({
  kind: "guarded",
  title: "Guarded",
  config: z.object({
    box: z.string(),
    by: z.enum(["page", "password"]).default("page"),
    token: z.string().default(""),
  }),
  secrets: ["token"],
  address: ({ box }) => box,
  limits: { text: 100, attachments: false, replyWindowHours: false, subject: false },
  signIn: {
    page: ({ config, redirectUri, state, challenge }) =>
      config.by === "password"
        ? undefined
        : new URL(`https://id.example/?${new URLSearchParams({ redirectUri, state, challenge }).toString()}`),
    finish: async ({ code, verifier }) => {
      if (code !== "good") throw new ConnectorError("auth", "not this code");
      return { token: `token for ${verifier.length}`, box: "may not be changed by a provider" };
    },
  },
  open: () => ({ start: async () => undefined, send: async () => Promise.reject(new Error("never")) }),
});

let hub: Hub;
let admin: Browser;
let colleague: Browser;
let stranger: Browser;
let id: string;
beforeAll(async () => {
  hub = await startHub({ connectors: [guarded], config: { publicUrl: "https://desk.example.com" } });
  const own = await addTenant(hub, "own");
  admin = await logIn(hub, await addUser(hub, "Admin", [{ tenantId: own, role: "admin" }]));
  colleague = await logIn(hub, await addUser(hub, "Colleague", [{ tenantId: own, role: "admin" }]));
  const foreign = await addTenant(hub, "foreign");
  stranger = await logIn(hub, await addUser(hub, "Stranger", [{ tenantId: foreign, role: "admin" }]));
  const made = await admin.call("POST", "/api/admin/channels", {
    tenantId: own,
    kind: "guarded",
    name: "Box",
    queueId: null,
    enabled: false,
    config: { box: uuid() },
  });
  id = ((await made.json()) as { id: string }).id;
});
beforeEach(() => {
  hub.channels.reloaded.length = 0;
});
afterAll(() => hub.stop());

const begin = async (): Promise<URL> => {
  const answer = await admin.call("POST", `/api/admin/channels/${id}/sign-in`);
  return new URL(((await answer.json()) as { url: string }).url);
};
const back = async (who: Browser, query: Record<string, string>): Promise<string | null> =>
  (await who.call("GET", `/api/admin/sign-in?${new URLSearchParams(query).toString()}`)).headers.get("location");
const stateOf = (page: URL): string => page.searchParams.get("state") ?? "";
const stored = async (): Promise<unknown> =>
  (await hub.prisma.channelAccount.findUniqueOrThrow({ where: { id } })).secretHints;

describe("signing an account in at its provider's page", () => {
  test("the administrator goes there with a challenge and comes back with a secret that is sealed and told to nobody", async () => {
    const page = await begin();
    expect(page.searchParams.get("redirectUri")).toBe("https://desk.example.com/api/admin/sign-in");
    expect(page.searchParams.get("challenge")).toMatch(/^[\w-]{43}$/);
    expect(await back(admin, { code: "good", state: stateOf(page) })).toBe("/admin/channels?signIn=done");
    expect(hub.channels.reloaded).toEqual([id]);
    const row = await hub.prisma.channelAccount.findUniqueOrThrow({ where: { id } });
    expect(JSON.stringify(row.config)).not.toContain("provider");
    expect(Buffer.from(row.secretsEnc ?? []).includes("token for")).toBe(false);
    await admin.call("POST", `/api/admin/channels/${id}/test`);
    expect(hub.channels.probed.at(-1)).toMatchObject({ config: { token: "token for 64" } });
    const audit = await hub.prisma.auditEntry.findMany({ where: { target: id, action: "channel.signed-in" } });
    expect(audit).toHaveLength(1);
    expect(await (await admin.call("GET", "/api/admin/channels")).text()).not.toContain("token for");
  });

  test("what somebody else brings back, or brings back too late, or has changed, is not taken", async () => {
    const state = stateOf(await begin());
    const before = await stored();
    expect(await back(colleague, { code: "good", state })).toBe("/admin/channels?signIn=expired");
    expect(await back(admin, { code: "good", state: `${state.slice(0, -4)}AAAA` })).toBe(
      "/admin/channels?signIn=expired",
    );
    hub.pass(11 * 60_000);
    expect(await back(admin, { code: "good", state })).toBe("/admin/channels?signIn=expired");
    expect(await stored()).toEqual(before);
    expect(hub.channels.reloaded).toEqual([]);
  });

  test("a refusal at the provider and a code it does not honour leave everything as it was", async () => {
    const before = await stored();
    expect(await back(admin, { error: "access_denied", state: stateOf(await begin()) })).toBe(
      "/admin/channels?signIn=refused",
    );
    expect(await back(admin, { code: "bad", state: stateOf(await begin()) })).toBe("/admin/channels?signIn=failed");
    expect(await stored()).toEqual(before);
  });

  test("only the company's administrators are led there, and only for accounts that sign in so", async () => {
    expect((await stranger.call("POST", `/api/admin/channels/${id}/sign-in`)).status).toBe(404);
    expect((await stranger.call("GET", `/api/admin/channels/${id}/sign-in`)).status).toBe(404);
    expect(await (await admin.call("GET", `/api/admin/channels/${id}/sign-in`)).json()).toEqual({
      offered: true,
      redirectUri: "https://desk.example.com/api/admin/sign-in",
    });
    const row = await hub.prisma.channelAccount.findUniqueOrThrow({ where: { id } });
    const config = { ...(row.config as object), by: "password" };
    await hub.prisma.channelAccount.update({ where: { id }, data: { config } });
    expect(await (await admin.call("GET", `/api/admin/channels/${id}/sign-in`)).json()).toMatchObject({
      offered: false,
    });
    expect((await admin.call("POST", `/api/admin/channels/${id}/sign-in`)).status).toBe(400);
  });
});
