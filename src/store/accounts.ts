import type { Db } from "./db.ts";

/** A channel account as the supervisor runs it. Hub-wide on purpose: the hub keeps the accounts of all tenants running. */
export interface AccountRow {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: string;
  readonly name: string;
  readonly queueId: string | null;
  /** What it is shown as; the kind unless it stands for another channel. */
  readonly channel: string;
  readonly config: unknown;
  readonly secretsEnc: Buffer | null;
  /** Changes with everything that needs a new connection. */
  readonly digest: string;
  readonly reopenDays: number;
}

const select = `select a.id, a.tenant_id as "tenantId", a.kind, a.channel, a.name, a.queue_id as "queueId", a.config,
    a.secrets_enc as "secretsEnc", md5(a.config::text || coalesce(encode(a.secrets_enc, 'base64'), '')) as digest,
    case when jsonb_typeof(t.policy -> 'reopenDays') = 'number' then (t.policy ->> 'reopenDays')::float8
      else 7 end
      as "reopenDays"
  from channel_account a join tenant t on t.id = a.tenant_id where a.enabled`;

export const listAccounts = (input: { readonly db: Db }): Promise<AccountRow[]> =>
  input.db.query<AccountRow>({ name: "list-accounts", text: `${select} order by a.id` });

/** Undefined: there is no such account, or it is switched off. */
export const getAccount = async (input: { readonly db: Db; readonly id: string }): Promise<AccountRow | undefined> => {
  const [row] = await input.db.query<AccountRow>({
    name: "get-account",
    text: `${select} and a.id = $1`,
    values: [input.id],
  });
  return row;
};

/** What is seen of an account's health; what is absent stays as it is. */
export interface AccountNews {
  readonly id: string;
  readonly state?: string;
  readonly text?: string;
  /** The last trouble in words; stays after it has passed. */
  readonly error?: string;
  readonly inAt?: Date;
  readonly outAt?: Date;
}

/** One statement for any number of accounts. */
export const saveNews = async (input: {
  readonly db: Db;
  readonly news: readonly AccountNews[];
  readonly now: Date;
}): Promise<void> => {
  if (input.news.length === 0) return;
  await input.db.query({
    name: "save-account-news",
    text: `update channel_account a set
        state_at = case when n.state is null or n.state = a.state then a.state_at else $2 end,
        state = coalesce(n.state, a.state), state_text = coalesce(n.text, a.state_text),
        last_error = coalesce(n.error, a.last_error),
        last_in_at = greatest(a.last_in_at, n."inAt"), last_out_at = greatest(a.last_out_at, n."outAt")
      from json_to_recordset($1::json) as n(id uuid, state text, text text, error text, "inAt" timestamptz,
        "outAt" timestamptz) where a.id = n.id`,
    values: [JSON.stringify(input.news), input.now],
  });
};

export const readMemory = async (input: {
  readonly db: Db;
  readonly accountId: string;
  readonly key: string;
}): Promise<string | undefined> => {
  const [row] = await input.db.query<{ value: string }>({
    name: "read-memory",
    text: "select value from channel_memory where account_id = $1 and key = $2",
    values: [input.accountId, input.key],
  });
  return row?.value;
};

/** Stores a value unless the key has one already; gives the one that stands, the same on every node. */
export const writeMemoryOnce = async (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly accountId: string;
  readonly key: string;
  readonly value: string;
}): Promise<string> => {
  const [row] = await input.db.query<{ value: string }>({
    name: "write-memory-once",
    // The empty update locks the row and gives the value that is there, also one committed a moment ago.
    text: `insert into channel_memory as m (account_id, tenant_id, key, value) values ($1, $2, $3, $4)
      on conflict (account_id, key) do update set value = m.value returning value`,
    values: [input.accountId, input.tenantId, input.key, input.value],
  });
  return row?.value ?? input.value;
};

export const writeMemory = async (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly accountId: string;
  readonly key: string;
  readonly value: string;
}): Promise<void> => {
  await input.db.query({
    name: "write-memory",
    text: `insert into channel_memory (account_id, tenant_id, key, value) values ($1, $2, $3, $4)
      on conflict (account_id, key) do update set value = excluded.value, updated_at = now()`,
    values: [input.accountId, input.tenantId, input.key, input.value],
  });
};
