import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";

/** Builds the desk as it is shipped, into a folder of its own: dist may belong to a hub that runs. */
export const buildDesk = async (): Promise<{ dist: string; remove: () => Promise<void> }> => {
  const dist = await mkdtemp(path.join(tmpdir(), "linka-desk-"));
  const root = path.join(import.meta.dirname, "../../..");
  const vite = path.join(path.dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin/vite.js");
  // in a process of its own: under NODE_ENV=test React would be its much larger development form
  await promisify(execFile)(
    process.execPath,
    [vite, "build", "--config", "src/web/vite.desk.ts", "--outDir", dist, "--emptyOutDir", "--logLevel", "error"],
    { cwd: root, env: { ...process.env, NODE_ENV: "production" } },
  );
  return { dist, remove: () => rm(dist, { recursive: true, force: true }) };
};
