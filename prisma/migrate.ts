import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, DatabaseError, type ClientBase } from "pg";

/** The folder that holds this release's migrations. */
export const migrationsFolder = join(import.meta.dirname, "migrations");

export type MigrationErrorCode = "failed" | "changed" | "newer" | "unfinished" | "locked" | "folder";

/** The database cannot be brought to this release; the message says what a person has to do. */
export class MigrationError extends Error {
  readonly code: MigrationErrorCode;
  constructor(code: MigrationErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "MigrationError";
    this.code = code;
  }
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}
interface Row {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished: boolean;
}
interface Plan {
  readonly pending: readonly Migration[];
  readonly changed: readonly string[];
  readonly unknown: readonly string[];
  readonly unfinished: readonly string[];
}
type Queryable = Pick<ClientBase, "query">;

/** Prisma's own lock number: the hub and `prisma migrate deploy` exclude each other. */
const lockNumber = 72707369;

/** As Prisma 7 creates it. */
const createTable = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

/**
 * Brings a database to the state of the migrations folder: standard Prisma folders, each applied in one transaction
 * together with its row in `_prisma_migrations`. Several processes may call it at once; one works, the others wait.
 * Returns the names it applied. Throws MigrationError and then has changed nothing of the migration it names.
 */
export async function migrate(o: {
  databaseUrl: string;
  folder?: string;
  /** How long to wait for another process that migrates, in ms. */
  lockTimeoutMs?: number;
}): Promise<readonly string[]> {
  const migrations = await readMigrations(o.folder ?? migrationsFolder);
  const client = new Client({ connectionString: o.databaseUrl, application_name: "linka-migrate" });
  await client.connect();
  try {
    await takeLock(client, o.lockTimeoutMs ?? 120_000);
    const plan = makePlan(migrations, await readRows(client));
    refuse(plan);
    for (const migration of plan.pending) await apply(client, migration);
    return plan.pending.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

export type MigrationStatus =
  | { readonly state: "current" }
  | {
      readonly state: "behind" | "newer" | "changed" | "unfinished";
      /** Names of the migrations that make it so. */
      readonly names: readonly string[];
    };

/** Where the database stands against the migrations folder, for readiness checks. Changes nothing. */
export async function migrationStatus(o: { db: Queryable; folder?: string }): Promise<MigrationStatus> {
  const plan = makePlan(await readMigrations(o.folder ?? migrationsFolder), await readRows(o.db));
  if (plan.unfinished.length > 0) return { state: "unfinished", names: plan.unfinished };
  if (plan.changed.length > 0) return { state: "changed", names: plan.changed };
  if (plan.unknown.length > 0) return { state: "newer", names: plan.unknown };
  if (plan.pending.length > 0) return { state: "behind", names: plan.pending.map((migration) => migration.name) };
  return { state: "current" };
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new MigrationError("folder", `The migrations folder ${folder} cannot be read.`, cause);
  });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const sql = await readFile(join(folder, name, "migration.sql"), "utf8").catch((cause: unknown) => {
        throw new MigrationError("folder", `The migration ${name} has no readable migration.sql.`, cause);
      });
      return { name, sql, checksum: checksumOf(sql) };
    }),
  );
}

function checksumOf(sql: string): string {
  return createHash("sha256").update(sql).digest("hex");
}

async function readRows(db: Queryable): Promise<readonly Row[]> {
  const table = await db.query<{ found: boolean }>(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found`);
  if (table.rows[0]?.found !== true) return [];
  const rows = await db.query<Row>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
       FROM "_prisma_migrations" WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name`,
  );
  return rows.rows;
}

function makePlan(migrations: readonly Migration[], rows: readonly Row[]): Plan {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  const applied = new Set(rows.map((row) => row.migration_name));
  const differs = (row: Row): boolean => {
    const migration = known.get(row.migration_name);
    if (migration === undefined || migration.checksum === row.checksum) return false;
    // A checkout with other line ends is the same migration, as it is for Prisma.
    const unix = migration.sql.replaceAll("\r\n", "\n");
    return ![unix, unix.replaceAll("\n", "\r\n")].some((sql) => checksumOf(sql) === row.checksum);
  };
  return {
    pending: migrations.filter((migration) => !applied.has(migration.name)),
    changed: rows.filter((row) => row.finished && differs(row)).map((row) => row.migration_name),
    unknown: rows.filter((row) => !known.has(row.migration_name)).map((row) => row.migration_name),
    unfinished: rows.filter((row) => !row.finished).map((row) => row.migration_name),
  };
}

function refuse(plan: Plan): void {
  if (plan.unfinished.length > 0) {
    throw new MigrationError(
      "unfinished",
      `The migration ${plan.unfinished.join(", ")} was begun by another tool and never finished: ` +
        `settle it with "prisma migrate resolve", then start again.`,
    );
  }
  if (plan.changed.length > 0) {
    throw new MigrationError(
      "changed",
      `The migration ${plan.changed.join(", ")} was edited after it had been applied to this database: ` +
        `restore the file and write the change as a new migration.`,
    );
  }
  if (plan.unknown.length > 0) {
    throw new MigrationError(
      "newer",
      `This database was migrated by a newer release (it has ${plan.unknown.join(", ")}): start that release or a later one.`,
    );
  }
}

async function takeLock(client: Client, timeoutMs: number): Promise<void> {
  await client.query(`SET lock_timeout = ${Math.trunc(timeoutMs)}`);
  try {
    await client.query("SELECT pg_advisory_lock($1)", [lockNumber]);
  } catch (cause) {
    if (!(cause instanceof DatabaseError) || cause.code !== "55P03") throw cause;
    throw new MigrationError(
      "locked",
      `Another process has been migrating this database for ${Math.round(timeoutMs / 1000)} s: wait for it or stop it, then start again.`,
      cause,
    );
  }
  await client.query("RESET lock_timeout");
}

async function apply(client: Client, migration: Migration): Promise<void> {
  const startedAt = new Date();
  try {
    await client.query("BEGIN");
    await client.query(createTable);
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name, startedAt],
    );
    await client.query("COMMIT");
  } catch (cause) {
    // A lost connection has rolled back by itself.
    await client.query("ROLLBACK").catch(() => undefined);
    throw new MigrationError("failed", failureSentence(migration, cause), cause);
  }
}

function failureSentence(migration: Migration, cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  // PostgreSQL counts characters from 1, not UTF-16 units.
  const position = cause instanceof DatabaseError ? Number(cause.position ?? 0) : 0;
  const before = Array.from(migration.sql)
    .slice(0, Math.max(0, position - 1))
    .join("");
  const where = position > 0 ? ` at line ${before.split("\n").length}` : "";
  return `The migration ${migration.name} failed${where}: ${reason}. The database was left as it was before this migration.`;
}
