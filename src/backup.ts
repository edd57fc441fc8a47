import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { readConfig } from "#config";
import { backUp } from "./postgres/backup.ts";
import { explainStart } from "./preflight.ts";

/** `npm run backup -- --to FOLDER`: copies LINKA_DATA, also while the hub runs. Exit code 1 when it did not. */
const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { to: { type: "string" } } });
  const config = readConfig();
  if (values.to === undefined) throw new Error("Name a new folder: npm run backup -- --to FOLDER");
  if (config.databaseUrl !== undefined)
    throw new Error(
      "DATABASE_URL is set: back that PostgreSQL up with its own tools first, then copy LINKA_DATA (see docs/operations.md).",
    );
  const began = Date.now();
  const { bytes, live } = await backUp({ dataDir: config.dataDir, to: resolve(values.to) });
  const said = { name: "backup", to: resolve(values.to), mb: Math.round(bytes / 1e6), ms: Date.now() - began, live };
  process.stdout.write(`${JSON.stringify({ ...said, ok: true })}\n`);
};

try {
  await main();
} catch (error) {
  const lines = explainStart(error) ?? [error instanceof Error ? error.message : String(error)];
  process.stderr.write(`${lines.join("\n")}\n`);
  process.exit(1);
}
