import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { openBrowser } from "./browser.ts";
import { buildWidget, type Host, startHost } from "./host.ts";

interface Look {
  readonly width?: number;
  readonly scheme?: "light" | "dark";
}

/** A browser and a built widget for a file of tests; every test begins on its own hub with an empty browser profile. */
export const useStage = () => {
  const closing: (() => Promise<unknown>)[] = [];
  let widget: Awaited<ReturnType<typeof buildWidget>>;
  let browser: Browser;

  beforeAll(async () => {
    [widget, browser] = await Promise.all([buildWidget(), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await widget?.remove();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  return {
    dir: (): string => widget.dir,
    begin: async (config: object = {}, look: Look = {}): Promise<{ host: Host; context: BrowserContext }> => {
      const host = await startHost({ dir: widget.dir, config });
      closing.push(() => host.stop());
      const context = await browser.newContext({
        viewport: { width: look.width ?? 1100, height: 800 },
        colorScheme: look.scheme ?? "light",
        reducedMotion: "reduce",
        locale: "cs-CZ",
      });
      context.setDefaultTimeout(15_000);
      closing.push(() => context.close());
      return { host, context };
    },
  };
};
