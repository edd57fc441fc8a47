import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext, Frame, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../support/database.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { bubbles, openBrowser, say, widgetFrame } from "../web/visitor/browser.ts";

/**
 * The first contact as people live it: a real hub with its demo, a visitor in the demo shop and two agents at their
 * desks, three browsers that share nothing.
 */
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let hub: HubProcess;
let browser: Browser;

beforeAll(async () => {
  const dist = join(import.meta.dirname, "../../dist");
  for (const page of ["desk/index.html", "visitor/demo.html"])
    if (!existsSync(join(dist, page))) throw new Error(`dist/${page} is missing: run "npm run build" first.`);
  folder = await temporaryFolder();
  [hub, browser] = await Promise.all([startHub({ dataDir: folder.path }), openBrowser()]);
}, 90_000);
afterAll(async () => {
  await browser?.close();
  await hub?.kill("SIGKILL");
  await folder?.remove();
});

interface Person {
  readonly context: BrowserContext;
  readonly page: Page;
}
const complaints: string[] = [];

const sitDown = async (): Promise<BrowserContext> => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: "cs-CZ",
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(10_000);
  context.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("401")) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  return context;
};

/** Through the login form, with the keyboard, to the list of everything. */
const logIn = async (email: string): Promise<Person> => {
  const logins = await readFile(join(folder.path, "demo-logins.txt"), "utf8");
  const password = new RegExp(`^${email} +(\\S+)`, "m").exec(logins)?.[1] ?? "";
  const context = await sitDown();
  const page = await context.newPage();
  await page.goto(hub.url);
  await page.getByLabel("E-mail").waitFor();
  await page.keyboard.type(email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.getByRole("option").or(page.getByText("Nic na vás nečeká")).first().waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.getByRole("heading", { name: "Všechny" }).waitFor();
  return { context, page };
};

/** The demo shop with the chat opened; its button lies in the corner, in a shadow root that the page cannot reach. */
const enterShop = async (context: BrowserContext): Promise<{ page: Page; frame: Frame }> => {
  const page = await context.newPage();
  await page.goto(`${hub.url}/demo`);
  await page.locator("linka-chat").waitFor({ state: "attached" });
  await page.mouse.click(1230, 750);
  return { page, frame: await widgetFrame(page) };
};

const log = (page: Page) => page.getByRole("log", { name: "Zprávy" });
const composer = (page: Page) => page.locator("#composer");

test(
  "a visitor writes in the shop, two agents see it, one answers, nobody answers twice, and a reload keeps it all",
  { timeout: 60_000 },
  async () => {
    const [jana, tomas, visitor] = await Promise.all([
      logIn("jana@linka.example"),
      logIn("tomas@linka.example"),
      sitDown(),
    ]);

    const shop = await enterShop(visitor);
    await shop.frame.getByRole("button", { name: "Začít chat" }).click();
    await say(shop.frame, "Dobrý den, přežije tulipán mráz?");

    const row = (page: Page) => page.getByRole("option").filter({ hasText: "přežije tulipán mráz?" });
    await Promise.all([row(jana.page).waitFor(), row(tomas.page).waitFor()]);
    await row(jana.page).click();
    await log(jana.page).getByText("Dobrý den, přežije tulipán mráz?").waitFor();
    await row(tomas.page).getByText("Jana").waitFor();
    await row(tomas.page).click();
    await jana.page.getByText("Tomáš Procházka si prohlíží").waitFor();
    await tomas.page.getByText("Jana Dvořáková si prohlíží").waitFor();

    // Jana answers from the keyboard; Tomáš and the visitor see that she writes, then what she wrote.
    await jana.page.keyboard.press("r");
    await jana.page.keyboard.type("Dobrý den, cibule přežijí");
    await tomas.page.getByText("Jana Dvořáková píše odpověď").waitFor();
    await shop.frame.locator(".dots").waitFor();
    await tomas.page.keyboard.press("r");
    await tomas.page.keyboard.type("Přežije, ale přikryjte ho.");

    // Tomáš's line goes down, so his desk does not know of the answer when he sends his own.
    await tomas.context.setOffline(true);
    await jana.page.keyboard.type(" i −20 °C.");
    await jana.page.keyboard.press("Control+Enter");
    await log(jana.page).getByText("Dobrý den, cibule přežijí i −20 °C.").waitFor();
    await shop.frame.locator(".row.agent .bubble", { hasText: "cibule přežijí i −20 °C." }).waitFor();
    await tomas.page.keyboard.press("Control+Enter");
    await tomas.context.setOffline(false);
    const dialog = tomas.page.getByRole("dialog");
    await dialog
      .getByText("Jana Dvořáková právě odpovídá")
      .or(dialog.getByText("Jana právě odpovídá"))
      .waitFor({ timeout: 20_000 });
    await dialog.getByText("Dobrý den, cibule přežijí i −20 °C.").waitFor();
    await dialog.getByRole("button", { name: "Zpět k úpravám" }).last().click();
    await expect.poll(() => composer(tomas.page).inputValue()).toBe("Přežije, ale přikryjte ho.");
    await log(tomas.page).getByText("Dobrý den, cibule přežijí i −20 °C.").waitFor();

    // He leaves a note instead: both agents see it, the visitor never does.
    await composer(tomas.page).press("Escape");
    await tomas.page.keyboard.press("n");
    await tomas.page.keyboard.type("Zákaznice se ptá už podruhé.");
    await tomas.page.keyboard.press("Control+Enter");
    await log(jana.page).getByText("Zákaznice se ptá už podruhé.").waitFor();

    // The visitor's next words come after the note: had it been on its way to the widget, it would be there.
    await say(shop.frame, "Děkuji mockrát!");
    await Promise.all([jana, tomas].map(({ page }) => log(page).getByText("Děkuji mockrát!").waitFor()));
    await jana.page.keyboard.type("Rádo se stalo.");
    await jana.page.keyboard.press("Control+Enter");
    await shop.frame.locator(".row.agent .bubble", { hasText: "Rádo se stalo." }).waitFor();

    const spoken = {
      visitor: ["Dobrý den, přežije tulipán mráz?", "Děkuji mockrát!"],
      agent: ["Dobrý den, cibule přežijí i −20 °C.", "Rádo se stalo."],
    };
    const checkWidget = async (frame: Frame): Promise<void> => {
      await frame.locator(".row.agent .bubble", { hasText: "Rádo se stalo." }).waitFor();
      expect(await bubbles(frame, "visitor")).toEqual(spoken.visitor);
      expect(await bubbles(frame, "agent")).toEqual(spoken.agent);
      expect(await frame.content()).not.toContain("už podruhé");
    };
    const checkDesk = async (page: Page): Promise<void> => {
      for (const text of [...spoken.visitor, ...spoken.agent, "Zákaznice se ptá už podruhé."]) {
        await log(page).getByText(text, { exact: true }).first().waitFor();
        expect([text, await log(page).getByText(text, { exact: true }).count()]).toEqual([text, 1]);
      }
      expect(await log(page).getByText("Přežije, ale přikryjte ho.").count()).toBe(0);
    };
    await checkWidget(shop.frame);
    await Promise.all([checkDesk(jana.page), checkDesk(tomas.page)]);

    await Promise.all([jana.page.reload(), tomas.page.reload(), shop.page.reload()]);
    await checkWidget(await widgetFrame(shop.page));
    await Promise.all([checkDesk(jana.page), checkDesk(tomas.page)]);
    await tomas.page.keyboard.press("r");
    await expect.poll(() => composer(tomas.page).inputValue()).toBe("Přežije, ale přikryjte ho.");
    expect(complaints.filter((text) => !text.includes("ERR_INTERNET_DISCONNECTED"))).toEqual([]);
  },
);
