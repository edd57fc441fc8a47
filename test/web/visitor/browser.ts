import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Frame, type Page } from "playwright-core";

const candidates = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

export const openBrowser = (): Promise<Browser> => {
  const executablePath = candidates.find((path) => path !== undefined && existsSync(path));
  if (!executablePath) throw new Error("No Chromium found: install Debian's chromium, or set CHROMIUM to one.");
  return chromium.launch({
    executablePath,
    args: [
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
};

/** The widget's frame of a page; its shadow root is closed, frames are found all the same. */
export const widgetFrame = async (page: Page): Promise<Frame> => {
  const find = (): Frame | undefined => page.frames().find((frame) => frame.url().includes("/widget/app/"));
  const found =
    find() ?? (await page.waitForEvent("framenavigated", { predicate: () => find() !== undefined }).then(find));
  if (!found) throw new Error("the widget's frame is missing");
  return found;
};

/** A tab on the shop with the chat opened from the keyboard, as a person would. */
export const openChat = async (context: BrowserContext, url: string): Promise<{ page: Page; frame: Frame }> => {
  const page = await context.newPage();
  await page.goto(url);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  return { page, frame: await widgetFrame(page) };
};

export const say = async (frame: Frame, text: string): Promise<void> => {
  await frame.fill(".composer textarea", text);
  await frame.press(".composer textarea", "Enter");
};

export const bubbles = (frame: Frame, from: "visitor" | "agent"): Promise<string[]> =>
  frame.$$eval(`.row.${from} .bubble`, (found) => found.map((one) => one.textContent));

/** Until so many lines are shown; polled by time, as a closed chat paints no frames. */
export const shows = (frame: Frame, lines: number): Promise<unknown> =>
  frame.waitForFunction((wanted) => document.querySelectorAll(".bubble").length === wanted, lines, { polling: 50 });
