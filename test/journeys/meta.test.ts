import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChannelAccountView, Gives, MessageView } from "#wire";
import { instagramScopes, makeInstagram } from "../fakes/graph/instagram.ts";
import { makePage, pageScopes } from "../fakes/graph/messenger.ts";
import { type FakeGraph, startGraph } from "../fakes/graph/server.ts";
import type { Social } from "../fakes/graph/social.ts";
import { makeUser, type SocialUser } from "../fakes/graph/social-user.ts";
import { freshDatabase, type FreshDatabase, temporaryFolder } from "../support/database.ts";
import { type Fixture, seedFixture } from "../support/fixture.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { type Agent, signIn, until } from "./agent.ts";

const hour = 3_600_000;
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);
const patience = 20_000;

/** Two pages and an Instagram account of one app, whose only webhook address is that of the first page; a real hub. */
describe(
  "Messenger and Instagram, from the customer's phone to the agent's screen and back",
  { timeout: 60_000 },
  () => {
    let graph: FakeGraph;
    let database: FreshDatabase;
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let fixture: Fixture;
    let hub: HubProcess;
    let admin: Agent;
    let agent: Agent;
    let token: ReturnType<FakeGraph["token"]>;
    const at = {} as Record<"page" | "second" | "instagram", { social: Social; accountId: string }>;
    const user = {} as Record<"jana" | "petr" | "eva", SocialUser>;
    let conversationId = "";

    const open = (id: string): Promise<Gives<"conversation.open">> => agent.ask("conversation.open", { id });
    /** The conversation whose row shows this text. */
    const arrived = async (text: string): Promise<string> => {
      const { frame } = await agent.heard(
        text,
        ({ changes }) => changes.some(({ row }) => row.preview === text),
        patience,
      );
      return frame.changes.find(({ row }) => row.preview === text)?.row.id ?? "";
    };
    const message = (text: string, in_ = conversationId) =>
      until(`the message "${text}"`, async () => (await open(in_)).messages.find((one) => one.text === text), patience);
    const changed = (says: string, in_: string, fits: (messages: readonly MessageView[]) => boolean) =>
      until(says, async () => fits((await open(in_)).messages), patience);
    const answer = async (in_: string, text: string, more: { uploadIds?: string[] } = {}) =>
      (
        await agent.ask("message.send", {
          conversationId: in_,
          clientKey: randomBytes(8).toString("hex"),
          mode: "reply",
          text,
          uploadIds: [],
          ...more,
        })
      ).message;
    const accountOf = async (id: string) =>
      (await admin.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels")).channels.find(
        (one) => one.id === id,
      );
    const line = (who: SocialUser, text: string) => who.person.lines.find((one) => one.text === text);

    beforeAll(async () => {
      graph = await startGraph();
      const app = graph.app("900000000000001");
      token = graph.token({ app, scopes: [...pageScopes, ...instagramScopes] });
      at.page = { social: makePage(graph, { app, name: "Zahradka" }), accountId: "" };
      at.second = { social: makePage(graph, { app, name: "Vltava" }), accountId: "" };
      at.instagram = { social: makeInstagram(graph, { app }), accountId: "" };
      database = await freshDatabase();
      folder = await temporaryFolder();
      const secret = randomBytes(32).toString("hex");
      fixture = await seedFixture({ databaseUrl: database.url, secret, queues: 1, agents: 2, admin: true });
      // The stand-in lies on this machine: only a platform administrator may send tokens there.
      const client = new Client({ connectionString: database.url });
      await client.connect();
      await client.query("UPDATE app_user SET platform_admin = true WHERE id = $1", [fixture.users[0]?.id]);
      await client.end();
      const env = { DATABASE_URL: database.url, LINKA_SECRET: secret, LINKA_DEMO: "0" };
      hub = await startHub({ dataDir: folder.path, env });
      const login = (i: number) =>
        signIn({ url: hub.url, email: fixture.users[i]?.email ?? "", password: fixture.password });
      [admin, agent] = await Promise.all([login(0), login(1)]);
      user.jana = makeUser(at.page.social, at.page.social.person("Jana Nová"));
      user.petr = makeUser(at.second.social, at.second.social.person("Petr Starý"));
      user.eva = makeUser(at.instagram.social, at.instagram.social.person("Eva Malá"));
    }, 60_000);

    afterAll(async () => {
      admin?.leave();
      agent?.leave();
      await hub?.kill("SIGKILL");
      await graph?.stop();
      await database?.drop();
      await folder?.remove();
    });

    test("an administrator connects the accounts by token, sees every permission checked, and Meta finds the webhook", async () => {
      const shared = {
        token: token.value,
        appId: token.app.id,
        appSecret: token.app.secret,
        verify: "a word between us",
        apiUrl: graph.url,
        checkEveryMs: 200,
      };
      const body = (kind: string, name: string, config: object) => ({
        tenantId: fixture.tenantId,
        kind,
        name,
        queueId: fixture.queueIds[0] ?? null,
        enabled: true,
        config: { ...shared, ...config },
      });
      const page = body("messenger", "Zahrádka", { pageId: at.page.social.own });
      const tried = await admin.call<{ ok: boolean; checks?: { id: string; ok: boolean }[] }>(
        "POST",
        "/api/admin/channels/test",
        page,
      );
      expect(tried.checks?.filter(({ ok }) => !ok).map(({ id }) => id)).toEqual(["subscribed"]);
      expect(tried.checks?.map(({ id }) => id)).toContain("pages_messaging");

      at.page.accountId = (await admin.call<ChannelAccountView>("POST", "/api/admin/channels", page)).id;
      const second = body("messenger", "Vltava", { pageId: at.second.social.own });
      at.second.accountId = (await admin.call<ChannelAccountView>("POST", "/api/admin/channels", second)).id;
      const { own, node } = at.instagram.social;
      const instagram = body("instagram", "Instagram", { accountId: own, pageId: node });
      at.instagram.accountId = (await admin.call<ChannelAccountView>("POST", "/api/admin/channels", instagram)).id;

      const view = await until("the page is online and subscribed", async () => {
        const found = await accountOf(at.page.accountId);
        return found?.state === "online" && at.page.social.subscribedTo().includes("messages") && found;
      });
      expect(JSON.stringify(view)).not.toContain(token.value);
      const hook = `${hub.url}/hooks/${at.page.accountId}`;
      expect(await graph.webhooks.subscribe(token.app, hook, "a wrong word")).toBe(false);
      expect(await graph.webhooks.subscribe(token.app, hook, "a word between us")).toBe(true);
      const retried = await admin.call<{ ok: boolean; checks?: { id: string; ok: boolean }[] }>(
        "POST",
        `/api/admin/channels/${at.page.accountId}/test`,
      );
      expect(retried).toMatchObject({ ok: true });
      expect(retried.checks?.every(({ ok }) => ok)).toBe(true);
    });

    test("what a customer writes is on the desk, under the name of their profile, and the answer is on their phone", async () => {
      await user.jana.text("Dobrý den, kde je moje zásilka? 📦").taken;
      conversationId = await arrived("Dobrý den, kde je moje zásilka? 📦");
      await until(
        "the name is known",
        async () => (await open(conversationId)).row.contact.name === "Jana Nová",
        patience,
      );
      const { threads } = await open(conversationId);
      expect(threads[0]).toMatchObject({ channel: "messenger", accountName: "Zahrádka", addressKind: "psid" });
      expect(threads[0]?.windowUntil).not.toBeNull();

      const sent = await answer(conversationId, "Dobrý den, je na cestě.");
      await until("the answer is on the phone", async () => line(user.jana, "Dobrý den, je na cestě."), patience);
      const wire = graph.requests.findLast(({ path }) => path[1] === "messages")?.json;
      expect(wire).toEqual({
        recipient: { id: user.jana.person.id },
        messaging_type: "RESPONSE",
        message: { text: "Dobrý den, je na cestě.", metadata: sent.id },
      });
      await changed("it is delivered", conversationId, (messages) =>
        messages.some(({ id, deliveries }) => id === sent.id && deliveries[0]?.state === "delivered"),
      );
      await user.jana.read();
      await changed("it is read", conversationId, (messages) =>
        messages.some(({ id, deliveries }) => id === sent.id && deliveries[0]?.state === "read"),
      );
      expect((await open(conversationId)).messages.filter(({ direction }) => direction === "out")).toHaveLength(1);
    });

    test("one address of the app serves the second page and Instagram: each message comes to its own account", async () => {
      await user.petr.text("Píšu na druhou stránku").taken;
      const second = await arrived("Píšu na druhou stránku");
      expect((await open(second)).threads[0]).toMatchObject({ accountName: "Vltava" });
      await user.eva.text("Píšu na Instagram").taken;
      const third = await arrived("Píšu na Instagram");
      expect((await open(third)).threads[0]).toMatchObject({ channel: "instagram", addressKind: "igsid" });
      await answer(third, "Zdravíme na Instagram");
      await until("Eva has it", async () => line(user.eva, "Zdravíme na Instagram"), patience);
      await user.eva.read();
      await changed("Eva has read it", third, (messages) =>
        messages.some(({ text, deliveries }) => text === "Zdravíme na Instagram" && deliveries[0]?.state === "read"),
      );
      expect(graph.webhooks.answers.every(({ status }) => status === 200)).toBe(true);
    });

    test("a picture is fetched at once, and one the agent sends arrives byte for byte", async () => {
      await user.jana.files("Takhle to přišlo", [{ name: "rozbité.png", mimeType: "image/png", bytes: png }]).taken;
      const got = await message("Takhle to přišlo");
      const file = await until(
        "the picture is here",
        async () => {
          const found = (await open(conversationId)).messages.find(({ id }) => id === got.id)?.attachments[0];
          return found?.state === "stored" && found;
        },
        patience,
      );
      expect(file).toMatchObject({ name: "rozbité.png", mime: "image/png", size: png.length });
      const upload = await agent.call<{ id: string }>(
        "POST",
        `/api/uploads?conversationId=${conversationId}&name=${encodeURIComponent("náhrada.png")}`,
        png,
      );
      await answer(conversationId, "Posíláme tuhle", { uploadIds: [upload.id] });
      await until("the text is on the phone", async () => line(user.jana, "Posíláme tuhle"), patience);
      const [received] = user.jana.person.lines.flatMap(({ from, files }) => (from === "page" ? files : []));
      expect(received).toMatchObject({ name: "náhrada.png", mimeType: "image/png" });
      expect(received?.bytes.equals(png)).toBe(true);
    });

    test("edits, reactions and unsent messages change what the desk shows", async () => {
      const { mid, taken } = user.jana.text("Prosim o vrácení");
      await taken;
      await message("Prosim o vrácení");
      await user.jana.edit(mid, "Prosím o vrácení peněz");
      expect((await message("Prosím o vrácení peněz")).editedAt).not.toBeNull();
      const ours = line(user.jana, "Posíláme tuhle");
      await user.jana.react(ours?.mid ?? "", "👍");
      await changed("the reaction shows", conversationId, (messages) =>
        messages.some(({ text, reactions }) => text === "Posíláme tuhle" && reactions[0]?.emoji === "👍"),
      );
      await user.jana.unreact(ours?.mid ?? "");
      await changed("the reaction is gone", conversationId, (messages) =>
        messages.some(({ text, reactions }) => text === "Posíláme tuhle" && reactions.length === 0),
      );
      await user.jana.unsend(mid);
      await changed("the words are gone", conversationId, (messages) =>
        messages.some(({ revokedAt, text }) => revokedAt !== null && text === ""),
      );
    });

    test("a colleague's answer from Meta's inbox joins as ours, and five copies of a message at once are one", async () => {
      await user.jana.answeredElsewhere("Odpovídám z telefonu");
      expect(await message("Odpovídám z telefonu")).toMatchObject({ direction: "out" });
      const item = { mid: "m_five", text: "Přišlo pětkrát" };
      const { social } = at.page;
      await graph.webhooks.deliver(
        token.app,
        {
          object: "page",
          entry: [{ id: social.own, time: 1, messaging: [{ ...social.toPage(user.jana.person.id), message: item }] }],
        },
        { atOnce: 5 },
      );
      await message("Přišlo pětkrát");
      expect((await open(conversationId)).messages.filter(({ text }) => text === "Přišlo pětkrát")).toHaveLength(1);
    });

    test("a refused token parks what is sent, raises the alarm, and a new one sends it", async () => {
      token.revoked = true;
      await until(
        "the alarm shows",
        async () => (await accountOf(at.page.accountId))?.state === "needs-login",
        patience,
      );
      const parked = await answer(conversationId, "Počká na nový klíč");
      await changed("it waits and has not failed", conversationId, (messages) =>
        messages.some(({ id, deliveries }) => id === parked.id && deliveries[0]?.errorCode === "auth"),
      );
      expect((await message("Počká na nový klíč")).deliveries[0]?.state).toBe("queued");
      token.revoked = false;
      await until("it is on the phone", async () => line(user.jana, "Počká na nový klíč"), patience);
      await until("the alarm is over", async () => (await accountOf(at.page.accountId))?.state === "online", patience);
    });

    test("between one and seven days only a person may write, marked as such; afterwards the server refuses", async () => {
      graph.clock.advance(-30 * hour);
      const late = makeUser(at.page.social, at.page.social.person("Olga Pozdní"));
      await late.text("Píšu předevčírem").taken;
      graph.clock.advance(30 * hour);
      const id = await arrived("Píšu předevčírem");
      const [thread] = (await open(id)).threads;
      expect(Date.parse(thread?.windowUntil ?? "")).toBeLessThan(Date.now());
      expect(Date.parse(thread?.humanAgentUntil ?? "")).toBeGreaterThan(Date.now());
      await answer(id, "Omlouváme se za prodlevu");
      await until("Olga has it", async () => line(late, "Omlouváme se za prodlevu"), patience);
      expect(graph.requests.findLast(({ path }) => path[1] === "messages")?.json).toMatchObject({
        messaging_type: "MESSAGE_TAG",
        tag: "HUMAN_AGENT",
      });
      graph.clock.advance(-8 * 24 * hour);
      const gone = makeUser(at.page.social, at.page.social.person("Ota Dávný"));
      await gone.text("Píšu minulý týden").taken;
      graph.clock.advance(8 * 24 * hour);
      const old = await arrived("Píšu minulý týden");
      await expect(answer(old, "Pozdě")).rejects.toThrow("window-closed");
      expect(gone.person.lines).toHaveLength(1);
    });
  },
);
