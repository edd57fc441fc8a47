import type { Connector } from "#contract";
import type { Log } from "#core/log";
import type { Publisher, StoredChange } from "#core/records";
import { type Grant, type Scope, userScope } from "#core/scope";
import { uuid } from "#core/uuid";
import { type Db, openDatabase } from "#store/db";
import type { Journal } from "#runtime/journal";
import { openSecrets, type Secrets } from "../../../src/secrets.ts";

/** Waits for something that will happen; fails with what it waited for. */
export const until = async <T>(
  what: string,
  look: () => Promise<T | false | undefined> | T | false | undefined,
  withinMs = 10_000,
): Promise<T> => {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    if (performance.now() > end) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

interface Clock {
  readonly now: () => Date;
  readonly advance: (ms: number) => void;
}

interface Lines {
  readonly log: Log;
  readonly lines: string[];
}

const collectLog = (): Lines => {
  const lines: string[] = [];
  const add = (fields: object, text: string): void => {
    lines.push(`${text} ${JSON.stringify(fields)}`);
  };
  return { lines, log: { debug: add, info: add, warn: add, error: add } };
};

export interface World extends Lines {
  readonly url: string;
  readonly db: Db;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly publisher: Publisher;
  readonly published: StoredChange[];
  /** A journal that keeps nothing: these tests are about the way out. */
  readonly journal: Pick<Journal, "receive" | "settle" | "settleLeft">;
  readonly settled: { accountId: string; externalId: string }[];
  close(): Promise<void>;
}

const testSecret = "a secret of the tests, thirty-two letters";

export const openWorld = async (): Promise<World> => {
  // Loaded here: the child processes of these tests run outside vitest.
  const { freshDatabase } = await import("../../support/database.ts");
  const fresh = await freshDatabase();
  const world = attachWorld(fresh.url);
  return {
    ...world,
    close: async () => {
      await world.close();
      await fresh.drop();
    },
  };
};

/** The same over a database that somebody else drops. */
export const attachWorld = (url: string): World => {
  const lines = collectLog();
  const db = openDatabase({ url, max: 10, log: lines.log });
  let offset = 0;
  const published: StoredChange[] = [];
  const settled: { accountId: string; externalId: string }[] = [];
  return {
    ...lines,
    url,
    db,
    secrets: openSecrets({ secret: testSecret }),
    clock: {
      now: () => new Date(Date.now() + offset),
      advance: (ms) => {
        offset += ms;
      },
    },
    published,
    publisher: {
      changes: (changes) => published.push(...changes),
      customerTyping: () => undefined,
      tell: () => undefined,
    },
    settled,
    journal: {
      receive: () => Promise.resolve(),
      settle: (key) => {
        settled.push(key);
        return Promise.resolve();
      },
      settleLeft: () => Promise.resolve(),
    },
    close: () => db.end(),
  };
};

export interface Tenant {
  readonly id: string;
  readonly queueId: string;
  readonly otherQueueId: string;
}

export const addTenant = async (db: Db, policy: object = {}): Promise<Tenant> => {
  const tenant = { id: uuid(), queueId: uuid(), otherQueueId: uuid() };
  const key = `t${tenant.id.slice(-12)}`;
  await db.query({
    text: "insert into tenant (id, key, name, policy) values ($1, $2, $2, $3)",
    values: [tenant.id, key, policy],
  });
  await db.query({
    text: "insert into queue (id, tenant_id, key, name) values ($1, $3, 'first', 'First'), ($2, $3, 'other', 'Other')",
    values: [tenant.queueId, tenant.otherQueueId, tenant.id],
  });
  return tenant;
};

export interface Agent {
  readonly id: string;
  readonly scope: Scope;
}

export const addAgent = async (db: Db, tenant: Tenant, grant: Partial<Grant> = {}): Promise<Agent> => {
  const id = uuid();
  const full: Grant = { role: "agent", profile: "normal", alias: "Jana z podpory", queueIds: [], ...grant };
  await db.query({
    text: "insert into app_user (id, email, name) values ($1, $2, 'Jana Nováková')",
    values: [id, `${id}@example.test`],
  });
  await db.query({
    text: `insert into membership (tenant_id, user_id, role, profile, alias, queue_ids) values ($1, $2, $3, $4, $5, $6)`,
    values: [tenant.id, id, full.role, full.profile, full.alias, full.queueIds],
  });
  return {
    id,
    scope: userScope({ actor: { type: "user", id, name: "Jana Nováková" }, grants: new Map([[tenant.id, full]]) }),
  };
};

export const addAccount = async (
  world: Pick<World, "db" | "secrets">,
  o: { tenant: Tenant; kind: string; url: string; token?: string; config?: object },
): Promise<string> => {
  const id = uuid();
  await world.db.query({
    text: `insert into channel_account (id, tenant_id, kind, name, config, secrets_enc, queue_id)
      values ($1, $2, $3, 'Account', $4, $5, $6)`,
    values: [
      id,
      o.tenant.id,
      o.kind,
      { url: o.url, ...o.config },
      o.token === undefined
        ? null
        : Buffer.from(world.secrets.seal("channel-secrets", JSON.stringify({ token: o.token }), id)),
      o.tenant.queueId,
    ],
  });
  return id;
};

export interface Case {
  readonly conversationId: string;
  readonly threadId: string;
  readonly contactId: string;
  readonly identityId: string;
  readonly address: string;
}

/** A conversation in which the customer has written one message. */
export const addCase = async (
  world: Pick<World, "db" | "secrets">,
  o: { tenant: Tenant; accountId: string; queueId?: string | null; windowUntil?: Date | null },
): Promise<Case> => {
  const { db, secrets } = world;
  const made = { conversationId: uuid(), threadId: uuid(), contactId: uuid(), identityId: uuid() };
  const address = `customer-${made.identityId.slice(-8)}@example.test`;
  const tenantId = o.tenant.id;
  await db.tx(async (q) => {
    await q.query({
      text: "insert into contact (id, tenant_id, name) values ($1, $2, 'Petr Svoboda')",
      values: [made.contactId, tenantId],
    });
    await q.query({
      text: `insert into identity (id, tenant_id, contact_id, kind, value_hash, value_enc, display)
        values ($1, $2, $3, 'email', $4, $5, 'c•••')`,
      values: [
        made.identityId,
        tenantId,
        made.contactId,
        secrets.keyedHash("identity", address),
        Buffer.from(secrets.seal("identity", address, tenantId)),
      ],
    });
    await q.query({
      text: `insert into thread (id, tenant_id, account_id, external_key, identity_id, subject, window_until)
        values ($1, $2, $3, $4, $5, 'Objednávka', $6)`,
      values: [made.threadId, tenantId, o.accountId, `key-${made.threadId}`, made.identityId, o.windowUntil ?? null],
    });
    const [number] = await q.query<{ n: number }>({
      text: "update tenant set last_number = last_number + 1 where id = $1 returning last_number as n",
      values: [tenantId],
    });
    await q.query({
      text: `insert into conversation (id, tenant_id, number, contact_id, queue_id, waiting_since)
        values ($1, $2, $3, $4, $5, now())`,
      values: [
        made.conversationId,
        tenantId,
        number?.n,
        made.contactId,
        o.queueId === undefined ? o.tenant.queueId : o.queueId,
      ],
    });
    await q.query({
      text: "insert into conversation_thread (conversation_id, thread_id, tenant_id) values ($1, $2, $3)",
      values: [made.conversationId, made.threadId, tenantId],
    });
  });
  await customerWrites(world, { tenant: o.tenant, accountId: o.accountId, ...made }, "Dobrý den");
  return { ...made, address };
};

/** The customer writes once more, as the journal would store it. Gives the message's id. */
export const customerWrites = async (
  world: Pick<World, "db">,
  o: { tenant: Tenant; accountId: string; conversationId: string; threadId: string },
  text: string,
  held = false,
): Promise<string> => {
  const id = uuid();
  await world.db.query({
    text: `with c as (update conversation set last_seq = last_seq + 1, version = version + 1,
          unread = unread + case when $7 then 0 else 1 end where id = $2 returning last_seq, version)
      insert into message (id, tenant_id, conversation_id, seq, version, thread_id, account_id, direction, author_type,
        external_id, body, held, occurred_at)
      select $1::uuid, $3, $2, c.last_seq, c.version, $4, $5, 'in', 'contact', 'in-' || $1::text, $6, $7, now() from c`,
    values: [id, o.conversationId, o.tenant.id, o.threadId, o.accountId, text, held],
  });
  return id;
};

export const limitsOf =
  (connectors: readonly Connector[]) =>
  (kind: string): Connector["limits"] | undefined =>
    connectors.find((connector) => connector.kind === kind)?.limits;

/** seq gap-free, version equal on the row and never above it on its messages. */
export const checkNumbers = async (db: Db): Promise<void> => {
  const wrong = await db.query({
    text: `select c.id from conversation c left join lateral (select count(*)::int as n, max(seq) as last, max(version) as v
        from message m where m.conversation_id = c.id) m on true
      where c.last_seq <> m.n or coalesce(m.last, 0) <> m.n or coalesce(m.v, 0) > c.version`,
  });
  if (wrong.length > 0) throw new Error(`seq or version is wrong in ${wrong.length} conversations`);
};
