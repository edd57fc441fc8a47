import { type Connection, ConnectorError, type Template } from "#contract";
import type { Log } from "#core/log";
import { Refused } from "#core/refused";
import { mayWork, type Scope, seesQueue } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { Db } from "#store/db";
import { cachedTemplates, type CachedTemplates, keepTemplates } from "#store/templates";

const listWithinMs = 20_000;
/** Providers approve and pause templates by the day. */
const freshMs = 24 * 3_600_000;

const code = (error: ConnectorError): "unavailable" | "failed" =>
  error.code === "unreachable" || error.code === "rate-limited" ? "unavailable" : "failed";

const fetchList = async (connection: Pick<Connection, "templates">): Promise<readonly Template[]> => {
  try {
    return (await connection.templates?.(AbortSignal.timeout(listWithinMs))) ?? [];
  } catch (thrown) {
    const error = ConnectorError.from(thrown);
    throw new Refused(code(error), "The provider did not give the list of templates.");
  }
};

/**
 * The approved messages of an account: those listed last, listed again on demand and when a day has passed. A provider
 * that does not answer leaves the old list in place unless it was asked for by name.
 */
export const makeTemplates =
  (input: {
    readonly db: Db;
    readonly now: () => Date;
    readonly log: Log;
    readonly connection: (accountId: string) => Pick<Connection, "templates"> | undefined;
  }) =>
  async (scope: Scope, takes: { readonly accountId: string; readonly refresh: boolean }): Promise<CachedTemplates> => {
    const { db, now, log } = input;
    const [account] = isUuid(takes.accountId)
      ? await db.query<{ tenantId: string; queueId: string | null }>({
          name: "templates-account",
          text: `select tenant_id as "tenantId", queue_id as "queueId" from channel_account where id = $1 and tenant_id = any($2::uuid[])`,
          values: [takes.accountId, scope.tenantIds],
        })
      : [];
    if (account === undefined || !seesQueue(scope, account.tenantId, account.queueId))
      throw new Refused("not-found", "There is no such channel.");
    if (!mayWork(scope, account.tenantId)) throw new Refused("forbidden", "You may only look here.");
    const { accountId } = takes;
    const { tenantId } = account;
    const cached = await cachedTemplates({ q: db, tenantId, accountId });
    const stale = cached.syncedAt === null || now().getTime() - cached.syncedAt.getTime() > freshMs;
    if (!takes.refresh && !stale) return cached;
    const connection = input.connection(accountId);
    if (connection?.templates === undefined) {
      if (takes.refresh) throw new Refused("unavailable", "This channel is not open right now.");
      return cached;
    }
    try {
      const list = await fetchList(connection);
      const at = now();
      await keepTemplates({ q: db, tenantId, accountId, list, now: at });
      return { list, syncedAt: at };
    } catch (thrown) {
      if (takes.refresh || cached.syncedAt === null) throw thrown;
      log.warn({ accountId, reason: String(thrown) }, "templates were not listed again");
      return cached;
    }
  };
