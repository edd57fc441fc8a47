import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { launch, seat, type Seat, violations } from "../support/browser.ts";
import { buildDesk } from "../support/build.ts";
import { startFakeHub, type FakeHub } from "../support/fake-hub.ts";

let built: Awaited<ReturnType<typeof buildDesk>>;
let browser: Browser;
let hub: FakeHub;
let agent: Seat;

beforeAll(async () => {
  [built, browser] = await Promise.all([buildDesk(), launch()]);
}, 60_000);
afterEach(async () => {
  await agent.context.close();
  await hub.stop();
});
afterAll(async () => {
  await browser.close();
  await built.remove();
});

it("an agent who looks elsewhere is told of a customer's word in the tab's title and in a list that leads there", async () => {
  hub = await startFakeHub({ dist: built.dist, conversations: 40 });
  agent = await seat({ browser, hub, path: "/inbox/all/c00001" });
  const { page } = agent;
  await page.getByRole("log").getByText("Zásilka měla přijít").waitFor();
  expect(await page.title()).toBe("Linka");
  hub.customerWrites("c00001", "Tohle vidím hned");
  await page.getByRole("log").getByText("Tohle vidím hned").waitFor();
  hub.customerWrites("c00004", "Kde je moje zásilka?");
  await expect.poll(() => page.title()).toBe("(1) Linka");

  await page.getByRole("button", { name: "1 nová zpráva od zákazníka" }).click();
  const panel = page.getByRole("dialog", { name: "Novinky" });
  await panel.getByRole("listitem").first().waitFor();
  expect(await violations(page)).toEqual([]);
  await panel.getByLabel("Zvuk").selectOption("off");
  await panel.getByRole("listitem").first().getByRole("button").click();
  await page.getByRole("log").getByText("Kde je moje zásilka?").waitFor();
  await expect.poll(() => page.title()).toBe("Linka");
  expect(await page.evaluate(() => localStorage.getItem("linka.alerts"))).toContain('"sound":"off"');
}, 60_000);
