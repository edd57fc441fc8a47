import { chmod, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Connector } from "#contract";
import { uuid } from "#core/uuid";
import { sealChannelSecrets, secretHint } from "#store/channel-secrets";
import type { Db, Queryable } from "#store/db";
import { hashPassword, randomToken, type Secrets } from "../../src/secrets.ts";
import { type ChannelKey, channels, companies, type CompanyKey, people, type PersonKey } from "./company.ts";

const keysOf = <K extends string>(record: Readonly<Record<K, unknown>>): K[] => Object.keys(record) as K[];

/** Kept at mode 0600; written before the users are, so that a crash never leaves users whose passwords nobody knows. */
const writeLogins = async (file: string, passwords: ReadonlyMap<PersonKey, string>): Promise<void> => {
  const lines = keysOf(people).map((key) => {
    const { email, name, role, profile } = people[key];
    const what = profile === "normal" ? role : `${role}, ${profile}`;
    return `${email.padEnd(30)} ${(passwords.get(key) ?? "").padEnd(18)} ${name} (${what})`;
  });
  await writeFile(`${file}.new`, `Linka demo: e-mail, password, who\n\n${lines.join("\n")}\n`, { mode: 0o600 });
  await chmod(`${file}.new`, 0o600);
  await rename(`${file}.new`, file);
};

/** Companies, queues, people, canned replies and channel accounts: all of them or none. */
export const insertDemo = async (input: {
  readonly db: Db;
  readonly secrets: Secrets;
  readonly connectors: readonly Connector[];
  readonly dataDir: string;
  readonly now: Date;
}): Promise<void> => {
  const passwords = new Map(keysOf(people).map((key) => [key, randomToken(12)]));
  await writeLogins(join(input.dataDir, loginsFile), passwords);

  const hashed = await Promise.all(
    Array.from(passwords, async ([key, password]) => ({ key, passwordHash: await hashPassword(password) })),
  );
  await input.db.tx((q) => insertRows({ ...input, q, hashed }));
};

const insertRows = async (input: {
  readonly q: Queryable;
  readonly secrets: Secrets;
  readonly connectors: readonly Connector[];
  readonly now: Date;
  readonly hashed: readonly { readonly key: PersonKey; readonly passwordHash: string }[];
}): Promise<void> => {
  const { q, secrets, connectors, now, hashed } = input;
  const tenantIds = new Map<CompanyKey, string>();
  const queueIds = new Map<string, string>();
  for (const company of keysOf(companies)) {
    const { key, name, policy, queues, canned } = companies[company];
    const tenantId = uuid();
    tenantIds.set(company, tenantId);
    await q.query({
      text: "INSERT INTO tenant (id, key, name, policy, created_at) VALUES ($1, $2, $3, $4, $5)",
      values: [tenantId, key, name, JSON.stringify({ ...policy, demo: "filling" }), now],
    });
    for (const [queue, title] of Object.entries(queues)) {
      const id = uuid();
      queueIds.set(`${company}/${queue}`, id);
      await q.query({
        text: "INSERT INTO queue (id, tenant_id, key, name) VALUES ($1, $2, $3, $4)",
        values: [id, tenantId, queue, title],
      });
    }
    for (const reply of canned) {
      await q.query({
        text: "INSERT INTO canned_reply (id, tenant_id, shortcut, title, body) VALUES ($1, $2, $3, $4, $5)",
        values: [uuid(), tenantId, reply.shortcut, reply.title, reply.body],
      });
    }
  }

  for (const { key, passwordHash } of hashed) {
    const person = people[key];
    const userId = uuid();
    await q.query({
      text: `INSERT INTO app_user (id, email, name, password_hash, locale, platform_admin)
             VALUES ($1, $2, $3, $4, 'cs', $5)`,
      values: [userId, person.email, person.name, passwordHash, person.platformAdmin ?? false],
    });
    for (const company of person.companies) {
      const own = (person.queues ?? []).flatMap((queue) => queueIds.get(`${company}/${queue}`) ?? []);
      await q.query({
        text: `INSERT INTO membership (tenant_id, user_id, role, profile, alias, queue_ids)
               VALUES ($1, $2, $3, $4, $5, $6)`,
        values: [tenantIds.get(company), userId, person.role, person.profile, person.alias, own],
      });
    }
  }

  for (const key of keysOf(channels)) await insertChannel({ q, secrets, connectors, tenantIds, queueIds, key });
};

const insertChannel = async (input: {
  readonly q: Queryable;
  readonly secrets: Secrets;
  readonly connectors: readonly Connector[];
  readonly tenantIds: ReadonlyMap<CompanyKey, string>;
  readonly queueIds: ReadonlyMap<string, string>;
  readonly key: ChannelKey;
}): Promise<void> => {
  const { kind, name, company, queue, config } = channels[input.key];
  const connector = input.connectors.find((each) => each.kind === kind);
  if (connector === undefined) return;
  const id = uuid();
  const values: Record<string, string> = kind === "loopback" ? { secret: randomToken(24) } : {};
  const sealed = sealChannelSecrets({ secrets: input.secrets, accountId: id, values });
  const hints = Object.fromEntries(Object.entries(values).map(([field, value]) => [field, secretHint(value)]));
  await input.q.query({
    text: `INSERT INTO channel_account (id, tenant_id, kind, name, address, config, secrets_enc, secret_hints, queue_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      id,
      input.tenantIds.get(company),
      kind,
      name,
      connector.address({ ...config, ...values }),
      JSON.stringify(config),
      sealed,
      JSON.stringify(hints),
      input.queueIds.get(`${company}/${queue}`),
    ],
  });
};

export const loginsFile = "demo-logins.txt";
