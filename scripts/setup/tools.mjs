import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** Something a person has to mend; shown without a stack. */
export class SetupError extends Error {}

export const root = realpathSync(join(dirname(fileURLToPath(import.meta.url)), "../.."));

/** SHA-256 of texts, as one hex string. */
export function hash(...parts) {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part).update("\0");
  return sum.digest("hex");
}

export function read(path) {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return undefined;
  }
}

/** Marks live in node_modules: a new install throws them away, so everything made from it is made again. */
export const marks = {
  get: (name) => read(`node_modules/.linka/${name}`),
  set(name, value) {
    mkdirSync(join(root, "node_modules/.linka"), { recursive: true });
    writeFileSync(join(root, `node_modules/.linka/${name}`), value);
  },
};

/** Runs a program in the project's folder with its output shown; throws SetupError with `failure` when it fails. */
export function run({ file, args, env = {}, failure, quiet = false }) {
  const done = spawnSync(file, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    encoding: "utf8",
    shell: process.platform === "win32" && !file.endsWith(".exe"),
  });
  if (done.status === 0) return;
  if (quiet) process.stderr.write(`${done.stdout ?? ""}${done.stderr ?? ""}`);
  const how = done.error?.message ?? (done.signal ? `signal ${done.signal}` : `exit code ${done.status}`);
  throw new SetupError(`${failure} (${[file, ...args].join(" ")}: ${how})`);
}

/** Runs `work` while no other set-up of this folder does; waits for one that does. */
export async function alone(work) {
  const file = join(tmpdir(), `linka-setup-${hash(root).slice(0, 16)}.lock`);
  for (let told = false; ;) {
    try {
      const handle = openSync(file, "wx");
      writeSync(handle, String(process.pid));
      closeSync(handle);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = ownerOf(file);
    if (!isAlive(owner)) rmSync(file, { force: true });
    else {
      if (!told) console.log(`Waiting for another set-up of this folder (process ${owner}) ...`);
      told = true;
      await delay(200);
    }
  }
  try {
    return work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** 0 for the instant between making the file and writing it. */
function ownerOf(file) {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    return pid === 0 && Date.now() - statSync(file).mtimeMs > 5000 ? -1 : pid;
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  if (pid <= 0) return pid === 0;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}
