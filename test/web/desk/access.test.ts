import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, seat, violations } from "../support/browser.ts";
import { buildDesk } from "../support/build.ts";
import { startFakeHub, type FakeHub } from "../support/fake-hub.ts";

let built: Awaited<ReturnType<typeof buildDesk>>;
let browser: Browser;
let hub: FakeHub;

beforeAll(async () => {
  [built, browser] = await Promise.all([buildDesk(), launch()]);
  hub = await startFakeHub({ dist: built.dist, conversations: 30, heldMs: 60_000 });
}, 60_000);
afterAll(async () => {
  await browser.close();
  await hub.stop();
  await built.remove();
});

const talk = (page: Page) => page.getByRole("log").getByText("Pozor, volal už dvakrát").waitFor();
const heading = (name: string) => (page: Page) => page.getByRole("heading", { name }).first().waitFor();

const darken = async (page: Page) => {
  await page.emulateMedia({ colorScheme: "dark" });
  // the colours are there with the next picture but one
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
};

/** Every screen, how one gets there and how one knows it is there. */
const screens: readonly { name: string; path: string; ready: (page: Page) => Promise<unknown>; without?: string[] }[] =
  [
    { name: "the list", path: "/inbox/all", ready: (page) => page.getByRole("option").nth(5).waitFor() },
    { name: "a conversation with a failed reply", path: "/inbox/all/c00001", ready: talk },
    { name: "a conversation with a letter", path: "/inbox/all/c00002", ready: talk },
    {
      name: "a note being written on a held message",
      path: "/inbox/all/c00003",
      ready: async (page) => {
        await talk(page);
        await page.keyboard.press("n");
        await page.keyboard.type("poznámka");
      },
    },
    {
      name: "a reply that can still be taken back",
      path: "/inbox/all/c00005",
      ready: async (page) => {
        await talk(page);
        await page.keyboard.press("r");
        await page.keyboard.type("odpověď");
        await page.keyboard.press("Control+Enter");
        await page
          .getByText(/Odešle se za/)
          .first()
          .waitFor();
      },
    },
    {
      name: "the canned replies",
      path: "/inbox/all/c00004",
      ready: async (page) => {
        await talk(page);
        await page.keyboard.press("r");
        await page.keyboard.type("/");
        await page.getByRole("listbox", { name: "Připravené odpovědi" }).waitFor();
      },
    },
    {
      name: "the snooze menu",
      path: "/inbox/all/c00006",
      // a menu lies over the page, in no landmark of it
      without: ["region"],
      ready: async (page) => {
        await talk(page);
        await page.keyboard.press("h");
        await page.getByRole("menuitem", { name: /Zítra ráno/ }).waitFor();
      },
    },
    {
      name: "the merge window",
      path: "/inbox/all/c00000",
      ready: async (page) => {
        await page.getByRole("button", { name: "Sloučit kontakty" }).click();
        await page.getByRole("dialog").waitFor();
      },
    },
    {
      name: "the palette",
      path: "/inbox/mine",
      ready: async (page) => {
        await page.getByRole("option").first().waitFor();
        await page.keyboard.press("Control+k");
        await page.getByRole("combobox", { name: "Co chcete udělat?" }).waitFor();
      },
    },
    {
      name: "the shortcuts",
      path: "/inbox/snoozed",
      ready: async (page) => {
        await page.getByText("Nic není odloženo").waitFor();
        await page.keyboard.press("?");
        await page.getByRole("dialog").waitFor();
      },
    },
    { name: "the profile", path: "/profile", ready: heading("Můj profil") },
    {
      name: "the contacts",
      path: "/contacts",
      ready: async (page) => {
        await page.getByRole("searchbox").fill("Eva");
        await page.getByRole("button", { name: /Eva/ }).first().click();
        await page.getByRole("heading", { name: "Spojení" }).waitFor();
      },
    },
    { name: "the channels", path: "/admin/channels", ready: (page) => page.getByText("connect ETIMEDOUT").waitFor() },
    {
      name: "a channel's form",
      path: "/admin/channels",
      ready: async (page) => {
        await page.getByRole("button", { name: "Upravit" }).first().click();
        await page.getByText("Nastaveno, končí na x9Kq.").waitFor();
      },
    },
    { name: "the users", path: "/admin/users", ready: (page) => page.getByText("petr@linka.test").waitFor() },
    {
      name: "the unfiled messages",
      path: "/admin/dead-letters",
      ready: (page) => page.getByText("x-mac-ce.").waitFor(),
    },
    { name: "the tokens", path: "/admin/tokens", ready: heading("Klíče API") },
    { name: "the prepared answers", path: "/admin/canned", ready: (page) => page.getByText("Blokace karty").waitFor() },
  ];

describe("in light and in dark colours", () => {
  it.each(screens)("$name can be used by everybody", async ({ path, ready, without = [] }) => {
    const { page, context } = await seat({ browser, hub, path });
    await ready(page);
    expect(await violations(page, without)).toEqual([]);
    await darken(page);
    expect(await violations(page, without)).toEqual([]);
    await context.close();
  });

  it("the login can be used by everybody", async () => {
    const { page, context } = await seat({ browser, hub, path: "/", user: null });
    await page.getByLabel("Heslo").waitFor();
    expect(await violations(page)).toEqual([]);
    await darken(page);
    expect(await violations(page)).toEqual([]);
    await context.close();
  });
});

describe("on a phone 320 pixels wide", () => {
  it.each(["/inbox/all", "/inbox/all/c00001", "/admin/channels", "/profile"])(
    "%s fits and can be used",
    async (path) => {
      const { page, context } = await seat({ browser, hub, path, width: 320, height: 640 });
      await page.locator("main").waitFor();
      await page.waitForLoadState("networkidle");
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
      expect(await violations(page)).toEqual([]);
      await context.close();
    },
  );
});

describe("an administrator", () => {
  it("tests a channel and is told what is wrong in words", async () => {
    const { page, context } = await seat({ browser, hub, path: "/admin/channels" });
    await page.getByRole("button", { name: "Upravit" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Vyzkoušet" }).click();
    await page.getByText("Meta neodpověděla.").waitFor();
    const checks = await page.getByRole("dialog").locator(".checks li").allInnerTexts();
    expect(checks.map((line) => line.replaceAll(/\s+/gu, " ").trim())).toEqual([
      "v pořádku: Účet je dostupný",
      "chybí: Účet posílá zprávy této aplikaci",
      "v pořádku: pages_messaging",
    ]);
    await context.close();
  });

  it("copies what the provider asks for: the webhook's address and the verify token", async () => {
    const { page, context } = await seat({ browser, hub, path: "/admin/channels" });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    for (const word of ["https://hub.example/hooks/a2/in", "slovo pro poskytovatele"]) {
      await page.getByRole("paragraph").filter({ hasText: word }).getByRole("button", { name: "Kopírovat" }).click();
      await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(word);
    }
    await context.close();
  });

  it("copies the line that puts the chat into a web page", async () => {
    const { page, context } = await seat({ browser, hub, path: "/admin/channels" });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const line = '<script src="https://hub.example/widget/loader.js" data-account="a2" defer></script>';
    await page.getByRole("paragraph").filter({ hasText: line }).getByRole("button", { name: "Kopírovat" }).click();
    await page.getByText("Zkopírováno").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(line);
    await context.close();
  });

  it("files a dead letter again", async () => {
    const { page, context } = await seat({ browser, hub, path: "/admin/dead-letters" });
    await page.getByRole("button", { name: "Zkusit znovu" }).click();
    await page.getByText("Vše, co přišlo, je zařazeno").waitFor();
    await context.close();
  });

  it("changes the language of the whole desk", async () => {
    const { page, context } = await seat({ browser, hub, path: "/profile" });
    await page.getByLabel("Jazyk").selectOption("pl");
    await page.getByRole("heading", { name: "Mój profil" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("pl");
    await context.close();
  });
});
