import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addConversation, addTenant, addUser, type Hub, logIn, startHub } from "../../server/hub.ts";
import { toy } from "../../server/toy.ts";
import { launch, violations } from "../support/browser.ts";
import { buildDesk } from "../support/build.ts";

/** The desk as it is shipped, on a real server: narrowing the list, keeping views, changing many conversations at once. */
let built: Awaited<ReturnType<typeof buildDesk>>;
let browser: Browser;
let hub: Hub;
let dist: string;

beforeAll(async () => {
  [built, browser, dist] = await Promise.all([buildDesk(), launch(), mkdtemp(path.join(tmpdir(), "linka-filters-"))]);
  await symlink(built.dist, path.join(dist, "desk"));
  hub = await startHub({ dist, connectors: [toy] });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await hub?.stop();
  await built?.remove();
  await rm(dist, { recursive: true, force: true });
});

it("an agent narrows the list, keeps it as a view that is there after a reload, and closes what is in it at once", async () => {
  const tenantId = await addTenant(hub, "filters");
  const user = await addUser(hub, "Filter Agent", [{ tenantId }]);
  await hub.prisma.user.update({ where: { email: user.email }, data: { locale: "cs" } });
  const names = ["Adam První", "Bára Druhá", "Cyril Třetí", "Dana Čtvrtá"];
  const made: string[] = [];
  for (const contactName of names) made.push((await addConversation(hub, { tenantId, contactName })).id);
  await hub.prisma.conversation.updateMany({ where: { id: { in: made.slice(0, 3) } }, data: { tags: ["vip"] } });
  const { cookie } = await logIn(hub, user);
  const [name = "", value = ""] = cookie.split("=");
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "cs-CZ" });
  await context.addCookies([{ name, value, url: hub.url }]);
  const page = await context.newPage();
  await page.goto(`${hub.url}/inbox/all`);
  const options = page.getByRole("listbox", { name: "Konverzace" }).getByRole("option");
  await options.filter({ hasText: "Dana Čtvrtá" }).waitFor();

  await page.getByRole("button", { name: "Filtr", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Štítek").fill("vip");
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Zobrazit" }).click();
  await options.filter({ hasText: "Dana Čtvrtá" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Zrušit filtr: #vip" }).waitFor();
  await expect.poll(() => options.count()).toBe(3);

  await page.getByRole("button", { name: "Uložit jako pohled" }).click();
  await dialog.getByLabel("Název").fill("Naši VIP");
  await dialog.getByRole("button", { name: "Uložit" }).click();
  await dialog.waitFor({ state: "detached" });
  const view = page.getByRole("button", { name: "Naši VIP", exact: true });
  await view.waitFor();
  await expect
    .poll(async () => (await hub.prisma.user.findUniqueOrThrow({ where: { email: user.email } })).settings)
    .toMatchObject({ views: [{ name: "Naši VIP", spec: { kind: "all", tag: "vip" } }] });

  await page.reload();
  await options.filter({ hasText: "Dana Čtvrtá" }).waitFor();
  await view.click();
  await options.filter({ hasText: "Dana Čtvrtá" }).waitFor({ state: "detached" });
  await expect.poll(() => options.count()).toBe(3);

  // By the keyboard: down to the first, tick it, down, tick the next.
  await page.getByRole("listbox", { name: "Konverzace" }).focus();
  for (const _ of [1, 2]) {
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("x");
  }
  const bar = page.getByRole("toolbar", { name: "Vybrané konverzace" });
  await bar.getByText("2 vybrané").waitFor();
  expect(await page.locator('[role="option"][aria-checked="true"]').count()).toBe(2);
  expect(await violations(page)).toEqual([]);
  await bar.getByRole("button", { name: "Uzavřít" }).click();
  await page.getByText("Změněny 2 konverzace").waitFor();
  await bar.waitFor({ state: "detached" });
  const closed = await hub.prisma.conversation.findMany({ where: { id: { in: made }, status: "closed" } });
  expect(closed).toHaveLength(2);

  await page.getByRole("button", { name: "Smazat pohled: Naši VIP" }).focus();
  await page.keyboard.press("Enter");
  await view.waitFor({ state: "detached" });
  await context.close();
}, 60_000);
