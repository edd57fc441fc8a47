import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";

export { silent, temporaryFolder } from "./postgres.ts";

/** The empty, migrated database that test/support/global.ts makes once per run. */
export const templateName = "linka_template";

export interface FreshDatabase {
  readonly url: string;
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>;
}

/** A new database on the run's PostgreSQL, migrated and without a row. */
export async function freshDatabase(o: { empty?: boolean } = {}): Promise<FreshDatabase> {
  const server = inject("testPostgres");
  const name = `t_${randomBytes(6).toString("hex")}`;
  // With `empty` not even the tables are there, for tests of the migrations.
  await asAdmin(server, `CREATE DATABASE ${name} TEMPLATE ${o.empty === true ? "template0" : templateName}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asAdmin(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function asAdmin(server: string, sql: string): Promise<void> {
  const admin = new Client({ connectionString: server });
  await admin.connect();
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
}
