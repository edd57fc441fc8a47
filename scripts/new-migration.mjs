// node scripts/new-migration.mjs NAME      writes the migration from the last one's schema to the schema as it is now
// node scripts/new-migration.mjs NAME --empty   writes an empty one, for SQL that Prisma cannot say
// node scripts/new-migration.mjs --check   fails when the schema changed and no migration says so
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diffSchemas } from "./setup/engine.mjs";
import { root } from "./setup/tools.mjs";

const folder = join(root, "prisma/migrations");
/** The schema as the last migration left it. */
const lastSchema = join(folder, "last.prisma");
const options = process.argv.slice(2);
const name = options.find((word) => !word.startsWith("--"));

const to = readFileSync(join(root, "prisma/schema.prisma"), "utf8");
const sql = await diffSchemas({ from: readFileSync(lastSchema, "utf8"), to });

if (options.includes("--check")) {
  if (sql !== "") {
    console.error(
      `prisma/schema.prisma changed without a migration: run node scripts/new-migration.mjs NAME.\n\n${sql}`,
    );
    process.exitCode = 1;
  }
} else if (name === undefined || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error("Give the migration a name of small letters, digits and _, such as add_wrapup_codes.");
  process.exitCode = 1;
} else if (sql === "" && !options.includes("--empty")) {
  console.log("The schema says nothing new. For SQL that Prisma cannot say, add --empty.");
} else {
  const now = new Date().toISOString().replaceAll(/\D/g, "").slice(0, 14);
  const newest = readdirSync(folder)
    .map((entry) => entry.split("_")[0])
    .filter((time) => /^\d{14}$/.test(time))
    .sort()
    .at(-1);
  // Migrations run in the order of their names, whatever the clock says.
  const time = newest !== undefined && now <= newest ? String(BigInt(newest) + 1n) : now;
  const target = join(folder, `${time}_${name}`);
  mkdirSync(target);
  writeFileSync(
    join(target, "migration.sql"),
    sql.replace('-- CreateSchema\nCREATE SCHEMA IF NOT EXISTS "public";\n\n', ""),
  );
  writeFileSync(lastSchema, to);
  console.log(
    `Written: ${join(target, "migration.sql")}. Read it, it may lock or rewrite tables; then commit it with last.prisma.`,
  );
}
