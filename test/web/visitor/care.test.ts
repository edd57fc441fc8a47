import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Frame } from "playwright-core";
import { describe, expect, it } from "vitest";
import { bubbles, openChat, say, widgetFrame } from "./browser.ts";
import type { Host } from "./host.ts";
import { useStage } from "./stage.ts";

/** Forms, identity, privacy, languages and accessibility of the widget. */
const { begin } = useStage();
const axe = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

const firstMessage = (host: Host) =>
  host.when("a message is stored", () => host.messages().find((event) => event.type === "message"));

it("asks for name and address where the account wants them, and says what is wrong in words", async () => {
  const { host, context } = await begin({ preChatName: "required", preChatEmail: "optional" });
  const { page, frame } = await openChat(context, host.shop);
  await frame.waitForFunction(() => document.activeElement?.getAttribute("name") === "name");
  await frame.fill("[name=email]", "nesmysl");
  await page.keyboard.press("Enter");
  await frame.waitForSelector('#field-name-wrong:has-text("Vyplňte prosím.")');
  expect(await frame.getAttribute("[name=email]", "aria-describedby")).toBe("field-email-wrong");
  expect(await frame.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("name");
  await frame.fill("[name=name]", "Jana Malá");
  await frame.fill("[name=email]", "jana@example.cz");
  await page.keyboard.press("Enter");
  await say(frame, "Dobrý den");
  const from = (await firstMessage(host)) as { readonly from?: unknown } | undefined;
  expect(from).toMatchObject({
    from: { name: "Jana Malá", addresses: [{}, { kind: "email", value: "jana@example.cz" }] },
  });
  await page.reload();
  await (await widgetFrame(page)).waitForSelector(".bubble");
});

it("outside the hours takes a message with an e-mail address and promises nothing else", async () => {
  const closed = {
    closedDays: [new Date().toISOString().slice(0, 10)],
    timezone: "UTC",
    offlineText: "Jsme tu zas v pondělí.",
  };
  const { host, context } = await begin(closed);
  const { frame } = await openChat(context, host.shop);
  await frame.waitForSelector('.sheet:has-text("Jsme tu zas v pondělí.")');
  await frame.click(".sheet .primary");
  await frame.waitForSelector('#field-text-wrong:has-text("Vyplňte prosím.")');
  await frame.fill("[name=email]", "jana@example.cz");
  await frame.fill("[name=text]", "Ozvěte se mi");
  await frame.click(".sheet .primary");
  expect(await firstMessage(host)).toMatchObject({ text: "Ozvěte se mi", detail: { wantsEmail: true } });
  await frame.waitForSelector(".bubble");
  expect(await bubbles(frame, "visitor")).toEqual(["Ozvěte se mi"]);
});

describe("who the visitor is", () => {
  const identitySecret = "zahradnictvi-podepisuje";
  const hash = (user: string): string => createHmac("sha256", identitySecret).update(user).digest("hex");

  it("is taken from the site's signature; another user gets another chat", async () => {
    const { host, context } = await begin({ identitySecret });
    const page = await context.newPage();
    await page.goto(host.shop);
    await page.evaluate((id) => window.Linka?.identify(id), { userId: "jana", hash: hash("jana"), name: "Jana" });
    await page.evaluate(() => window.Linka?.open());
    const frame = await widgetFrame(page);
    await frame.waitForSelector(".composer");
    await say(frame, "Od Jany");
    const message = (await firstMessage(host)) as { readonly from?: unknown } | undefined;
    expect(message).toMatchObject({
      from: { name: "Jana", addresses: [{}, { kind: "site_user", value: "jana", verified: true }] },
    });
    await page.evaluate((id) => window.Linka?.identify(id), { userId: "petr", hash: hash("petr") });
    await frame.waitForSelector(".bubble", { state: "detached" });
    await say(frame, "Od Petra");
    await host.when("Petr's message", () => host.messages().length === 2);
    expect(host.threads.size).toBe(2);
  });

  it("is not believed unsigned: the site's developer hears of it, the chat goes on without a name", async () => {
    const { host, context } = await begin({ identitySecret });
    const page = await context.newPage();
    await page.goto(host.shop);
    const problem = page.evaluate(
      () =>
        new Promise((resolve) => addEventListener("linka:problem", (event) => resolve((event as CustomEvent).detail))),
    );
    await page.evaluate(() => window.Linka?.identify({ userId: "sef", hash: "00" }));
    await page.evaluate(() => window.Linka?.open());
    expect(await problem).toBe("identity refused");
    const frame = await widgetFrame(page);
    await frame.waitForSelector(".composer");
    await say(frame, "Jsem šéf");
    const message = (await firstMessage(host)) as
      | { readonly from?: { readonly addresses: readonly object[] } }
      | undefined;
    expect(message?.from?.addresses).toHaveLength(1);
  });
});

describe("privacy", () => {
  /** A browser may refuse a frame of another site its storage altogether: then there is nothing in it. */
  const keptIn = (frame: Frame): Promise<number> =>
    frame.evaluate(() => {
      try {
        return localStorage.length + sessionStorage.length;
      } catch {
        return 0;
      }
    });

  it.each([
    ["the page says so", {}, 'data-storage="none"'],
    ["the account says so", { storage: "none" }, ""],
  ])("keeps nothing of the session on the device when %s", async (_, config, attribute) => {
    const { host, context } = await begin(config);
    const { page, frame } = await openChat(context, `${host.shop}/?with=${encodeURIComponent(attribute)}`);
    await say(frame, "Anonymně");
    await firstMessage(host);
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    expect(await keptIn(frame)).toBe(0);
    expect(await context.cookies()).toEqual([]);
  });

  it("leaves at once when Escape is pressed twice, and wipes the chat", async () => {
    const { host, context } = await begin({ quickExit: true, quickExitUrl: "https://klid.example/" });
    await context.route("https://klid.example/", (route) => route.fulfill({ body: "Klid", contentType: "text/plain" }));
    const { page, frame } = await openChat(context, host.shop);
    await say(frame, "Potřebuji pomoc");
    await firstMessage(host);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.waitForURL("https://klid.example/");
    const back = await context.newPage();
    await back.goto(host.shop);
    expect(await back.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0]);
  });

  it("hears the page it was embedded in and nobody else", async () => {
    const { host, context } = await begin();
    const { page, frame } = await openChat(context, host.shop);
    await frame.waitForSelector(".composer");
    await frame.evaluate(() => window.postMessage({ linka: 1, type: "logout", data: null }, "*"));
    await page.evaluate(() => window.postMessage({ linka: 1, type: "exit", data: "https://podvod.example/" }, "*"));
    await say(frame, "Pořád tady");
    await firstMessage(host);
    expect(page.url()).toBe(`${host.shop}/`);
  });

  it("leaves no trace on the page after destroy", async () => {
    const { host, context } = await begin();
    const { page, frame } = await openChat(context, host.shop);
    await frame.waitForSelector(".composer");
    await page.evaluate(() => window.Linka?.destroy());
    expect(await page.evaluate(() => [document.querySelector("linka-chat"), "Linka" in window])).toEqual([null, false]);
  });

  it("gives no chat to a site that is not listed", async () => {
    const { host, context } = await begin({ allowedOrigins: ["https://jinde.example"] });
    const { frame } = await openChat(context, host.shop);
    await frame.waitForSelector('.note:has-text("Na této stránce chat není dostupný.")');
  });
});

it.each([
  ["en", "Hello! How can we help you?", "Write a message"],
  ["sk", "Dobrý deň! S čím vám môžeme pomôcť?", "Napíšte správu"],
  ["pl", "Dzień dobry! W czym możemy pomóc?", "Napisz wiadomość"],
])("speaks %s, and says so to assistive technology", async (lang, greeting, input) => {
  const { host, context } = await begin();
  const { frame } = await openChat(context, `${host.shop}/?with=${encodeURIComponent(`data-lang="${lang}"`)}`);
  await frame.waitForSelector(`.greeting:has-text("${greeting}")`);
  expect(await frame.getAttribute(".composer textarea", "aria-label")).toBe(input);
  expect(await frame.evaluate(() => document.documentElement.lang)).toBe(lang);
});

/** Accessibility faults of what is on the screen now, by rule and place. */
const faults = async (frame: Frame): Promise<readonly string[]> => {
  await frame.evaluate(axe);
  return frame.evaluate(async () => {
    const { axe } = window as unknown as {
      readonly axe: {
        run(root: Document, options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
      };
    };
    const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await axe.run(document, { runOnly: { type: "tag", values } });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
  });
};

describe.each(["light", "dark"] as const)("in %s colours axe finds no fault", (scheme) => {
  it("in a conversation with files, a failed message, emoji and typing", async () => {
    const { host, context } = await begin({ color: "#ffd400", quickExit: true }, { scheme });
    const { frame } = await openChat(context, host.shop);
    await frame.waitForSelector(".composer");
    expect(await faults(frame)).toEqual([]);
    await say(frame, "Dobrý den, viz https://www.example.cz/x");
    await firstMessage(host);
    const bytes = Buffer.from("%PDF-1.7");
    await host.agent("Tady je návod, viz https://www.example.cz.", {
      files: [{ name: "a.pdf", mimeType: "application/pdf", bytes }],
    });
    await frame.setInputFiles("input[type=file]", {
      name: "a.exe",
      mimeType: "application/x-msdownload",
      buffer: bytes,
    });
    await host.connection.typing?.(host.lastThread() as never, true);
    await frame.waitForSelector(".dots");
    await frame.click(`button[aria-expanded="false"]`);
    await frame.waitForSelector(".emoji");
    expect(await faults(frame)).toEqual([]);
  });

  it("in the form before the chat and in the one outside the hours", async () => {
    const asks = await begin(
      { preChatName: "required", preChatEmail: "required", privacyUrl: "https://a.example/" },
      { scheme },
    );
    const form = await openChat(asks.context, asks.host.shop);
    await form.frame.click(".sheet .primary");
    await form.frame.waitForSelector(".wrong");
    expect(await faults(form.frame)).toEqual([]);
    const closed = await begin({ closedDays: [new Date().toISOString().slice(0, 10)], timezone: "UTC" }, { scheme });
    const left = await openChat(closed.context, closed.host.shop);
    await left.frame.click(".sheet .primary");
    await left.frame.waitForSelector(".wrong");
    expect(await faults(left.frame)).toEqual([]);
  });
});

it("fits a screen 320 px wide without scrolling sideways, with targets of 24 px and more", async () => {
  const { host, context } = await begin(
    { title: "Zahradnictví s velmi dlouhým názvem pod Lipou", quickExit: true },
    { width: 320 },
  );
  const { page, frame } = await openChat(context, host.shop);
  await say(frame, `https://www.example.cz/${"velmi-dlouha-adresa-".repeat(8)}`);
  await firstMessage(host);
  await frame.click(`button[aria-expanded="false"]`);
  const sizes = await frame.evaluate(() => ({
    sideways: document.documentElement.scrollWidth - innerWidth,
    width: innerWidth,
    small: [...document.querySelectorAll("button")]
      .map((button) => button.getBoundingClientRect())
      .filter(({ width, height }) => width > 0 && (width < 24 || height < 24)).length,
  }));
  expect(sizes).toEqual({ sideways: 0, width: 320, small: 0 });
  await frame.click('button[aria-label="Zavřít chat"]');
  expect(await page.$eval("linka-chat", (element) => element.hasAttribute("data-open"))).toBe(false);
});

it("the demo shop is a page without faults, and its chat works", async () => {
  const { host, context } = await begin();
  const page = await context.newPage();
  await page.goto(`${host.base}/demo`);
  expect(await faults(page.mainFrame())).toEqual([]);
  await page.evaluate(() => window.Linka?.open());
  const frame = await widgetFrame(page);
  await frame.waitForSelector(".composer");
  await say(frame, "Máte jabloně?");
  await firstMessage(host);
});
