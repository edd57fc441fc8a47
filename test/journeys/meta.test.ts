import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SocialUser } from "../fakes/graph/social-user.ts";
import { until } from "./agent.ts";
import { type MetaWorld, patience, png, startMetaWorld, verify } from "./meta-world.ts";

const hour = 3_600_000;

/** Two pages and an Instagram account of one app, whose only webhook address is that of the first page; a real hub. */
describe("Messenger and Instagram, from phone to desk and back", { timeout: 60_000 }, () => {
  let world: MetaWorld;
  const user = {} as Record<"jana" | "petr" | "eva", SocialUser>;
  let pageAccount = "";
  let conversationId = "";

  beforeAll(async () => {
    world = await startMetaWorld();
    user.jana = world.user(world.page, "Jana Nová");
    user.petr = world.user(world.second, "Petr Starý");
    user.eva = world.user(world.instagram, "Eva Malá");
  }, 60_000);
  afterAll(() => world?.stop());

  test("an administrator connects the accounts by token, sees every permission checked, and Meta finds the webhook", async () => {
    const { admin, graph, token, page, bodies } = world;
    // The stand-in lies on this machine: a client's own administrator may not have a token sent there.
    await expect(admin.call("POST", "/api/admin/channels/test", bodies.page)).rejects.toThrow("403");
    await expect(world.connect("page")).rejects.toThrow("403");
    expect(graph.requests).toEqual([]);
    await world.promote();

    interface Tested {
      readonly ok: boolean;
      readonly checks: readonly { readonly id: string; readonly ok: boolean }[];
    }
    const tried = await admin.call<Tested>("POST", "/api/admin/channels/test", bodies.page);
    expect(tried.checks.filter(({ ok }) => !ok).map(({ id }) => id)).toEqual(["subscribed"]);
    expect(tried.checks.map(({ id }) => id)).toContain("pages_messaging");
    pageAccount = (await world.connect("page")).id;
    await world.connect("second");
    await world.connect("instagram");
    const view = await until("the page is online and subscribed", async () => {
      const found = await world.account(pageAccount);
      return found?.state === "online" && page.subscribedTo().includes("messages") && found;
    });
    expect(JSON.stringify(view)).not.toContain(token.value);
    expect(view.webhookToken).toBe(verify);
    expect(await graph.webhooks.subscribe(token.app, view.webhookUrl ?? "", "a wrong word")).toBe(false);
    expect(await graph.webhooks.subscribe(token.app, view.webhookUrl ?? "", verify)).toBe(true);
    const retried = await admin.call<Tested>("POST", `/api/admin/channels/${pageAccount}/test`);
    expect(retried.ok && retried.checks.every(({ ok }) => ok)).toBe(true);
  });

  test("what a customer writes is on the desk, under the name of their profile, and the answer is on their phone", async () => {
    await user.jana.text("Dobrý den, kde je moje zásilka? 📦").taken;
    conversationId = await world.arrived("Dobrý den, kde je moje zásilka? 📦");
    const named = async () => (await world.open(conversationId)).row.contact.name === "Jana Nová";
    await until("the name is known", named, patience);
    const { threads } = await world.open(conversationId);
    expect(threads[0]).toMatchObject({ channel: "messenger", accountName: "Zahrádka", addressKind: "psid" });
    expect(threads[0]?.windowUntil).not.toBeNull();

    const sent = await world.answer(conversationId, "Dobrý den, je na cestě.");
    const there = async () => world.line(user.jana, "Dobrý den, je na cestě.");
    await until("the answer is on the phone", there, patience);
    const wire = world.graph.requests.findLast(({ path, method }) => path[1] === "messages" && method === "POST");
    expect(wire?.json).toEqual({
      recipient: { id: user.jana.person.id },
      messaging_type: "RESPONSE",
      message: { text: "Dobrý den, je na cestě.", metadata: sent.id },
    });
    await world.changed("it is delivered", conversationId, (messages) =>
      messages.some(({ id, deliveries }) => id === sent.id && deliveries[0]?.state === "delivered"),
    );
    await user.jana.read();
    await world.changed("it is read", conversationId, (messages) =>
      messages.some(({ id, deliveries }) => id === sent.id && deliveries[0]?.state === "read"),
    );
    const { messages } = await world.open(conversationId);
    expect(messages.filter(({ direction }) => direction === "out")).toHaveLength(1);
  });

  test("one address of the app serves the second page and Instagram: each message comes to its own account", async () => {
    await user.petr.text("Píšu na druhou stránku").taken;
    const second = await world.arrived("Píšu na druhou stránku");
    expect((await world.open(second)).threads[0]).toMatchObject({ accountName: "Vltava" });
    await user.eva.text("Píšu na Instagram").taken;
    const third = await world.arrived("Píšu na Instagram");
    expect((await world.open(third)).threads[0]).toMatchObject({ channel: "instagram", addressKind: "igsid" });
    await world.answer(third, "Zdravíme na Instagram");
    await until("Eva has it", async () => world.line(user.eva, "Zdravíme na Instagram"), patience);
    // Seen names a message: it is read once the hub knows the message's id.
    await world.changed("it is sent", third, (messages) =>
      messages.some(({ text, deliveries }) => text === "Zdravíme na Instagram" && deliveries[0]?.state === "sent"),
    );
    await user.eva.read();
    await world.changed("Eva has read it", third, (messages) =>
      messages.some(({ text, deliveries }) => text === "Zdravíme na Instagram" && deliveries[0]?.state === "read"),
    );
    expect(world.graph.webhooks.answers.every(({ status }) => status === 200)).toBe(true);
  });

  test("a picture is fetched at once, and one the agent sends arrives byte for byte", async () => {
    await user.jana.files("Takhle to přišlo", [{ name: "rozbité.png", mimeType: "image/png", bytes: png }]).taken;
    const got = await world.message("Takhle to přišlo", conversationId);
    const stored = async () => {
      const found = (await world.open(conversationId)).messages.find(({ id }) => id === got.id)?.attachments[0];
      return found?.state === "stored" && found;
    };
    const file = await until("the picture is here", stored, patience);
    expect(file).toMatchObject({ name: "rozbité.png", mime: "image/png", size: png.length });
    const path = `/api/uploads?conversationId=${conversationId}&name=${encodeURIComponent("náhrada.png")}`;
    const upload = await world.agent.call<{ id: string }>("POST", path, png);
    await world.answer(conversationId, "Posíláme tuhle", { uploadIds: [upload.id] });
    await until("the text is on the phone", async () => world.line(user.jana, "Posíláme tuhle"), patience);
    const [received] = user.jana.person.lines.flatMap(({ from, files }) => (from === "page" ? files : []));
    expect(received).toMatchObject({ name: "náhrada.png", mimeType: "image/png" });
    expect(received?.bytes.equals(png)).toBe(true);
  });

  test("edits, reactions and unsent messages change what the desk shows", async () => {
    const { mid, taken } = user.jana.text("Prosim o vrácení");
    await taken;
    await world.message("Prosim o vrácení", conversationId);
    await user.jana.edit(mid, "Prosím o vrácení peněz");
    expect((await world.message("Prosím o vrácení peněz", conversationId)).editedAt).not.toBeNull();
    const ours = world.line(user.jana, "Posíláme tuhle");
    await user.jana.react(ours?.mid ?? "", "👍");
    await world.changed("the reaction shows", conversationId, (messages) =>
      messages.some(({ text, reactions }) => text === "Posíláme tuhle" && reactions[0]?.emoji === "👍"),
    );
    await user.jana.unreact(ours?.mid ?? "");
    await world.changed("the reaction is gone", conversationId, (messages) =>
      messages.some(({ text, reactions }) => text === "Posíláme tuhle" && reactions.length === 0),
    );
    await user.jana.unsend(mid);
    await world.changed("the words are gone", conversationId, (messages) =>
      messages.some(({ revokedAt, text }) => revokedAt !== null && text === ""),
    );
  });

  test("a colleague's answer from Meta's inbox joins as ours, and five copies of a message at once are one", async () => {
    const { graph, token, page } = world;
    await user.jana.answeredElsewhere("Odpovídám z telefonu");
    expect(await world.message("Odpovídám z telefonu", conversationId)).toMatchObject({ direction: "out" });
    const item = { ...page.toPage(user.jana.person.id), message: { mid: "m_five", text: "Přišlo pětkrát" } };
    const webhook = { object: "page", entry: [{ id: page.own, time: 1, messaging: [item] }] };
    await graph.webhooks.deliver(token.app, webhook, { atOnce: 5 });
    await world.message("Přišlo pětkrát", conversationId);
    const { messages } = await world.open(conversationId);
    expect(messages.filter(({ text }) => text === "Přišlo pětkrát")).toHaveLength(1);
  });

  test("a refused token parks what is sent, raises the alarm, and a new one sends it", async () => {
    const stateOf = async () => (await world.account(pageAccount))?.state;
    world.token.revoked = true;
    await until("the alarm shows", async () => (await stateOf()) === "needs-login", patience);
    const parked = await world.answer(conversationId, "Počká na nový klíč");
    await world.changed("it waits and has not failed", conversationId, (messages) =>
      messages.some(
        ({ id, deliveries: [one] }) => id === parked.id && one?.errorCode === "auth" && one.state === "queued",
      ),
    );
    world.token.revoked = false;
    await until("it is on the phone", async () => world.line(user.jana, "Počká na nový klíč"), patience);
    await until("the alarm is over", async () => (await stateOf()) === "online", patience);
  });

  test("a token that ends within two weeks is warned about while everything works", async () => {
    world.token.expiresAt = new Date(Date.now() + 5 * 24 * hour);
    const { admin, bodies } = world;
    // Told when the account is opened anew; while it runs, once an hour.
    await admin.call("PATCH", `/api/admin/channels/${pageAccount}`, {
      config: { ...bodies.page.config, checkEveryMs: 190 },
    });
    const warned = await until("the warning shows", async () => {
      const found = await world.account(pageAccount);
      return found?.state === "online" && found.stateText !== "" && found;
    });
    expect(warned.stateText).toMatch(/^The access token ends on \d{4}-\d{2}-\d{2}\.$/);
    delete world.token.expiresAt;
  });

  test("between one and seven days only a person may write, marked as such; afterwards the server refuses", async () => {
    const { clock, requests } = world.graph;
    clock.advance(-30 * hour);
    const late = world.user(world.page, "Olga Pozdní");
    await late.text("Píšu předevčírem").taken;
    clock.advance(30 * hour);
    const id = await world.arrived("Píšu předevčírem");
    const [thread] = (await world.open(id)).threads;
    expect(Date.parse(thread?.windowUntil ?? "")).toBeLessThan(Date.now());
    expect(Date.parse(thread?.humanAgentUntil ?? "")).toBeGreaterThan(Date.now());
    await world.answer(id, "Omlouváme se za prodlevu");
    await until("Olga has it", async () => world.line(late, "Omlouváme se za prodlevu"), patience);
    const wire = requests.findLast(
      ({ path, json }) => path[1] === "messages" && JSON.stringify(json).includes("prodlevu"),
    );
    expect(wire?.json).toMatchObject({ messaging_type: "MESSAGE_TAG", tag: "HUMAN_AGENT" });
    clock.advance(-8 * 24 * hour);
    const gone = world.user(world.page, "Ota Dávný");
    await gone.text("Píšu minulý týden").taken;
    clock.advance(8 * 24 * hour);
    const old = await world.arrived("Píšu minulý týden");
    await expect(world.answer(old, "Pozdě")).rejects.toThrow("window-closed");
    expect(gone.person.lines).toHaveLength(1);
  });
});
