import { Client, escapeIdentifier } from "pg";
import { roleName } from "./cluster.ts";

/** Makes the hub's database when it is missing and returns its connection string. */
export async function ensureDatabase(o: { port: number; password: string }): Promise<string> {
  const url = (database: string): string =>
    `postgresql://${roleName}:${encodeURIComponent(o.password)}@127.0.0.1:${o.port}/${database}`;
  const client = new Client({ connectionString: url("postgres"), application_name: "linka-start" });
  await client.connect();
  try {
    const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [roleName]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${escapeIdentifier(roleName)}`);
  } finally {
    await client.end();
  }
  return url(roleName);
}
