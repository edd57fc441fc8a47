import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { conforms } from "../suite.ts";
import { bench } from "./bench.toy.ts";
import { toy } from "./index.ts";

await conforms(toy, bench);

const page = await readFile(new URL("../../../connectors/README.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, name = "", code = ""]) => ({
  name,
  code,
}));

it("shows all of the toy channel on the page that tells how to add one", () => {
  expect(blocks.map(({ name }) => name)).toEqual(
    ["settings", "thread", "parse", "receive", "send", "index"].map((name) => `connectors/toy/${name}.ts`),
  );
  expect(page.match(/```ts/g), "every block names its file, so that it is compiled and run").toHaveLength(
    blocks.length,
  );
});

it.each(blocks)("shows $name as it is compiled and run here", async ({ name, code }) => {
  const file = name.replace("connectors/toy/", "./");
  expect(code).toBe(await readFile(new URL(file, import.meta.url), "utf8"));
});
