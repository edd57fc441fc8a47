import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { hashPassword, openSecrets } from "../../src/secrets.ts";
import { uuid } from "../../src/core/uuid.ts";

interface FixtureAccount {
  readonly id: string;
  readonly queueId: string;
  /** Where its webhooks go. */
  readonly hookPath: string;
}

export interface Fixture {
  readonly tenantId: string;
  readonly queueIds: readonly string[];
  /** One loopback account a queue. */
  readonly accounts: readonly FixtureAccount[];
  readonly hookSecret: string;
  readonly users: readonly { readonly id: string; readonly email: string; readonly cookie: string }[];
  readonly password: string;
  /** Null unless asked for. */
  readonly chatAccountId: string | null;
  /** Null unless asked for. */
  readonly whatsappAccountId: string | null;
}

const insert = async (
  client: Client,
  table: string,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> => {
  for (let from = 0; from < rows.length; from += 500) {
    const part = rows.slice(from, from + 500);
    const columns = Object.keys(part[0] ?? {});
    const values = part.flatMap((row) => columns.map((column) => row[column]));
    const places = part.map((_, r) => `(${columns.map((__, c) => `$${r * columns.length + c + 1}`).join(",")})`);
    await client.query(`insert into ${table} (${columns.join(",")}) values ${places.join(",")}`, values);
  }
};

/**
 * One tenant with queues, a loopback account for each, and agents spread over the queues, each with a session of their
 * own: thousands of logins through the door would measure the password hash. Before the hub's first start.
 */
export const seedFixture = async (input: {
  readonly databaseUrl: string;
  /** The hub's LINKA_SECRET. */
  readonly secret: string;
  readonly queues: number;
  readonly agents: number;
  /** Role of the agents; the first is always an administrator of every queue when `admin` is set. */
  readonly admin?: boolean;
  readonly callbackUrl?: string;
  readonly hookSecret?: string;
  /** Also a web chat account in the first queue. */
  readonly chat?: boolean;
  /** Also a WhatsApp number in the first queue; its settings as an admin types them. */
  readonly whatsapp?: Readonly<Record<"phoneNumberId" | "token" | "appSecret", string>> & object;
  /** Also a mailbox in the first queue. */
  readonly mailbox?: {
    readonly address: string;
    readonly password: string;
    readonly imapPort: number;
    readonly certificate: string;
    /** Absent: nothing is sent. */
    readonly smtpPort?: number;
    readonly plusAddressing?: boolean;
  };
}): Promise<Fixture> => {
  const secrets = openSecrets({ secret: input.secret });
  const client = new Client({ connectionString: input.databaseUrl });
  await client.connect();
  try {
    const tenantId = uuid();
    const hookSecret = input.hookSecret ?? randomBytes(16).toString("hex");
    const password = randomBytes(12).toString("base64url");
    const passwordHash = await hashPassword(password);
    await insert(client, "tenant", [{ id: tenantId, key: "fixture", name: "Fixture" }]);
    const queueIds = Array.from({ length: input.queues }, () => uuid());
    await insert(
      client,
      "queue",
      queueIds.map((id, i) => ({ id, tenant_id: tenantId, key: `q${i}`, name: `Queue ${i}` })),
    );
    const accounts = queueIds.map((queueId) => {
      const id = uuid();
      return { id, queueId, hookPath: `/hooks/${id}` };
    });
    await insert(
      client,
      "channel_account",
      accounts.map(({ id, queueId }, i) => ({
        id,
        tenant_id: tenantId,
        kind: "loopback",
        name: `Loopback ${i}`,
        address: `loop-${i}`,
        config: JSON.stringify({
          name: `loop-${i}`,
          ...(input.callbackUrl !== undefined && { callbackUrl: input.callbackUrl }),
        }),
        secrets_enc: secrets.seal("channel-secrets", JSON.stringify({ secret: hookSecret }), id),
        queue_id: queueId,
      })),
    );
    const chatAccountId = input.chat === true ? uuid() : null;
    if (chatAccountId !== null) {
      await insert(client, "channel_account", [
        { id: chatAccountId, tenant_id: tenantId, kind: "chat", name: "Chat", config: "{}", queue_id: queueIds[0] },
      ]);
    }
    const whatsappAccountId = input.whatsapp === undefined ? null : uuid();
    if (input.whatsapp !== undefined && whatsappAccountId !== null) {
      const { token, appSecret, ...config } = input.whatsapp;
      await insert(client, "channel_account", [
        {
          id: whatsappAccountId,
          tenant_id: tenantId,
          kind: "whatsapp",
          name: "WhatsApp",
          address: config.phoneNumberId,
          config: JSON.stringify(config),
          secrets_enc: secrets.seal("channel-secrets", JSON.stringify({ token, appSecret }), whatsappAccountId),
          queue_id: queueIds[0],
        },
      ]);
    }
    if (input.mailbox !== undefined) {
      const { address, password: imapPassword, imapPort, certificate, smtpPort = 1 } = input.mailbox;
      const id = uuid();
      await insert(client, "channel_account", [
        {
          id,
          tenant_id: tenantId,
          kind: "email",
          name: "Mail",
          address,
          config: JSON.stringify({
            address,
            name: "Mail",
            imapHost: "127.0.0.1",
            imapPort,
            imapSecurity: "starttls",
            imapUser: address,
            smtpHost: "127.0.0.1",
            smtpPort,
            plusAddressing: input.mailbox.plusAddressing ?? false,
            smtpSecurity: "none",
            smtpLogin: "none",
            caCertificate: certificate,
            startFrom: "days:1",
          }),
          secrets_enc: secrets.seal("channel-secrets", JSON.stringify({ imapPassword }), id),
          queue_id: queueIds[0],
        },
      ]);
    }
    const users = Array.from({ length: input.agents }, (_, i) => {
      const sessionId = uuid();
      const token = randomBytes(32).toString("base64url");
      return {
        id: uuid(),
        email: `agent${i}@fixture.test`,
        cookie: `linka=${sessionId}.${token}`,
        sessionId,
        token,
        i,
      };
    });
    await insert(
      client,
      "app_user",
      users.map(({ id, email, i }) => ({ id, email, name: `Agent ${i}`, password_hash: passwordHash })),
    );
    await insert(
      client,
      "membership",
      users.map(({ id, i }) => ({
        tenant_id: tenantId,
        user_id: id,
        role: input.admin === true && i === 0 ? "admin" : "agent",
        queue_ids: input.admin === true && i === 0 ? [] : [queueIds[i % queueIds.length]],
      })),
    );
    const expires = new Date(Date.now() + 8 * 3_600_000);
    await insert(
      client,
      "session",
      users.map((user) => ({
        id: user.sessionId,
        user_id: user.id,
        token_hash: secrets.keyedHash("session", user.token),
        csrf: randomBytes(16).toString("hex"),
        expires_at: expires,
      })),
    );
    return { tenantId, queueIds, accounts, hookSecret, users, password, chatAccountId, whatsappAccountId };
  } finally {
    await client.end();
  }
};
