import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { missingPlatforms } from "../../scripts/setup/lock.mjs";
import { temporaryFolder } from "../support/database.ts";

const root = join(import.meta.dirname, "../..");
// Processes start and end here, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let project: string;
let cleanUp: () => Promise<void>;

/** A copy of the project as it is after npm ci: its own node_modules whose packages are links to the real ones. */
beforeEach(async () => {
  const temporary = await temporaryFolder();
  project = join(temporary.path, "linka");
  cleanUp = () => temporary.remove();
  for (const path of ["scripts", "prisma", "package.json", "package-lock.json", "prisma.config.ts"]) {
    await cp(join(root, path), join(project, path), { recursive: true });
  }
  await mkdir(join(project, "node_modules"));
  await mkdir(join(project, "src/web"), { recursive: true });
  await mkdir(join(project, "src/wire"));
  await writeFile(join(project, "src/wire/index.ts"), "export const wire = 1;\n");
  await writeFile(join(project, "src/web/page.html"), `<script type="module" src="./page.ts"></script>\n`);
  await writeFile(
    join(project, "src/web/page.ts"),
    `import { wire } from "../wire/index.ts";\ndocument.title = String(wire);\n`,
  );
  await writeFile(
    join(project, "src/web/vite.page.ts"),
    `export default { root: import.meta.dirname, build: { outDir: "../../dist", emptyOutDir: true, rollupOptions: { input: import.meta.dirname + "/page.html" } } };\n`,
  );
  await edit("package.json", (text) => text.replaceAll("src/web/vite.desk.ts", "src/web/vite.page.ts"));
  await link();
});
afterEach(() => cleanUp());

const link = async (): Promise<void> => {
  for (const name of await readdir(join(root, "node_modules"))) {
    if (name === ".linka" || name === ".vite" || name === ".cache") continue;
    await symlink(join(root, "node_modules", name), join(project, "node_modules", name));
  }
};
const edit = async (path: string, change: (text: string) => string): Promise<void> => {
  const file = join(project, path);
  await writeFile(file, change(await readFile(file, "utf8")));
};

/** An npm that writes down how it was called and ends as told. */
const npm = async (does: string): Promise<string> => {
  const file = join(project, "..", "npm.js");
  await writeFile(
    file,
    `const fs = require("node:fs"); fs.appendFileSync(${JSON.stringify(join(project, "..", "calls"))}, process.argv.slice(2).join(" ") + "\\n"); ${does}`,
  );
  await chmod(file, 0o755);
  return file;
};
const calls = (): Promise<string> => readFile(join(project, "..", "calls"), "utf8").catch(() => "");
const setup = async (o: { mode?: string; npm?: string } = {}): Promise<{ code: number | null; said: string }> => {
  const child = spawn(process.execPath, [join(project, "scripts/setup.mjs"), o.mode ?? "start"], {
    cwd: project,
    env: { ...process.env, npm_execpath: o.npm ?? (await npm("process.exit(9)")) },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => void (said += String(chunk)));
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : null, said };
};

describe("npm start's set-up", () => {
  test("generates and builds what is missing, then has nothing more to do", async () => {
    const first = await setup();
    expect(first.said).toContain("Building the web app ...");
    expect(first.code).toBe(0);
    expect(await readdir(join(project, "dist"))).toContain("page.html");
    expect(await readFile(join(project, "src/store/generated/client.ts"), "utf8")).toContain("PrismaClient");
    expect(await setup()).toEqual({ code: 0, said: "" });
    expect(await calls()).toBe("");
  });

  test("builds again when a source changed, and only then", async () => {
    await setup();
    await edit("src/wire/index.ts", (text) => text.replace("1", "2"));
    expect((await setup()).said).toContain("Building the web app");
    expect((await setup()).said).toBe("");
    await rm(join(project, "dist"), { recursive: true });
    expect((await setup()).said).toContain("Building the web app");
  });

  test("generates the client again when the schema changed", async () => {
    await setup();
    await edit("prisma/schema.prisma", (text) => `${text}\nmodel Colour {\n  id String @id\n}\n`);
    expect((await setup({ mode: "generate" })).code).toBe(0);
    expect(await readdir(join(project, "src/store/generated/models"))).toContain("Colour.ts");
  });

  test("installs when the lock file names what is not installed, with development packages and without install scripts", async () => {
    await edit("package-lock.json", (text) =>
      text.replace('"packages": {', '"packages": { "node_modules/new-package": { "version": "1.0.0" },'),
    );
    const installed = await setup({ mode: "generate", npm: await npm("") });
    expect(installed.code).toBe(0);
    expect(await calls()).toMatch(/^ci --include=dev --ignore-scripts /);
    expect((await setup({ mode: "generate" })).said).toBe("");
  });

  test("installs on a fresh clone", async () => {
    await rm(join(project, "node_modules"), { recursive: true });
    const real = JSON.stringify(join(root, "node_modules"));
    const installing = `fs.mkdirSync("node_modules"); for (const name of fs.readdirSync(${real})) if (name !== ".linka") fs.symlinkSync(${real} + "/" + name, "node_modules/" + name);`;
    expect((await setup({ mode: "generate", npm: await npm(installing) })).code).toBe(0);
    expect(await calls()).toMatch(/^ci /);
  });

  test("says in words what to do when the packages cannot be installed", async () => {
    await rm(join(project, "node_modules"), { recursive: true });
    const failed = await setup();
    expect(failed.code).toBe(1);
    expect(failed.said).toContain("The packages could not be installed");
    expect(failed.said).toContain("Check the network or the proxy");
    expect(failed.said).not.toContain("at run (");
  });

  test("makes node in npm scripts the packaged one when npm took its link away", async () => {
    await setup({ mode: "generate" });
    await rm(join(project, "node_modules/.bin"));
    await mkdir(join(project, "node_modules/.bin"));
    expect((await setup({ mode: "generate" })).code).toBe(0);
    const version = spawnSync(join(project, "node_modules/.bin/node"), ["--version"], { encoding: "utf8" });
    expect(version.stdout.trim()).toBe(process.version);
  });

  test("says what is wrong in a source that cannot be built, and tries again when it was mended", async () => {
    await setup();
    await edit("src/web/page.ts", (text) => `${text}import "./nowhere.ts";\n`);
    const broken = await setup();
    expect(broken.code).toBe(1);
    expect(broken.said).toContain("nowhere.ts");
    await edit("src/web/page.ts", (text) => text.replace(`import "./nowhere.ts";\n`, ""));
    expect((await setup()).code).toBe(0);
  });

  test("waits for another set-up of the same folder", async () => {
    await setup();
    await edit("src/wire/index.ts", (text) => text.replace("1", "3"));
    const [one, two] = await Promise.all([setup(), setup()]);
    expect([one?.code, two?.code]).toEqual([0, 0]);
    const said = `${one?.said}${two?.said}`;
    expect(said.match(/Building the web app/g)).toHaveLength(1);
    expect((await setup()).said).toBe("");
  });
});

test("the lock file names the packages of every platform, so that npm ci works on each", async () => {
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  expect(missingPlatforms(lock)).toEqual([]);
});
