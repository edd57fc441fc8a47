import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";

/**
 * Prisma's migration engine as WebAssembly: nothing is downloaded. With a driver adapter it works on that database;
 * without one it compares schemas only.
 */
export async function openEngine(adapter = noDatabase) {
  glue ??= load();
  const { SchemaEngine } = await glue;
  const datamodels = [["schema.prisma", 'datasource db { provider = "postgresql" }']];
  return SchemaEngine.new({ datamodels }, () => undefined, bindMigrationAwareSqlAdapterFactory(adapter));
}

/** The module keeps its memory between uses: loaded twice, it breaks. */
let glue;

async function load() {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve("@prisma/schema-engine-wasm"));
  const module = await import(pathToFileURL(join(folder, "schema_engine_bg.js")).href);
  const code = readFileSync(join(folder, "schema_engine_bg.wasm"));
  const { instance } = await WebAssembly.instantiate(code, { "./schema_engine_bg.js": module });
  const { __wbg_set_wasm: use } = module;
  const { __wbindgen_start: start } = instance.exports;
  use(instance.exports);
  start();
  return module;
}

/** The SQL that leads from one schema (or "" for nothing) to the other; "" when they mean the same. */
export async function diffSchemas({ from, to }) {
  const engine = await openEngine();
  const side = (content) =>
    content === "" ? { tag: "empty" } : { tag: "schemaDatamodel", files: [{ path: "schema.prisma", content }] };
  const filters = { externalTables: [], externalEnums: [] };
  const { stdout } = await engine.diff({ from: side(from), to: side(to), script: true, exitCode: null, filters });
  return stdout.startsWith("-- This is an empty migration") ? "" : stdout;
}

/** The engine asks its database for schema and version before anything else, and for nothing when it only compares. */
const noDatabase = {
  provider: "postgres",
  adapterName: "none",
  connect: async () => ({
    provider: "postgres",
    adapterName: "none",
    getConnectionInfo: () => ({ schemaName: "public", supportsRelationJoins: true }),
    queryRaw: async () => ({
      columnNames: ["exists", "version", "numeric_version"],
      columnTypes: [5, 7, 0],
      rows: [[true, "PostgreSQL 18.0", 180000]],
    }),
    executeRaw: async () => 0,
    executeScript: async () => undefined,
    startTransaction: () => Promise.reject(new Error("there is no database")),
    dispose: async () => undefined,
  }),
};
