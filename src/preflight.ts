import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, DatabaseError } from "pg";
import { z } from "zod";
import { MigrationError } from "../prisma/migrate.ts";
import { ConfigError } from "./config.ts";
import { PostgresError } from "./postgres/index.ts";
import { SecretsError } from "./secrets.ts";

/** The hub cannot start; the message is one sentence for the person who starts it. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** What to print when the start fails: one sentence for each fault, or undefined when it is a fault of the program itself. */
export function explainStart(error: unknown): readonly string[] | undefined {
  if (error instanceof ConfigError) return error.faults;
  const notListening = listenFault(error);
  if (notListening !== undefined) return [notListening];
  const told = [StartError, PostgresError, MigrationError, SecretsError].some((kind) => error instanceof kind);
  return told && error instanceof Error ? [error.message] : undefined;
}

/** Makes the data folder and proves that files can be written there. */
export async function checkDataDir(o: { dataDir: string }): Promise<void> {
  try {
    await mkdir(o.dataDir, { recursive: true, mode: 0o700 });
    const probe = join(o.dataDir, `.probe-${randomBytes(6).toString("hex")}`);
    await writeFile(probe, "", { mode: 0o600 });
    await rm(probe);
  } catch (cause) {
    throw new StartError(`The data folder ${o.dataDir} ${folderFault(codeOf(cause))}.`, { cause });
  }
}

function folderFault(code: string): string {
  switch (code) {
    case "EACCES":
    case "EPERM":
      return "may not be written by this user: give it to the user that runs Linka, or set LINKA_DATA to another folder";
    case "EROFS":
      return "is on a read-only file system: set LINKA_DATA to another folder";
    case "ENOSPC":
    case "EDQUOT":
      return "is on a full disk: make room, or set LINKA_DATA to another folder";
    case "EEXIST":
    case "ENOTDIR":
      return "is a file, or lies in one: set LINKA_DATA to a folder";
    default:
      return `cannot be used (${code}): set LINKA_DATA to another folder`;
  }
}

/** The oldest PostgreSQL whose SQL the migrations use (NULLS NOT DISTINCT). */
const oldestVersion = 15;

/** Connects once to the operator's PostgreSQL and checks what the hub needs of it. Never repeats the password. */
export async function checkDatabase(o: { databaseUrl: string; timeoutMs?: number }): Promise<void> {
  const client = new Client({
    connectionString: o.databaseUrl,
    connectionTimeoutMillis: o.timeoutMs ?? 10_000,
    application_name: "linka-start",
  });
  try {
    await client.connect().catch(async (cause: unknown) => {
      throw new StartError(`The database of DATABASE_URL ${await connectFault({ cause, client })}.`, { cause });
    });
    const facts = await client.query<Facts>(factsQuery);
    const fault = factsFault(facts.rows[0]);
    if (fault !== undefined) throw new StartError(`The database of DATABASE_URL ${fault}.`);
  } finally {
    await client.end();
  }
}

interface Facts {
  readonly version: number;
  readonly encoding: string;
  readonly read_only: boolean;
  readonly extension: boolean;
  readonly may_create: boolean;
}

const factsQuery = `SELECT current_setting('server_version_num')::int AS version,
  current_setting('server_encoding') AS encoding,
  pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS read_only,
  EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gin') AS extension,
  COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create`;

function factsFault(facts: Facts | undefined): string | undefined {
  if (facts === undefined) return "did not answer";
  const version = Math.trunc(facts.version / 10_000);
  if (version < oldestVersion) return `is PostgreSQL ${version}, but Linka needs ${oldestVersion} or newer`;
  if (facts.read_only) return "is read-only: name the primary server";
  if (facts.encoding !== "UTF8") return `stores text as ${facts.encoding}: make one with ENCODING 'UTF8'`;
  if (!facts.may_create)
    return "does not let this user make tables: GRANT CREATE ON SCHEMA public, or make the user its owner";
  if (!facts.extension) return "lacks the extension btree_gin: install the contrib package of that PostgreSQL";
  return undefined;
}

async function connectFault(o: { cause: unknown; client: Client }): Promise<string> {
  const place = `${o.client.host}:${o.client.port}`;
  const code = codeOf(o.cause);
  switch (code) {
    case "ECONNREFUSED":
    case "ENOENT":
      return `cannot be reached: nothing listens at ${place}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `cannot be reached: the name ${o.client.host} is not known here`;
    case "28P01":
      return `refused the password of user ${o.client.user ?? ""}`;
    case "28000":
      return `does not admit user ${o.client.user ?? ""} from here: see pg_hba.conf of that server`;
    case "3D000":
      return `does not exist: there is no database ${o.client.database ?? ""} at ${place}`;
    case "57P03":
      return `is still starting up or shutting down at ${place}: try again`;
    case "53300":
      return `has no connection left at ${place}: raise max_connections or close other clients`;
  }
  // pg says a timeout in words only; a name that does not resolve looks the same on some resolvers.
  const resolves = o.client.host.startsWith("/") || (await lookup(o.client.host).catch(() => undefined)) !== undefined;
  if (!resolves) return `cannot be reached: the name ${o.client.host} is not known here`;
  const said = o.cause instanceof Error ? o.cause.message : code;
  return o.cause instanceof DatabaseError
    ? `refused the connection: ${said}`
    : `cannot be reached at ${place}: ${said}`;
}

/** What Node throws when a server cannot listen; it names the address itself. */
const listenError = z.object({
  syscall: z.literal("listen"),
  code: z.string(),
  port: z.number().default(0),
  address: z.string().default(""),
});

function listenFault(error: unknown): string | undefined {
  const parsed = listenError.safeParse(error);
  if (!parsed.success) return undefined;
  const { code, port, address } = parsed.data;
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} is taken by another program: stop it, or set PORT to another number.`;
    case "EACCES":
      return `Port ${port} is not allowed for this user: set PORT to 1024 or more, or give the right to bind it.`;
    case "EADDRNOTAVAIL":
      return `HOST ${address} is not an address of this machine.`;
    default:
      return `The hub cannot listen on ${address} port ${port} (${code}).`;
  }
}

/** A failed connection to several addresses carries its reasons inside. */
function codeOf(cause: unknown): string {
  if (cause instanceof AggregateError) return codeOf(cause.errors[0]);
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown";
}
