import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addTenant, addUser, type Hub, logIn, startHub } from "../../server/hub.ts";
import { toy } from "../../server/toy.ts";
import { launch, violations } from "../support/browser.ts";
import { buildDesk } from "../support/build.ts";

/** The desk as it is shipped on a real server and an empty database: how an installation is set up by hand. */
let built: Awaited<ReturnType<typeof buildDesk>>;
let browser: Browser;
let hub: Hub;
let dist: string;

beforeAll(async () => {
  [built, browser, dist] = await Promise.all([buildDesk(), launch(), mkdtemp(path.join(tmpdir(), "linka-companies-"))]);
  await symlink(built.dist, path.join(dist, "desk"));
  hub = await startHub({ dist, connectors: [toy] });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await hub?.stop();
  await built?.remove();
  await rm(dist, { recursive: true, force: true });
});

const seat = async (input: { user: { email: string }; path: string; width?: number }) => {
  const { cookie } = await logIn(hub, input.user);
  const [name = "", value = ""] = cookie.split("=");
  const context = await browser.newContext({
    viewport: { width: input.width ?? 1440, height: input.width === undefined ? 900 : 640 },
    colorScheme: "light",
    reducedMotion: "reduce",
    locale: "cs-CZ",
  });
  await context.addCookies([{ name, value, url: hub.url }]);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  // A page that is left while its line is being made complains; so whoever leaves one waits for the line.
  let line = Promise.withResolvers<void>();
  page.on("websocket", (socket) => socket.once("framereceived", () => line.resolve()));
  const visit = async (go: () => Promise<unknown>): Promise<void> => {
    line = Promise.withResolvers<void>();
    await go();
    await line.promise;
  };
  await visit(() => page.goto(hub.url + input.path));
  return { page, context, complaints, visit };
};
const speakCzech = async (email: string) => hub.prisma.user.update({ where: { email }, data: { locale: "cs" } });
const platformAdmin = async (name: string) => {
  const user = await addUser(hub, name, []);
  await hub.prisma.user.update({ where: { id: user.id }, data: { platformAdmin: true } });
  await speakCzech(user.email);
  return user;
};

const usableInBothColours = async (page: Page) => {
  expect(await violations(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  expect(await violations(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "light" });
};
const dialog = (page: Page) => page.getByRole("dialog");
const save = (page: Page) => dialog(page).getByRole("button", { name: "Uložit" }).click();

describe("the first administrator of an empty installation", () => {
  it("begins where companies are added, adds one with its queues and can give people access to it", async () => {
    const user = await platformAdmin("First Admin");
    const { page, context, complaints, visit } = await seat({ user, path: "/" });
    await page.getByRole("heading", { name: "Klienti a fronty" }).waitFor();
    await page.getByText("Zatím žádný klient").waitFor();
    await usableInBothColours(page);

    await page.getByRole("button", { name: "Přidat klienta" }).click();
    await dialog(page).getByLabel("Název").fill("Pekárna Lípa");
    await dialog(page).getByLabel("Klíč").fill("pekarna-lipa");
    await dialog(page).getByLabel("Časové pásmo").selectOption("Europe/Prague");
    await dialog(page).getByLabel("Barva").fill("#a0522d");
    await dialog(page).getByLabel("Pozdrav").fill("Dobrý den, tady Pekárna Lípa.");
    await dialog(page).getByLabel("Dnů na znovuotevření").fill("14");
    await dialog(page).getByRole("group", { name: "Sekund na vzetí" }).getByLabel(toy.title).fill("30");
    await usableInBothColours(page);
    await save(page);

    const queues = page.getByRole("list", { name: "Fronty: Pekárna Lípa" });
    await queues.getByText("Inbox").waitFor();
    const add = page.getByRole("button", { name: "Přidat frontu: Pekárna Lípa" });
    await add.click();
    await dialog(page).getByLabel("Název").fill("Objednávky");
    await save(page);
    await queues.getByText("objednavky", { exact: true }).waitFor();
    await add.click();
    await dialog(page).getByLabel("Název").fill("objednávky");
    await save(page);
    await dialog(page).getByText("Frontu s tímto názvem už klient má.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Přejmenovat: Inbox" }).click();
    await dialog(page).getByLabel("Název").fill("Dotazy");
    await save(page);
    await queues.getByText("Dotazy").waitFor();
    await usableInBothColours(page);

    await page.getByRole("link", { name: "Uživatelé" }).click();
    await page.getByRole("button", { name: "Přidat uživatele" }).click();
    const access = dialog(page).getByRole("group", { name: "Pekárna Lípa" });
    await access.getByLabel("Role").selectOption("agent");
    await access.getByLabel("Dotazy").waitFor();
    await access.getByLabel("Objednávky").waitFor();

    const tenant = await hub.prisma.tenant.findUniqueOrThrow({ where: { key: "pekarna-lipa" } });
    expect(tenant).toMatchObject({
      name: "Pekárna Lípa",
      policy: {
        brandColor: "#a0522d",
        greeting: "Dobrý den, tady Pekárna Lípa.",
        locale: "cs",
        timezone: "Europe/Prague",
        undoSeconds: { toy: 30 },
        reopenDays: 14,
      },
    });
    await visit(() => page.reload());
    await page.getByRole("link", { name: "Klienti a fronty" }).click();
    await page.getByRole("button", { name: "Upravit: Pekárna Lípa" }).click();
    expect(await dialog(page).getByLabel(toy.title).inputValue()).toBe("30");
    await dialog(page).getByLabel(toy.title).fill("");
    await save(page);
    await expect
      .poll(async () => (await hub.prisma.tenant.findUniqueOrThrow({ where: { key: "pekarna-lipa" } })).policy)
      .toMatchObject({ undoSeconds: {}, greeting: "Dobrý den, tady Pekárna Lípa." });
    await dialog(page).waitFor({ state: "detached" });
    await visit(() => page.goto(hub.url));
    await page.getByText("Nic na vás nečeká").waitFor();
    expect(complaints).toEqual(["Failed to load resource: the server responded with a status of 409 (Conflict)"]);
    await context.close();
  });

  it("is told when the key belongs to another company, and nothing typed is lost", async () => {
    await addTenant(hub, "taken");
    const { page, context } = await seat({ user: await platformAdmin("Second Admin"), path: "/admin/tenants" });
    await page.getByRole("button", { name: "Přidat klienta" }).click();
    await dialog(page).getByLabel("Název").fill("Někdo jiný");
    await dialog(page).getByLabel("Klíč").fill("taken");
    await save(page);
    await dialog(page).getByText("Takový název nebo klíč už má jiný klient.").waitFor();
    expect(await dialog(page).getByLabel("Název").inputValue()).toBe("Někdo jiný");
    await context.close();
  });
});

describe("an administrator of one company", () => {
  it("changes it but cannot add another, also on a phone 320 pixels wide", async () => {
    const tenantId = await addTenant(hub, "phone");
    const user = await addUser(hub, "Phone Admin", [{ tenantId, role: "admin" }]);
    await speakCzech(user.email);
    const { page, context } = await seat({ user, path: "/admin/tenants", width: 320 });
    await page.getByRole("heading", { name: "PHONE" }).waitFor();
    expect(await page.getByRole("button", { name: "Přidat klienta" }).count()).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Upravit: PHONE" }).click();
    expect(await dialog(page).getByLabel("Klíč").isDisabled()).toBe(true);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    await dialog(page).getByLabel("Název").fill("Telefonní klient");
    await save(page);
    await page.getByRole("heading", { name: "Telefonní klient" }).waitFor();
    await context.close();
  });
});
