import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { hash, marks, read, root, run, SetupError } from "./tools.mjs";

// Each step looks at what is there and returns undefined, or the work to do.

/** npm ci when what is installed is not what the lock file names. */
export function installPackages() {
  const lock = read("package-lock.json") ?? "";
  const wanted = hash(lock, process.platform, process.arch);
  if (marks.get("lock") === wanted) return undefined;
  if (isInstalled(lock)) {
    marks.set("lock", wanted);
    return undefined;
  }
  return () => {
    console.log("Installing packages, once ...");
    // Install scripts only download what the project does not use; setup and src/postgres do what is left of them.
    const args = ["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    const npm = process.env.npm_execpath;
    const failure =
      "The packages could not be installed: the lines above say why. Check the network or the proxy and the space on the disk, then start again.";
    if (npm?.endsWith(".js")) run({ file: process.execPath, args: [npm, ...args], failure });
    else run({ file: "npm", args, failure });
    marks.set("lock", wanted);
  };
}

/** Whether an install by hand (npm install) already brought every package of the lock file that this machine needs. */
function isInstalled(lock) {
  const hidden = read("node_modules/.package-lock.json");
  if (hidden === undefined) return false;
  const have = JSON.parse(hidden).packages;
  return Object.entries(JSON.parse(lock).packages).every(([path, wanted]) => {
    if (path === "") return true;
    const found = have[path];
    if (found === undefined) return wanted.optional === true && !isForThisMachine(wanted);
    return found.version === wanted.version && existsSync(join(root, path, "package.json"));
  });
}

function isForThisMachine(entry) {
  const fits = (list, value) => list === undefined || [list].flat().includes(value);
  const bound = entry.os !== undefined && entry.cpu !== undefined && entry.libc === undefined;
  return bound && fits(entry.os, process.platform) && fits(entry.cpu, process.arch);
}

/** The runtime that npm brought, or this Node when it is new enough. */
function nodeProgram() {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const program = join(root, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(program)) return program;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  throw new SetupError(
    `There is no packaged Node for ${process.platform}-${process.arch} and this one is ${process.versions.node}: install Node 24 or newer and start again.`,
  );
}

/**
 * Makes `node` in npm scripts the packaged runtime (npm 10 takes the link away again with the packages of other
 * platforms), and tries it once after each install: on a C library it was not built for it exists but does not run.
 */
export function pinnedNode() {
  const program = nodeProgram();
  const windows = process.platform === "win32";
  const link = join(root, "node_modules", ".bin", windows ? "node.cmd" : "node");
  const wanted = hash(program, marks.get("lock") ?? "");
  const packaged = program.startsWith(join(root, "node_modules"));
  if (marks.get("node") === wanted && (!packaged || existsSync(link))) return undefined;
  return () => {
    run({
      file: program,
      args: ["--version"],
      quiet: true,
      failure:
        "The packaged Node does not run on this system: use one with glibc (not Alpine), or install Node 24 yourself",
    });
    if (packaged && !existsSync(link)) {
      if (windows) writeFileSync(link, `@"${program}" %*\r\n`);
      else symlinkSync(relative(dirname(link), program), link);
    }
    marks.set("node", wanted);
  };
}

/** The Prisma client, when the schema or Prisma changed. */
export function generateClient() {
  const version = read("node_modules/prisma/package.json") ?? "";
  const wanted = hash(read("prisma/schema.prisma") ?? "", read("prisma.config.ts") ?? "", version);
  if (marks.get("client") === wanted && existsSync(join(root, "src/store/generated/client.ts"))) return undefined;
  return () => {
    const program = nodeProgram();
    // Generating needs no engine, but Prisma insists on one: any file that exists keeps it from downloading.
    const env = { PRISMA_SCHEMA_ENGINE_BINARY: program, CHECKPOINT_DISABLE: "1", PRISMA_HIDE_UPDATE_MESSAGE: "1" };
    const args = [join("node_modules", "prisma", "build", "index.js"), "generate"];
    run({ file: program, args, env, quiet: true, failure: "The Prisma client could not be generated" });
    marks.set("client", wanted);
  };
}

/** The web app, when its sources or its packages changed. */
export function buildWeb() {
  const configs = [...(JSON.parse(read("package.json") ?? "{}").scripts?.build ?? "").matchAll(/--config (\S+)/g)]
    .map((match) => match[1])
    .filter((config) => existsSync(join(root, config)));
  if (configs.length === 0) return undefined;
  const wanted = hash(marks.get("lock") ?? "", ...configs, ...sources("src/web"), ...sources("src/wire"));
  if (marks.get("web") === wanted && existsSync(join(root, "dist"))) return undefined;
  return () => {
    console.log("Building the web app ...");
    for (const config of configs) {
      const args = [join("node_modules", "vite", "bin", "vite.js"), "build", "--config", config, "--logLevel", "warn"];
      run({ file: nodeProgram(), args, quiet: true, failure: "The web app could not be built" });
    }
    marks.set("web", wanted);
  };
}

/** Path and bytes of every file below a folder, in a fixed order. */
function sources(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return sources(path);
      return entry.isFile() ? [path, readFileSync(join(root, path))] : [];
    });
}
