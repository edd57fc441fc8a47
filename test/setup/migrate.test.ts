import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PrismaPg } from "@prisma/adapter-pg";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { migrate, MigrationError, migrationsFolder, migrationStatus } from "../../prisma/migrate.ts";
import { openEngine } from "../../scripts/setup/engine.mjs";
import { freshDatabase, type FreshDatabase, temporaryFolder } from "../support/database.ts";

let database: FreshDatabase;
let db: Client;
let folder: string;
let cleanUp: () => Promise<void>;

beforeEach(async () => {
  database = await freshDatabase({ empty: true });
  db = new Client({ connectionString: database.url });
  await db.connect();
  const temporary = await temporaryFolder();
  folder = join(temporary.path, "migrations");
  await cp(migrationsFolder, folder, { recursive: true });
  cleanUp = () => temporary.remove();
});
afterEach(async () => {
  await db.end();
  await database.drop();
  await cleanUp();
});

const tables = async (): Promise<readonly string[]> => {
  const found = await db.query<{ name: string }>("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'");
  return found.rows.map((row) => row.name);
};
const add = async (name: string, sql: string): Promise<void> => {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, "migration.sql"), sql);
};
const names = async (): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => /^\d{14}_/.test(name)).toSorted();
const refusal = async (): Promise<MigrationError> => {
  const error: unknown = await migrate({ databaseUrl: database.url, folder }).catch((cause: unknown) => cause);
  if (!(error instanceof MigrationError)) throw new Error(`expected a MigrationError, got ${String(error)}`);
  return error;
};

describe("migrations", () => {
  test("bring an empty database to this release, and a second start finds nothing to do", async () => {
    expect(await migrationStatus({ db, folder })).toEqual({ state: "behind", names: await names() });
    expect(await migrate({ databaseUrl: database.url, folder })).toEqual(await names());
    expect(await tables()).toEqual(expect.arrayContaining(["conversation", "message", "_prisma_migrations"]));
    expect(await migrationStatus({ db, folder })).toEqual({ state: "current" });
    expect(await migrate({ databaseUrl: database.url, folder })).toEqual([]);
  });

  test("bring a database that is one release behind forward and keep its rows", async () => {
    await migrate({ databaseUrl: database.url, folder });
    await db.query(
      "INSERT INTO tenant (id, key, name) VALUES ('018f0000-0000-7000-8000-000000000001', 'bank', 'Banka')",
    );
    await add("20990101000000_add_colour", `ALTER TABLE "tenant" ADD COLUMN "colour" TEXT NOT NULL DEFAULT 'blue';`);
    expect(await migrationStatus({ db, folder })).toEqual({ state: "behind", names: ["20990101000000_add_colour"] });
    expect(await migrate({ databaseUrl: database.url, folder })).toEqual(["20990101000000_add_colour"]);
    const found = await db.query("SELECT name, colour FROM tenant");
    expect(found.rows).toEqual([{ name: "Banka", colour: "blue" }]);
  });

  test("run once when several hubs start at the same moment", async () => {
    const child = (): Promise<number> => {
      const script = join(import.meta.dirname, "migrate.child.ts");
      const hub = spawn(process.execPath, [script, database.url, folder], { stdio: "inherit" });
      return once(hub, "exit").then(([code]) => Number(code));
    };
    expect(await Promise.all([child(), child(), child()])).toEqual([0, 0, 0]);
    const rows = await db.query(
      `SELECT migration_name AS name, count(*)::int AS times FROM "_prisma_migrations" GROUP BY 1 ORDER BY 1`,
    );
    expect(rows.rows).toEqual((await names()).map((name) => ({ name, times: 1 })));
  });

  test("that fail leave the database untouched and say which, where and why", async () => {
    await add("20990101000000_good", `CREATE TABLE "good" (id INT);`);
    await add(
      "20990101000001_bad",
      `CREATE TABLE "half" (id INT);\n-- žluťoučký 🐎\nALTER TABLE "nowhere" ADD COLUMN x INT;\n`,
    );
    await add("20990101000002_after", `CREATE TABLE "after" (id INT);`);
    const error = await refusal();
    expect(error.code).toBe("failed");
    expect(error.message).toBe(
      'The migration 20990101000001_bad failed: relation "nowhere" does not exist. The database was left as it was before this migration.',
    );
    expect(await tables()).toContain("good");
    expect(await tables()).not.toContain("half");
    expect(await tables()).not.toContain("after");
    expect(await migrationStatus({ db, folder })).toEqual({
      state: "behind",
      names: ["20990101000001_bad", "20990101000002_after"],
    });
  });

  test("name the line of a mistake in the SQL, counted past letters outside the alphabet", async () => {
    await add("20990101000000_typo", `-- žluťoučký 🐎🐎🐎\nCREATE TABLE "a" (id INT);\nCRATE TABLE "b" (id INT);\n`);
    expect((await refusal()).message).toContain("20990101000000_typo failed at line 3: syntax error");
  });

  test("leave an empty database empty when the very first one fails", async () => {
    await rm(folder, { recursive: true });
    await mkdir(folder);
    await add("20990101000000_first", "SELECT 1/0;");
    expect((await refusal()).message).toContain("division by zero");
    expect(await tables()).toEqual([]);
  });

  test("that were edited after they were applied are refused, other line ends are not an edit", async () => {
    await migrate({ databaseUrl: database.url, folder });
    const [first = ""] = await names();
    const file = join(folder, first, "migration.sql");
    const sql = await readFile(file, "utf8");
    await writeFile(file, sql.replaceAll("\n", "\r\n"));
    expect(await migrationStatus({ db, folder })).toEqual({ state: "current" });
    await writeFile(file, `${sql}-- a thought\n`);
    expect(await migrationStatus({ db, folder })).toEqual({ state: "changed", names: [first] });
    const error = await refusal();
    expect(error.code).toBe("changed");
    expect(error.message).toContain(first);
  });

  test("of a newer release are not run backwards", async () => {
    await migrate({ databaseUrl: database.url, folder });
    const last = (await names()).at(-1) ?? "";
    await rm(join(folder, last), { recursive: true });
    expect(await migrationStatus({ db, folder })).toEqual({ state: "newer", names: [last] });
    const error = await refusal();
    expect(error.code).toBe("newer");
    expect(error.message).toContain("newer release");
  });

  test("that another tool left unfinished are named, not guessed at", async () => {
    await migrate({ databaseUrl: database.url, folder });
    const [first = ""] = await names();
    await db.query(`UPDATE "_prisma_migrations" SET finished_at = NULL WHERE migration_name = $1`, [first]);
    expect((await refusal()).code).toBe("unfinished");
  });

  test("wait for a process that migrates, and say so when it takes too long", async () => {
    await db.query("SELECT pg_advisory_lock(72707369)");
    const waiting = migrate({ databaseUrl: database.url, folder, lockTimeoutMs: 100 });
    await expect(waiting).rejects.toMatchObject({ code: "locked" });
  });
});

describe("Prisma's own migration engine", () => {
  const list = async () => ({
    baseDir: folder,
    lockfile: { path: "migration_lock.toml", content: await readFile(join(folder, "migration_lock.toml"), "utf8") },
    shadowDbInitScript: "",
    migrationDirectories: await Promise.all(
      (await names()).map(async (name) => ({
        path: name,
        migrationFile: {
          path: "migration.sql",
          content: { tag: "ok" as const, value: await readFile(join(folder, name, "migration.sql"), "utf8") },
        },
      })),
    ),
  });
  const filters = { externalTables: [], externalEnums: [] };
  /** Runs the engine on the database and closes it: until then it holds Prisma's lock. */
  const withEngine = async <T>(work: (engine: Awaited<ReturnType<typeof openEngine>>) => Promise<T>): Promise<T> => {
    const factory = new PrismaPg({ connectionString: database.url });
    const connect = factory.connect.bind(factory);
    const opened: { dispose(): Promise<void> }[] = [];
    factory.connect = async () => {
      const adapter = await connect();
      opened.push(adapter);
      // The adapter cuts scripts at every semicolon, in function bodies too; the engine's own driver sends them whole.
      adapter.executeScript = async (script) => void (await db.query(script));
      return adapter;
    };
    try {
      return await work(await openEngine(factory));
    } finally {
      for (const adapter of opened) await adapter.dispose();
    }
  };
  const columns = async () =>
    (
      await db.query(
        `SELECT column_name, data_type, character_maximum_length, is_nullable, column_default
           FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`,
      )
    ).rows;

  test("agrees that a database migrated by the hub is up to date", async () => {
    await migrate({ databaseUrl: database.url, folder });
    const migrationsList = await list();
    const found = await withEngine((engine) =>
      engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters }),
    );
    expect(found).toMatchObject({
      hasMigrationsTable: true,
      history: null,
      failedMigrationNames: [],
      editedMigrationNames: [],
    });
    const applied = await withEngine((engine) => engine.applyMigrations({ migrationsList, filters }));
    expect(applied).toEqual({ appliedMigrationNames: [] });
  });

  test("can migrate first: the hub finds its rows, and its table is the one the hub makes", async () => {
    const migrationsList = await list();
    const applied = await withEngine((engine) => engine.applyMigrations({ migrationsList, filters }));
    expect(applied.appliedMigrationNames).toEqual(await names());
    expect(await migrationStatus({ db, folder })).toEqual({ state: "current" });
    const byPrisma = await columns();
    await db.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    await migrate({ databaseUrl: database.url, folder });
    expect(await columns()).toEqual(byPrisma);
  });
});
