import { DatabaseError, Pool, type PoolClient } from "pg";

/** One statement. A `name` makes it a prepared statement of the connection: same name, same text, always. */
interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Whatever takes a statement: the database itself, or one transaction of it. */
export interface Queryable {
  query<Row extends object>(statement: Statement): Promise<Row[]>;
}

export interface Db extends Queryable {
  /**
   * Runs `work` in one READ COMMITTED transaction and gives its answer after the commit. A deadlock or serialisation
   * failure runs `work` again (at most 4 times), so it must have no effect outside the transaction.
   * `settings` are planner settings for this transaction alone.
   */
  tx<T>(work: (q: Queryable) => Promise<T>, options?: { readonly settings?: Settings }): Promise<T>;
  /** Statements sent since start: tests assert that a batch costs the same number whatever its size. */
  statements(): number;
  readonly pool: Pool;
  end(): Promise<void>;
}

export interface Settings {
  readonly enable_seqscan: "on" | "off";
  readonly enable_hashjoin: "on" | "off";
  readonly enable_mergejoin: "on" | "off";
  readonly plan_cache_mode: "auto" | "force_generic_plan";
  readonly jit: "on" | "off";
}

/** The database could not be reached or went away: nothing is known to be stored, ask again later. */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
  /** True when COMMIT was already on its way: the transaction may have been stored all the same. */
  readonly maybeStored: boolean;

  constructor(cause: unknown, options: { readonly maybeStored?: boolean } = {}) {
    super("The database cannot be reached.", { cause });
    this.maybeStored = options.maybeStored ?? false;
  }
}

/** The SQLSTATE of a refusal by PostgreSQL, undefined for anything else. */
export const sqlState = (thrown: unknown): string | undefined =>
  thrown instanceof DatabaseError ? thrown.code : undefined;

const unreachable = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EAI_AGAIN",
]);
const broken = /^(Connection terminated|Client has encountered|timeout exceeded|Cannot use a pool|Query read timeout)/;

/** Classes 08, 53, 57 and 58 of SQLSTATE are the server's trouble, not the statement's. */
const isUnavailable = (thrown: unknown): boolean => {
  const state = sqlState(thrown);
  if (state !== undefined) return /^(08|53|57P|58)/.test(state);
  if (!(thrown instanceof Error)) return false;
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
  return unreachable.has(code) || broken.test(thrown.message);
};

const mapped = (thrown: unknown): unknown => (isUnavailable(thrown) ? new DatabaseUnavailable(thrown) : thrown);

const attempts = 5;
const mayRetry = (thrown: unknown): boolean => {
  const state = sqlState(thrown);
  return state === "40001" || state === "40P01";
};

/**
 * Opens a pool of at most `max` connections. A restart of PostgreSQL breaks the connections in use (their statements
 * throw DatabaseUnavailable) and the pool opens new ones as soon as it is back; nothing has to be reopened.
 */
export const openDatabase = (input: {
  readonly url: string;
  readonly max: number;
  readonly log: { warn(fields: object, text: string): void };
}): Db => {
  const pool = new Pool({
    connectionString: input.url,
    max: input.max,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: 60_000,
    // A hub that froze keeps its row locks, and what it has in line gets them next: all of it must be over by the time
    // another node has taken its accounts over (15 s).
    idle_in_transaction_session_timeout: 4_000,
    application_name: "linka",
    // Short statements by index: compiling one, or sharing it among workers, takes longer than running it. A search
    // that marks whole pages for want of memory reads five times as many rows.
    ...(/[?&]options=/.test(input.url)
      ? {}
      : { options: "-c jit=off -c max_parallel_workers_per_gather=0 -c work_mem=32MB" }),
  });
  const warn = (thrown: Error): void => {
    input.log.warn({ reason: thrown.message }, "database connection lost");
  };
  // For the whole life of every connection: a restart of PostgreSQL may be told twice, the second time to a connection
  // that no query and no pool listens to any more, and an error nobody hears ends the process.
  pool.on("connect", (client) => client.on("error", warn));
  pool.on("error", () => undefined);
  let sent = 0;

  const run = async <Row extends object>(on: Pool | PoolClient, statement: Statement): Promise<Row[]> => {
    sent += 1;
    const { name, text, values } = statement;
    const answer = await on.query<Row>({
      ...(name === undefined ? {} : { name }),
      text,
      ...(values === undefined ? {} : { values: [...values] }),
    });
    return answer.rows;
  };

  const once = async <T>(work: (q: Queryable) => Promise<T>, begin: string): Promise<T> => {
    const client = await pool.connect();
    let committing = false;
    let failed: unknown;
    try {
      await run(client, { text: begin });
      const value = await work({ query: (statement) => run(client, statement) });
      committing = true;
      await run(client, { text: "commit" });
      return value;
    } catch (thrown) {
      failed = thrown;
      if (isUnavailable(thrown)) throw new DatabaseUnavailable(thrown, { maybeStored: committing });
      failed = await run(client, { text: "rollback" }).then(
        () => undefined,
        () => thrown,
      );
      throw thrown;
    } finally {
      client.release(failed !== undefined);
    }
  };

  return {
    pool,
    statements: () => sent,
    query: async (statement) => {
      try {
        return await run(pool, statement);
      } catch (thrown) {
        throw mapped(thrown);
      }
    },
    tx: async (work, options) => {
      const begin = [
        "begin",
        ...Object.entries(options?.settings ?? {}).map(([name, value]) => `set local ${name} = ${value}`),
      ].join("; ");
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(work, begin);
        } catch (thrown) {
          if (attempt === attempts || !mayRetry(thrown)) throw mapped(thrown);
        }
      }
    },
    end: () => pool.end(),
  };
};
