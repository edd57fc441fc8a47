import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeUser } from "../fakes/graph/social-user.ts";
import { until } from "./agent.ts";
import { type MetaWorld, patience, png, startMetaWorld, verify } from "./meta-world.ts";

describe("Messenger and Instagram, what happens now and then", { timeout: 60_000 }, () => {
  let world: MetaWorld;
  beforeAll(async () => {
    world = await startMetaWorld();
    await world.promote();
    const { webhookUrl } = await world.connect("page");
    await world.connect("instagram");
    await world.graph.webhooks.subscribe(world.token.app, webhookUrl ?? "", verify);
  }, 60_000);
  afterAll(() => world?.stop());

  test("a comment is answered once, in private, and its writer's next words join the same person", async () => {
    const ida = world.user(world.page, "Ida Zvědavá");
    await ida.comment("Máte to i v modré?");
    const id = await world.arrived("Máte to i v modré?");
    await world.answer(id, "Ano, máme.");
    await until("Ida has it in private", async () => world.line(ida, "Ano, máme."), patience);
    const again = await world.answer(id, "A ještě v zelené.");
    await world.changed("a second one is refused, in words", id, (messages) =>
      messages.some(
        ({ id: one, deliveries: [delivery] }) =>
          one === again.id && delivery?.state === "failed" && delivery.errorText?.includes("already replied") === true,
      ),
    );
    await ida.text("Tak já si ji vezmu").taken;
    const next = await world.arrived("Tak já si ji vezmu");
    expect((await world.open(next)).row.contact.id).toBe((await world.open(id)).row.contact.id);
  });

  test("what another app answers is shown without calling anybody, until it is handed over", async () => {
    const ota = world.user(world.page, "Ota Robotí");
    await ota.standby("Píšu robotovi");
    const id = await world.arrived("Píšu robotovi");
    expect((await world.open(id)).row.waitingSince).toBeNull();
    const handed = { pass_thread_control: { new_owner_app_id: world.token.app.id, metadata: "chce člověka" } };
    await world.page.push({ messaging: [{ ...world.page.toPage(ota.person.id), ...handed }] });
    delete ota.person.held;
    await until("somebody waits now", async () => (await world.open(id)).row.waitingSince !== null, patience);
  });

  test("an agent's answer takes the conversation over from another app, or says in words that it cannot", async () => {
    const bob = world.user(world.page, "Bob Netrpělivý");
    await bob.text("Je tu někdo?").taken;
    const id = await world.arrived("Je tu někdo?");
    bob.person.held = "may be taken";
    await world.answer(id, "Já jsem tu.");
    await until("Bob has it", async () => world.line(bob, "Já jsem tu."), patience);
    bob.person.held = "for good";
    const late = await world.answer(id, "A teď už ne.");
    await world.changed("it failed, and nothing else waits for it", id, (messages) =>
      messages.some(({ id: one, deliveries: [delivery] }) => one === late.id && delivery?.state === "failed"),
    );
    delete bob.person.held;
    await world.answer(id, "Zase ano.");
    await until("Bob has the next one", async () => world.line(bob, "Zase ano."), patience);
  });

  test("a long Czech answer arrives whole in as many messages as Instagram's bytes need, and a button can be tapped", async () => {
    const iva = world.user(world.instagram, "Iva Čtenářka");
    await iva.text("Jak to funguje?").taken;
    const id = await world.arrived("Jak to funguje?");
    const long = "Příliš žluťoučký kůň úpěl ďábelské ódy. ".repeat(40).trim();
    await world.answer(id, long);
    const said = (): string[] => iva.person.lines.flatMap(({ from, text }) => (from === "page" ? [text] : []));
    await until("all of it is there", async () => said().join(" ") === long, patience);
    expect(said().every((text) => Buffer.byteLength(text) <= 1_000)).toBe(true);
    await world.answer(id, "Pomohlo?", { content: { type: "buttons", buttons: [{ id: "yes", title: "Ano" }] } });
    await until("the button is there", async () => world.line(iva, "Pomohlo?")?.buttons[0]?.title === "Ano", patience);
    await iva.click({ title: "Ano", payload: "yes" }).taken;
    expect((await world.message("Ano", id)).detail).toMatchObject({ choice: { type: "button", id: "yes" } });
  });

  test("a send whose answer never came is not repeated, and the page's echo proves that it went out", async () => {
    const jan = world.user(world.page, "Jan Nejistý");
    await jan.text("Ozvěte se").taken;
    const id = await world.arrived("Ozvěte se");
    const ours = ({ path, json }: { path: readonly string[]; json: unknown }): boolean =>
      path[1] === "messages" && JSON.stringify(json).includes("Tady jsme");
    world.graph.faults.add({ on: ours, times: 1, does: "done-then-reset" });
    const sent = await world.answer(id, "Tady jsme");
    await world.changed("the echo settles it", id, (messages) =>
      messages.some(
        ({ id: one, deliveries: [delivery] }) =>
          one === sent.id && ["sent", "delivered"].includes(delivery?.state ?? ""),
      ),
    );
    expect(jan.person.lines.filter(({ text }) => text === "Tady jsme")).toHaveLength(1);
  });

  test("a profile that may not be read holds nothing back, and a file gone from the CDN is said to be gone", async () => {
    const eda = world.page.person("Eda Tajný");
    eda.noProfile = true;
    const shy = makeUser(world.page, eda);
    await shy.files("Fotka", [{ name: "stará.png", mimeType: "image/png", bytes: png }], -1).taken;
    const id = await world.arrived("Fotka");
    expect((await world.open(id)).row.contact.name).toBe("");
    await world.changed("the file is marked as gone", id, (messages) =>
      messages.some(({ attachments }) => attachments[0]?.state === "failed"),
    );
  });

  test("stories, unknown kinds and a page that is not ours: shown, shown as such, answered 200 and left out", async () => {
    const eva = world.user(world.instagram, "Eva Příběhová");
    await eva.mention().taken;
    await eva.storyReply("To je krása", { id: "179", url: "https://lookaside.example/story.jpg" }).taken;
    const id = await world.arrived("To je krása");
    await eva.unsupported().taken;
    await world.changed("all three are there", id, (messages) => {
      const details = messages.map(({ detail }) => detail["story"]);
      return (
        details.some((story) => JSON.stringify(story) === '{"mention":true}') &&
        details.some((story) => JSON.stringify(story ?? null).includes('"179"')) &&
        messages.some(({ kind }) => kind === "unsupported")
      );
    });
    const item = { sender: { id: "1" }, recipient: { id: "2" }, timestamp: 1, message: { mid: "m_x", text: "Cizí" } };
    const foreign = { object: "page", entry: [{ id: "2", time: 1, messaging: [item] }] };
    expect(await world.graph.webhooks.deliver(world.token.app, foreign)).toBe(true);
  });
});
