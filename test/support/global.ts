import type { TestProject } from "vitest/node";
import { ownPostgres, sweep } from "./postgres.ts";
import { templateName } from "./database.ts";
import { migrate } from "../../prisma/migrate.ts";
import { Client } from "pg";

declare module "vitest" {
  interface ProvidedContext {
    /** Connection string of the run's server, to make databases with. */
    testPostgres: string;
  }
}

/** One PostgreSQL per test run, with an empty migrated database that every test clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await sweep();
  const server = await ownPostgres({ migrated: false });
  const admin = new Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${templateName}`);
  const template = new URL(server.url);
  template.pathname = `/${templateName}`;
  await migrate({ databaseUrl: template.href });
  await admin.query(`ALTER DATABASE ${templateName} IS_TEMPLATE true ALLOW_CONNECTIONS false`);
  await admin.end();
  project.provide("testPostgres", server.url);
  return () => server.drop();
}
