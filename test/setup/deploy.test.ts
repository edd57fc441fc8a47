import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { variables } from "../../src/config.ts";
import { makeMetrics } from "../../src/server/metrics.ts";
import { temporaryFolder } from "../support/database.ts";

const run = promisify(execFile);
const folder = join(import.meta.dirname, "../../deploy");
const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");

const has = async (file: string, ...args: readonly string[]): Promise<boolean> =>
  run(file, args).then(
    () => true,
    () => false,
  );
const hasSystemd = await has("systemd-analyze", "--version");
const hasNginx = await has("nginx", "-v");
const hasHaproxy = await has("haproxy", "-v");

test("the examples of deployment set only variables that the hub knows", async () => {
  const known = new Set<string>(variables.map(({ name }) => name));
  const found = new Set<string>();
  for (const name of await readdir(folder)) {
    for (const [, variable] of (await read(name)).matchAll(
      /\b((?:LINKA|DATABASE|PUBLIC|TRUST)_[A-Z]+|HOST|PORT)\s*[=:,}]/g,
    ))
      if (variable !== undefined) found.add(variable);
  }
  expect([...found].filter((variable) => !known.has(variable))).toEqual([]);
  expect(found.size).toBeGreaterThan(6);
});

test("the dashboard and the alerts ask only for numbers that the hub has", async () => {
  const registry = makeMetrics().registry;
  const source = await readFile(join(folder, "../src/server/metrics.ts"), "utf8");
  const known = new Set([
    ...registry.getMetricsAsArray().map(({ name }) => name),
    ...(source.match(/linka_\w+/g) ?? []),
  ]);
  const asked = [...(await read("grafana.json")).concat(await read("alerts.yaml")).matchAll(/linka_\w+/g)].map(
    ([name]) => name.replace(/_(?:bucket|count|sum)$/, ""),
  );
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
  expect(new Set(asked).size).toBeGreaterThan(8);
});

test.runIf(hasSystemd)("systemd takes the unit", async () => {
  const { stderr } = await run("systemd-analyze", ["verify", join(folder, "linka.service")]).catch(
    (thrown: unknown) => thrown as { stderr: string },
  );
  // A machine without npm in that place is told so; that is not the unit's fault.
  expect(
    stderr.split("\n").filter((line) => line.includes("linka.service") && !line.includes("not executable")),
  ).toEqual([]);
});

/** The names of the nodes stand for addresses that only a real deployment has. */
const here = (text: string): string =>
  text.replace("hub1:3000", "127.0.0.1:3001").replace("hub2:3000", "127.0.0.1:3002");

test.runIf(hasNginx)("nginx takes its configuration", async () => {
  const temporary = await temporaryFolder();
  const site = join(temporary.path, "site.conf");
  const main = join(temporary.path, "nginx.conf");
  await writeFile(site, here(await read("nginx.conf")));
  await writeFile(
    main,
    `pid ${temporary.path}/pid; error_log stderr; events {} http { access_log off; include ${site}; }`,
  );
  const { stderr } = await run("nginx", ["-t", "-c", main, "-p", temporary.path]);
  expect(stderr).toContain("test is successful");
  await temporary.remove();
});

test.runIf(hasHaproxy)("HAProxy takes its configuration", async () => {
  const temporary = await temporaryFolder();
  const file = join(temporary.path, "haproxy.cfg");
  await writeFile(file, here(await read("haproxy.cfg")));
  const { stdout } = await run("haproxy", ["-c", "-f", file]);
  expect(stdout).toContain("Configuration file is valid");
  await temporary.remove();
});
