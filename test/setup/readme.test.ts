import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { connectors } from "#connectors";
import { variables } from "../../src/config.ts";

const root = join(import.meta.dirname, "../..");
const readme = await readFile(join(root, "README.md"), "utf8");

/** Kinds that share a folder, or lie deeper. */
const folders: Readonly<Record<string, string>> = {
  messenger: "meta",
  instagram: "meta",
  "whatsapp-web": "whatsapp/web",
};

it("tells every setting in the README as the hub reads it", () => {
  const rows = variables.map(({ name, byDefault, meaning }) => `| \`${name}\` | ${byDefault} | ${meaning} |`);
  for (const row of rows) expect(readme).toContain(row);
});

it("names every channel of this build in the README with a link to its page", async () => {
  for (const { kind } of connectors) {
    const page = `connectors/${folders[kind] ?? kind}/README.md`;
    expect(readme).toContain(`(${page})`);
    expect((await readFile(join(root, page), "utf8")).length).toBeGreaterThan(300);
  }
});

it("shows in the README only commands that package.json has", async () => {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = [...readme.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name]) => name ?? "");
  expect(named.length).toBeGreaterThan(4);
  for (const name of named) expect(Object.keys(scripts)).toContain(name);
});
