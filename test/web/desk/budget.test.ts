import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDesk } from "../support/build.ts";

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
  readonly css?: readonly string[];
}

let built: Awaited<ReturnType<typeof buildDesk>>;
let manifest: Readonly<Record<string, Chunk>>;

beforeAll(async () => {
  built = await buildDesk();
  manifest = JSON.parse(readFileSync(path.join(built.dist, ".vite/manifest.json"), "utf8")) as typeof manifest;
}, 60_000);
afterAll(() => built.remove());

const kib = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + gzipSync(readFileSync(path.join(built.dist, file)), { level: 9 }).length, 0) / 1024;

const first = (): string[] => {
  const seen = new Set<string>();
  const walk = (key: string) => {
    if (seen.has(key)) return;
    seen.add(key);
    for (const next of manifest[key]?.imports ?? []) walk(next);
  };
  walk("index.html");
  return [...seen];
};

describe("what the inbox loads before it is shown", () => {
  it("is at most 180 KiB of script, the largest language included", () => {
    const languages = Object.keys(manifest).filter((key) => /i18n\/(?:cs|sk|pl)\.ts$/.test(key));
    expect(languages).toHaveLength(3);
    const script = first().map((key) => manifest[key]?.file ?? "");
    const language = Math.max(...languages.map((key) => kib([manifest[key]?.file ?? ""])));
    expect(kib(script) + language).toBeLessThanOrEqual(180);
  });

  it("is at most 15 KiB of style, settings included", () => {
    const styles = [...new Set(Object.values(manifest).flatMap((chunk) => chunk.css ?? []))];
    expect(styles.length).toBeGreaterThan(0);
    expect(kib(styles)).toBeLessThanOrEqual(15);
  });

  it("does not contain the settings, the contacts or their library", () => {
    const keys = first().join(" ");
    expect(keys).not.toMatch(/admin|contacts|query/);
  });

  it("has nothing written into the page that a strict content policy would refuse", () => {
    const page = readFileSync(path.join(built.dist, "index.html"), "utf8");
    expect(page).not.toMatch(/<style|style=|<script(?![^>]* src=)/);
    expect(page).not.toMatch(/https?:\/\//);
  });
});
