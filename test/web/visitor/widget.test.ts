import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { bubbles, openChat, say, shows, widgetFrame } from "./browser.ts";
import type { Host } from "./host.ts";
import { useStage } from "./stage.ts";

const stage = useStage();
const { begin } = stage;

const stored = (host: Host, text: string) =>
  host.when(`"${text}" is stored`, () =>
    host.messages().some((event) => event.type === "message" && event.text === text),
  );
const textsOf = (host: Host): string[] => host.threads.get(host.lastThread())?.map(({ text }) => text) ?? [];

const gzipped = async (...path: string[]): Promise<number> =>
  gzipSync(await readFile(join(stage.dir(), ...path))).length;

it("weighs at most 3 kB before the visitor turns to it and 25 kB until it is open", async () => {
  const loader = await gzipped("loader.js");
  expect(loader).toBeLessThanOrEqual(3 * 1024);
  const assets = await readdir(join(stage.dir(), "app", "assets"));
  const languages = await Promise.all(
    assets.filter((name) => /^(en|cs|sk|pl)-/.test(name)).map((name) => gzipped("app", "assets", name)),
  );
  const rest = await Promise.all(
    assets.filter((name) => !/^(en|cs|sk|pl|demo|calling)-/.test(name)).map((name) => gzipped("app", "assets", name)),
  );
  const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0);
  const all = loader + (await gzipped("app", "index.html")) + sum(rest) + Math.max(...languages);
  expect(languages).toHaveLength(4);
  expect(all).toBeLessThanOrEqual(25 * 1024);
});

it("under a strict policy it asks for one file and stores nothing before it is opened, and nothing is complained of", async () => {
  const { host, context } = await begin();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(host.shop);
  await page.waitForFunction(() => document.querySelector("linka-chat") !== null);
  expect(host.requests).toEqual(["/widget/loader.js"]);
  await page.mouse.move(1050, 750);
  const frame = await widgetFrame(page);
  await frame.waitForSelector("main");
  expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0]);
  expect(await context.cookies()).toEqual([]);
  expect(host.io.engine.clientsCount).toBe(0);
  await page.mouse.click(1050, 750);
  await frame.waitForSelector(".composer textarea");
  await say(frame, "Dobrý den");
  await stored(host, "Dobrý den");
  expect(complaints).toEqual([]);
});

it("by keyboard alone: open, write, hear the answer, close; focus goes where it belongs", async () => {
  const { host, context } = await begin();
  const { page, frame } = await openChat(context, host.shop);
  await frame.waitForFunction(() => document.activeElement?.tagName === "TEXTAREA");
  await page.keyboard.type("Kde je můj balík? ěščřžýáíé ąęółśżźćń");
  await page.keyboard.press("Enter");
  await stored(host, "Kde je můj balík? ěščřžýáíé ąęółśżźćń");
  await host.agent("Je na cestě.");
  await frame.waitForSelector('[aria-live="polite"]:has-text("Jana Veselá: Je na cestě.")', { state: "attached" });
  expect(await frame.getAttribute(".log", "aria-live")).toBe("off");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.tagName === "LINKA-CHAT");
  expect(await page.$eval("linka-chat", (element) => element.hasAttribute("data-open"))).toBe(false);
});

it("shows the agent under the alias, who is typing, and what was read on both sides", async () => {
  const { host, context } = await begin();
  const { frame } = await openChat(context, host.shop);
  await say(frame, "Dobrý den");
  await stored(host, "Dobrý den");
  await frame.waitForSelector('.meta:has-text("Odesláno")');
  const [question] = host.messages();
  if (question?.type !== "message") throw new Error("no message");
  await host.connection.markRead?.(question.thread, question.id);
  await frame.waitForSelector('.meta:has-text("Přečteno")');
  await host.connection.typing?.(question.thread, true);
  await frame.waitForSelector('.dots:has-text("píše")');
  const key = await host.agent("Co pro vás můžeme udělat?");
  await frame.waitForSelector('h1:has-text("Jana Veselá")');
  expect(await frame.isVisible(".dots")).toBe(false);
  await host.when("delivered", () =>
    host.events.some((event) => event.type === "receipt" && event.id === key && event.state === "delivered"),
  );
  await host.when("seen", () => host.events.some((event) => event.type === "seen" && event.id === key));
});

it("a reload goes on with the same chat, and counts what came meanwhile", async () => {
  const { host, context } = await begin();
  const { page, frame } = await openChat(context, host.shop);
  await say(frame, "První");
  await stored(host, "První");
  await page.keyboard.press("Escape");
  await page.goto("about:blank");
  await host.agent("Odpověď, když tu nikdo nebyl");
  await page.goto(host.shop);
  const back = await widgetFrame(page);
  await shows(back, 2);
  const tree = await (await context.newCDPSession(page)).send("Accessibility.getFullAXTree");
  expect(tree.nodes.flatMap(({ role, name }) => (role?.value === "button" ? [name?.value] : []))).toContain(
    "Otevřít chat, 1 nová zpráva",
  );
  await say(back, "Druhá");
  await stored(host, "Druhá");
  expect(host.threads.size).toBe(1);
});

it("two tabs are one chat: lines, what was read and the end of it", async () => {
  const { host, context } = await begin();
  const first = await openChat(context, host.shop);
  await first.frame.waitForSelector(".composer");
  const second = await context.newPage();
  await second.goto(host.shop);
  const other = await widgetFrame(second);
  await say(first.frame, "Z první karty");
  await shows(other, 1);
  await first.page.bringToFront();
  const key = await host.agent("Odpověď");
  await host.when("seen", () => host.events.some((event) => event.type === "seen" && event.id === key));
  await shows(other, 2);
  await first.page.evaluate(() => window.Linka?.logout());
  await shows(other, 0);
  expect(await second.evaluate(() => localStorage.length)).toBe(0);
  expect(host.threads.size).toBe(1);
});

it("two tabs opened at the same moment settle on one session", async () => {
  const { host, context } = await begin();
  const pages = await Promise.all([context.newPage(), context.newPage()]);
  await Promise.all(pages.map((page) => page.goto(host.shop)));
  await Promise.all(pages.map((page) => page.evaluate(() => window.Linka?.open())));
  const frames = await Promise.all(pages.map((page) => widgetFrame(page)));
  await Promise.all(frames.map((frame) => frame.waitForSelector(".composer")));
  for (const [index, frame] of frames.entries()) {
    await say(frame, `Karta ${index}`);
    await stored(host, `Karta ${index}`);
  }
  await Promise.all(frames.map((frame) => shows(frame, 2)));
  expect(host.threads.size).toBe(1);
});

it("a tab that began a session of its own unheard of gives it up for the one stored first", async () => {
  const { host, context } = await begin();
  const deaf = await context.newPage();
  await deaf.addInitScript(() => addEventListener("storage", (event) => event.stopImmediatePropagation(), true));
  await deaf.goto(host.shop);
  const { frame } = await openChat(context, host.shop);
  await say(frame, "První karta");
  await stored(host, "První karta");
  await deaf.evaluate(() => window.Linka?.open());
  const other = await widgetFrame(deaf);
  await shows(other, 1);
  await say(other, "Druhá karta");
  await shows(frame, 2);
  expect(host.threads.size).toBe(1);
});

it("a network that goes while a message is under way loses and doubles nothing, either way", async () => {
  const { host, context } = await begin();
  const { frame } = await openChat(context, host.shop);
  await say(frame, "Před výpadkem");
  await stored(host, "Před výpadkem");
  host.cutAnswers(1);
  await say(frame, "Uložená, ale nepotvrzená");
  await stored(host, "Uložená, ale nepotvrzená");
  await host.agent("Napsáno za výpadku");
  await say(frame, "Napsaná za výpadku");
  await stored(host, "Napsaná za výpadku");
  await frame.waitForSelector('.meta:has-text("Odesláno")');
  await shows(frame, 4);
  host.cut();
  await host.agent("A ještě jednou");
  await shows(frame, 5);
  host.cutQuestions(2);
  await say(frame, "Na cestě ztracená");
  await stored(host, "Na cestě ztracená");
  await shows(frame, 6);
  expect(await frame.isVisible(".failed")).toBe(false);
  expect(textsOf(host)).toHaveLength(6);
  expect([...(await bubbles(frame, "visitor"))]).toEqual([
    "Před výpadkem",
    "Uložená, ale nepotvrzená",
    "Napsaná za výpadku",
    "Na cestě ztracená",
  ]);
  expect(await bubbles(frame, "agent")).toEqual(["Napsáno za výpadku", "A ještě jednou"]);
});

it("a message the hub cannot store says so, stays, and goes out once on the visitor's retry", async () => {
  const { host, context } = await begin();
  const { frame } = await openChat(context, host.shop);
  await frame.waitForSelector(".composer");
  host.goAway(true);
  await say(frame, "Důležité");
  await frame.waitForSelector('.failed:has-text("Neodesláno.")');
  host.goAway(false);
  await frame.click('.failed button:has-text("Zkusit znovu")');
  await stored(host, "Důležité");
  await frame.waitForSelector('.meta:has-text("Odesláno")');
  expect(await frame.isVisible(".failed")).toBe(false);
  expect(textsOf(host)).toEqual(["Důležité"]);
});

it("a visitor who writes faster than allowed waits a moment and loses nothing", async () => {
  const { host, context } = await begin();
  const { frame } = await openChat(context, host.shop);
  for (let count = 1; count <= 7; count += 1) await say(frame, `Zpráva ${count}`);
  await stored(host, "Zpráva 7");
  expect(textsOf(host)).toEqual([1, 2, 3, 4, 5, 6, 7].map((count) => `Zpráva ${count}`));
});

it("a forged token opens nothing: the visitor gets a new, empty chat", async () => {
  const { host, context } = await begin();
  const { page, frame } = await openChat(context, host.shop);
  await say(frame, "Tajné");
  await stored(host, "Tajné");
  const thread = host.lastThread();
  await page.evaluate((key) => {
    const [session] = (localStorage.getItem(key) ?? "").split(".");
    localStorage.setItem(key, `${session}.${"A".repeat(120)}`);
  }, `linka:${host.account}`);
  await page.reload();
  const back = await widgetFrame(page);
  await back.waitForSelector(".composer");
  expect(await bubbles(back, "visitor")).toEqual([]);
  await say(back, "Nová");
  await stored(host, "Nová");
  expect(host.threads.get(thread)?.map(({ text }) => text)).toEqual(["Tajné"]);
});

it("files go both ways; a failed upload waits for a retry, a kind not allowed is refused before it is sent", async () => {
  const { host, context } = await begin();
  const { frame } = await openChat(context, host.shop);
  await frame.waitForSelector(".composer");
  host.failUploads(1);
  const pdf = Buffer.from("%PDF-1.7 stvrzenka");
  await frame.setInputFiles("input[type=file]", { name: "stvrzenka.pdf", mimeType: "application/pdf", buffer: pdf });
  await frame.waitForSelector('.failed:has-text("Neodesláno.")');
  await frame.click('.failed button:has-text("Zkusit znovu")');
  await frame.waitForSelector('a.file[download="stvrzenka.pdf"]');
  expect(host.files.map(({ name, mimeType }) => [name, mimeType])).toEqual([["stvrzenka.pdf", "application/pdf"]]);
  await frame.setInputFiles("input[type=file]", {
    name: "program.exe",
    mimeType: "application/x-msdownload",
    buffer: pdf,
  });
  await frame.waitForSelector('.failed:has-text("Takový soubor tu poslat nejde")');
  await frame.click('.failed button:has-text("Zahodit")');
  await host.agent("Tady je návod.", { files: [{ name: "navod.pdf", mimeType: "application/pdf", bytes: pdf }] });
  await frame.waitForSelector('a.file[download="navod.pdf"]');
  expect(host.requests.filter((path) => path.endsWith("/files"))).toHaveLength(2);
});

it("older messages come page by page from the top", async () => {
  const { host, context } = await begin();
  const { page, frame } = await openChat(context, host.shop);
  await say(frame, "Začátek");
  await stored(host, "Začátek");
  for (let count = 1; count <= 60; count += 1) await host.agent(`Řádek ${count}`);
  await page.reload();
  const back = await widgetFrame(page);
  await back.waitForSelector('.quiet:has-text("Zobrazit starší zprávy")');
  expect((await bubbles(back, "agent"))[0]).toBe("Řádek 21");
  await back.click(".quiet");
  await shows(back, 61);
  expect(await bubbles(back, "visitor")).toEqual(["Začátek"]);
  expect(await bubbles(back, "agent")).toEqual(Array.from({ length: 60 }, (_, index) => `Řádek ${index + 1}`));
});

it("new lines stay in sight, but nobody who reads above is dragged down", async () => {
  const { host, context } = await begin();
  const { frame } = await openChat(context, host.shop);
  await say(frame, "Začátek");
  await stored(host, "Začátek");
  for (let count = 1; count <= 30; count += 1) await host.agent(`Řádek ${count}`);
  await shows(frame, 31);
  const place = (): Promise<{ top: number; end: boolean }> =>
    frame.$eval(".log", (log) => ({
      top: log.scrollTop,
      end: log.scrollHeight - log.scrollTop - log.clientHeight < 2,
    }));
  expect((await place()).end).toBe(true);
  await frame.$eval(".log", (log) => {
    log.scrollTop = 100;
    return new Promise((resolve) => log.addEventListener("scroll", resolve, { once: true }));
  });
  await host.agent("Zatímco čtete");
  await shows(frame, 32);
  expect(await place()).toEqual({ top: 100, end: false });
  await say(frame, "Odpovídám");
  await shows(frame, 33);
  expect((await place()).end).toBe(true);
});
