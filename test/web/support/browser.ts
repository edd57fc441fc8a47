import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { anna } from "./data.ts";
import type { FakeHub } from "./fake-hub.ts";

export const launch = (args: readonly string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox", ...args] });

export interface Seat {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Requests that left for anywhere but the hub. */
  readonly strangers: string[];
  /** What the browser complained about: broken policy, errors, warnings. */
  readonly complaints: string[];
}

/** One agent at one computer. */
export const seat = async (input: {
  browser: Browser;
  hub: FakeHub;
  path: string;
  user?: typeof anna | null;
  dark?: boolean;
  width?: number;
  height?: number;
}): Promise<Seat> => {
  const { browser, hub, user = anna, dark = false, width = 1440, height = 900 } = input;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    locale: "cs-CZ",
  });
  if (user !== null) await context.addCookies([hub.login(user)]);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const strangers: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(hub.url) && !/^(?:data|blob|about):/.test(request.url()))
      strangers.push(request.url());
  });
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(hub.url + input.path);
  return { page, context, strangers, complaints };
};

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds against WCAG 2.2 AA and good practice, as short lines. */
export const violations = async (page: Page, without: readonly string[] = []): Promise<string[]> => {
  await page.evaluate(axe);
  return page.evaluate(async (off) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(
          context: unknown,
          options: unknown,
        ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
      };
    };
    const found = await axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      iframes: false,
      rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])),
    });
    return found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)} ${nodes[0]?.failureSummary ?? ""}`,
    );
  }, without);
};
