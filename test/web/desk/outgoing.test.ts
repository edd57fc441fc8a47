import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Takes } from "#wire";
import { launch, seat, type Seat, violations } from "../support/browser.ts";
import { buildDesk } from "../support/build.ts";
import { message } from "../support/data.ts";
import { startFakeHub, type FakeHub } from "../support/fake-hub.ts";

let built: Awaited<ReturnType<typeof buildDesk>>;
let browser: Browser;
let hub: FakeHub;
const seats: Seat[] = [];

beforeAll(async () => {
  [built, browser] = await Promise.all([buildDesk(), launch()]);
}, 60_000);
afterEach(async () => {
  await Promise.all(seats.splice(0).map(({ context }) => context.close()));
  await hub.stop();
});
afterAll(async () => {
  await browser.close();
  await built.remove();
});

const open = async (
  channel: string,
  prepare: (id: string) => void = () => undefined,
): Promise<Seat & { id: string }> => {
  hub = await startFakeHub({ dist: built.dist, conversations: 20 });
  const found = [...hub.cases.values()].find(({ threads }) => threads.length === 1 && threads[0]?.channel === channel);
  const id = found?.row.id ?? "";
  prepare(id);
  const one = await seat({ browser, hub, path: `/inbox/all/${id}` });
  seats.push(one);
  await one.page.locator("#composer").waitFor();
  return { ...one, id };
};
const sends = (): Takes<"message.send">[] =>
  hub.asked.filter(({ question }) => question === "message.send").map(({ takes }) => takes as Takes<"message.send">);
const sent = async (): Promise<Takes<"message.send"> | undefined> => {
  await expect.poll(() => sends().length).toBeGreaterThan(0);
  return sends().at(-1);
};

describe("a letter", () => {
  it("goes to all with one more in copy, and asks before it leaves the case", { timeout: 40_000 }, async () => {
    const { page, complaints } = await open("email");
    await page.getByRole("button", { name: "Odpovědět", exact: true }).click();
    await page.getByRole("menuitem", { name: "Odpovědět všem" }).click();
    await page.getByText("Účetní <ucetni@firma.cz>").waitFor();
    await page.getByLabel("Kopie", { exact: true }).fill("novy@jinde.cz");
    await page.keyboard.press("Enter");
    await page.getByText("novy@jinde.cz").waitFor();
    expect(await violations(page)).toEqual([]);
    hub.failing.set("message.send", "new-recipients");
    await page.locator("#composer").fill("Posílám i kolegovi.");
    await page.keyboard.press("Control+Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Odeslat mimo tuto konverzaci?").waitFor();
    hub.failing.delete("message.send");
    await dialog.getByRole("button", { name: "Odeslat i na ně" }).click();
    await page.getByRole("log").getByText("Posílám i kolegovi.").waitFor();
    expect(await sent()).toMatchObject({
      to: ["zakaznik@seznam.cz"],
      cc: ["ucetni@firma.cz", "novy@jinde.cz"],
      confirmed: true,
    });
    expect(complaints).toEqual([]);
  });

  it("can be planned, is shown as planned, and taken back", { timeout: 40_000 }, async () => {
    const { page } = await open("email");
    await page.locator("#composer").fill("Zítra se ozvu.");
    await page.getByRole("button", { name: "Odeslat později" }).click();
    await page.getByRole("menuitem", { name: /Zítra/ }).click();
    await page.getByText("Odejde").waitFor();
    await page.getByRole("button", { name: "Naplánovat" }).click();
    const takes = await sent();
    expect(Date.parse(takes?.sendAt ?? "")).toBeGreaterThan(Date.now());
  });
});

describe("a formatted letter", () => {
  it("carries what was made bold and the picture inside it, and its text beside", { timeout: 40_000 }, async () => {
    const { page, complaints } = await open("email");
    await page.locator("#composer").fill("Ahoj");
    await page.getByRole("button", { name: "Formátování" }).click();
    const editor = page.getByRole("textbox", { name: "Odpověď" });
    await editor.getByText("Ahoj").waitFor();
    await page.keyboard.press("Control+End");
    // The editor hears of a moved caret with the next frame; a person is slower than that.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    await page.keyboard.press("Control+b");
    await page.keyboard.type(" žluťoučký kůň");
    expect(await violations(page)).toEqual([]);
    await page
      .getByRole("toolbar")
      .locator("input[type=file]")
      .setInputFiles({ name: "pixel.png", mimeType: "image/png", buffer: Buffer.from("89504e470d0a1a0a", "hex") });
    await editor.getByAltText("pixel.png").waitFor();
    await page.keyboard.press("Control+Enter");
    const takes = await sent();
    const upload = takes?.uploadIds[0] ?? "";
    expect(takes).toMatchObject({
      text: "Ahoj žluťoučký kůň",
      html: `<p>Ahoj<strong> žluťoučký kůň<img src="cid:${upload}" alt="pixel.png"></strong></p>`,
    });
    await expect.poll(() => editor.textContent()).toBe("");
    expect(complaints.filter((line) => !line.includes("pixel"))).toEqual([]);
  });
});

describe("a channel with a window", () => {
  it("offers its templates, filled in beside what the customer will read", { timeout: 40_000 }, async () => {
    const { page } = await open("whatsapp", (id) => {
      const thread = hub.cases.get(id)?.threads[0];
      if (thread !== undefined) Object.assign(thread, { windowUntil: new Date(Date.now() - 60_000).toISOString() });
    });
    await page.getByText(/Lhůta pro odpověď na tomto kanálu uplynula/).waitFor();
    await page.locator("#composer").fill("Text, který neodejde");
    expect(await page.getByRole("button", { name: "Odeslat", exact: true }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Šablony" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: /zasilka na ceste/ }).waitFor();
    expect(await dialog.getByRole("button", { name: /stara sablona/ }).isDisabled()).toBe(true);
    expect(await violations(page)).toEqual([]);
    await dialog.getByLabel("Jméno").fill("Jano");
    await dialog.getByLabel("Číslo zásilky").fill("CZ42");
    await dialog.getByText("Dobrý den, Jano, zásilka CZ42 dorazí zítra.").waitFor();
    await dialog.getByRole("button", { name: "Odeslat šablonu" }).click();
    expect((await sent())?.content).toEqual({
      type: "template",
      name: "zasilka_na_ceste",
      language: "cs",
      values: { "body.1": "Jano", "body.2": "CZ42" },
    });
  });

  it("sends a place, and edits and removes what was sent", { timeout: 40_000 }, async () => {
    const { page, id } = await open("whatsapp");
    await page.getByRole("button", { name: "Vložit něco dalšího" }).click();
    await page.getByRole("menuitem", { name: "Místo na mapě" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Zeměpisná šířka, délka").fill("50.0875, 14.4213");
    await dialog.getByLabel("Název").fill("Praha");
    await dialog.getByRole("button", { name: "Odeslat" }).click();
    expect((await sent())?.content).toEqual({ type: "location", lat: 50.0875, lng: 14.4213, name: "Praha" });

    await page.locator("#composer").fill("Přijďte v pondělí.");
    await page.keyboard.press("Control+Enter");
    const bubble = page.locator("article", { hasText: "Přijďte v pondělí." });
    await bubble.getByText("Doručeno").waitFor();
    await bubble.getByRole("button", { name: "Akce se zprávou" }).click();
    await page.getByRole("menuitem", { name: "Upravit" }).click();
    await page.getByRole("dialog").getByLabel("Odpověď").fill("Přijďte v úterý.");
    await page.getByRole("dialog").getByRole("button", { name: "Uložit" }).click();
    const edited = page.locator("article", { hasText: "Přijďte v úterý." });
    await edited.waitFor();
    await edited.getByRole("button", { name: "Akce se zprávou" }).click();
    await page.getByRole("menuitem", { name: "Odstranit všem" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Odstranit všem" }).click();
    await edited.waitFor({ state: "detached" });
    expect(hub.cases.get(id)?.messages.at(-1)?.revokedAt).not.toBeNull();
  });
});

describe("a visitor who left an address after hours", () => {
  it("is answered by e-mail without the agent choosing anything", { timeout: 40_000 }, async () => {
    const { page } = await open("chat", (id) => {
      const one = hub.cases.get(id);
      one?.messages.push(
        message({
          conversationId: id,
          seq: 90,
          text: "Ozvěte se mi",
          detail: { wantsEmail: true },
          threadId: `t-${id}`,
        }),
      );
    });
    await page.getByRole("button", { name: /Odpovědět přes E-mail/ }).waitFor();
    await page.locator("#composer").fill("Ozýváme se.");
    await page.keyboard.press("Control+Enter");
    const takes = await sent();
    expect(takes).toMatchObject({ via: { accountId: "a-email", identityId: "mail" } });
    expect(takes?.threadId).toBeUndefined();
  });
});

describe("another channel", () => {
  it(
    "is one click away, says so to the customer, and stays chosen after the first message",
    { timeout: 40_000 },
    async () => {
      const { page, id } = await open("chat");
      await page.getByRole("button", { name: /^Odpovědět přes/ }).click();
      await page.getByRole("menuitem", { name: /^E-mail/ }).click();
      await expect.poll(() => page.locator("#composer").inputValue()).toContain("navazujeme na Váš dotaz č.");
      await page.keyboard.press("r");
      await page.locator("#composer").press("Control+Enter");
      expect((await sent())?.via).toEqual({ accountId: "a-email", identityId: "mail" });
      const one = hub.cases.get(id);
      const [chat] = one?.threads ?? [];
      if (one === undefined || chat === undefined) throw new Error("no case");
      Object.assign(one, {
        threads: [chat, { ...chat, id: "begun", accountId: "a-email", channel: "email", addressKind: "email" }],
      });
      hub.customerWrites(id, "Ještě něco");
      const linked = message({
        conversationId: id,
        seq: 95,
        direction: "event",
        detail: { event: "linked", to: "email" },
      });
      hub.tell(id, linked);
      await page.getByRole("log").getByText("Ještě něco").waitFor();
      await expect
        .poll(() => hub.asked.filter(({ question }) => question === "conversation.threads").length)
        .toBeGreaterThan(0);
      await page.locator("#composer").fill("A ještě druhá věc.");
      await page.locator("#composer").press("Control+Enter");
      await expect.poll(() => sends().length).toBe(2);
      expect(sends().at(-1)?.threadId).toBe("begun");
    },
  );
});

describe("a new conversation", () => {
  it("begins from the keyboard", { timeout: 40_000 }, async () => {
    const { page } = await open("email");
    await page.getByRole("log").click();
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Adresa nebo číslo").fill("nova@firma.cz");
    await dialog.getByLabel("Předmět").fill("Nabídka");
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await expect
      .poll(() => hub.asked.find(({ question }) => question === "conversation.begin")?.takes)
      .toMatchObject({
        accountId: "a-email",
        address: "nova@firma.cz",
        subject: "Nabídka",
      });
  });
});
