import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "vite";

/** Builds the desk as it is shipped, into a folder of its own: dist may belong to a hub that runs. */
export const buildDesk = async (): Promise<{ dist: string; remove: () => Promise<void> }> => {
  const dist = await mkdtemp(path.join(tmpdir(), "linka-desk-"));
  await build({
    configFile: path.join(import.meta.dirname, "../../../src/web/vite.desk.ts"),
    build: { outDir: dist, emptyOutDir: true },
    logLevel: "error",
  });
  return { dist, remove: () => rm(dist, { recursive: true, force: true }) };
};
