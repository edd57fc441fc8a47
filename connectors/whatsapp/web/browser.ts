import { access, constants } from "node:fs/promises";
import type { Browser } from "#contract";

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable"];

/** No browser on this machine; the sentence says how to get one. */
export class NoBrowser extends Error {
  override readonly name = "NoBrowser";
}

const runs = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Where the browser is. Throws NoBrowser. */
export const findBrowser = async ({ path }: Browser, places: readonly string[] = usual): Promise<string> => {
  if (path !== undefined) {
    if (await runs(path)) return path;
    throw new NoBrowser(`CHROMIUM_PATH is ${path}, and there is no program that can be run.`);
  }
  for (const place of places) if (await runs(place)) return place;
  throw new NoBrowser(
    "There is no Chromium on this machine: install the package (Debian: apt-get install chromium) or set CHROMIUM_PATH.",
  );
};

/** Chromium's own sandbox does not work for root, and is kept for everybody else. */
export const flagsFor = ({ flags }: Browser, uid: number | undefined): string[] => [
  ...(uid === 0 ? ["--no-sandbox"] : []),
  "--disable-gpu",
  "--disable-extensions",
  "--mute-audio",
  "--no-first-run",
  ...flags,
];
