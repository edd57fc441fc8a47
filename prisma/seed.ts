import { createHmac } from "node:crypto";
import { join } from "node:path";
import type { Connector, WebhookRequest } from "#contract";
import type { Log } from "#core/log";
import { type Scope, userScope } from "#core/scope";
import type { Commands, Supervisor } from "#runtime/ports";
import { openChannelSecrets } from "#store/channel-secrets";
import type { Db } from "#store/db";
import { grantsOf } from "#store/members";
import type { Secrets } from "../src/secrets.ts";
import { type ChannelKey, channels, companies, people, type PersonKey, type QueueKey } from "./demo/company.ts";
import { insertDemo, loginsFile } from "./demo/rows.ts";
import { type Step, timelineOf } from "./demo/timeline.ts";
import { vltavaTalks } from "./demo/vltava.ts";
import { zahradkaTalks } from "./demo/zahradka.ts";

interface SeedInput {
  readonly db: Db;
  readonly secrets: Secrets;
  readonly connectors: readonly Connector[];
  readonly supervisor: Pick<Supervisor, "reload" | "webhook">;
  /** The desk's commands as they would have run at that time. */
  readonly commandsAt: (at: Date) => Pick<Commands, "sendMessage" | "updateConversation">;
  readonly log: Log;
  /** Where the generated passwords are kept, in demo-logins.txt. */
  readonly dataDir: string;
  readonly now: () => Date;
}

interface Account {
  readonly id: string;
  readonly tenantId: string;
  readonly secret: string;
}

/** What the demo's rows are called in this database. */
interface Cast {
  readonly accounts: ReadonlyMap<ChannelKey, Account>;
  readonly scopes: ReadonlyMap<PersonKey, Scope>;
  readonly queueIds: ReadonlyMap<string, string>;
}

const lockName = "linka demo";
const talks = [...vltavaTalks, ...zahradkaTalks];

/**
 * Fills an empty database with two client companies, their people and channels, and plays some dozens of conversations
 * through the loopback channel and the desk's commands. A crash midway is resumed by the next call; a database with
 * companies of its own is left alone. `logins` = the demo's people are here.
 */
export const seedDemo = async (
  input: SeedInput,
): Promise<{ readonly logins: boolean; readonly loginsFile: string }> => {
  const answer = (logins: boolean) => ({ logins, loginsFile: join(input.dataDir, loginsFile) });
  // Held by a connection of its own: a second node waits here and finds the work done.
  const holder = await input.db.pool.connect();
  try {
    await holder.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [lockName]);
    const { db, secrets, connectors, dataDir } = input;
    if ((await demoState(db)).tenants === 0) await insertDemo({ db, secrets, connectors, dataDir, now: input.now() });
    const begun = await demoState(db);
    if (begun.demo !== "filling" || begun.since === null) return answer(begun.demo !== null);
    await play(input, begun.since);
    await input.db.query({
      text: `UPDATE tenant SET policy = jsonb_set(policy, '{demo}', '"ready"') WHERE policy ->> 'demo' = 'filling'`,
    });
    return answer(true);
  } finally {
    holder.release(true);
  }
};

const demoState = async (q: Pick<Db, "query">) => {
  const [row] = await q.query<{ tenants: number; demo: string | null; since: Date | null }>({
    text: `SELECT count(*)::int AS tenants, min(policy ->> 'demo') AS demo,
                  min(created_at) FILTER (WHERE policy ->> 'demo' = 'filling') AS since FROM tenant`,
  });
  return row ?? { tenants: 0, demo: null, since: null };
};

const play = async (input: SeedInput, since: Date): Promise<void> => {
  const cast = await findCast(input);
  for (const { id } of cast.accounts.values()) await input.supervisor.reload(id);
  const steps = timelineOf(talks, since).filter(({ channel }) => cast.accounts.has(channel));
  for (const step of steps) await perform(input, cast, step);
  input.log.info({ conversations: talks.length, steps: steps.length }, "the demo is filled");
};

const findCast = async ({ db, secrets }: SeedInput): Promise<Cast> => {
  const accounts = new Map<ChannelKey, Account>();
  const rows = await db.query<{
    id: string;
    tenant_id: string;
    kind: string;
    name: string;
    secrets_enc: Buffer | null;
  }>({
    text: "SELECT id, tenant_id, kind, name, secrets_enc FROM channel_account",
  });
  for (const key of Object.keys(channels) as ChannelKey[]) {
    const row = rows.find(({ kind, name }) => kind === channels[key].kind && name === channels[key].name);
    if (row === undefined) continue;
    const { secret = "" } = openChannelSecrets({ secrets, accountId: row.id, sealed: row.secrets_enc });
    accounts.set(key, { id: row.id, tenantId: row.tenant_id, secret });
  }
  const users = await db.query<{ id: string; email: string; name: string }>({
    text: "SELECT id, email, name FROM app_user",
  });
  const grants = await grantsOf({ db, userIds: users.map(({ id }) => id) });
  const scopes = new Map<PersonKey, Scope>();
  for (const key of Object.keys(people) as PersonKey[]) {
    const user = users.find(({ email }) => email === people[key].email);
    const granted = grants.get(user?.id ?? "");
    if (user === undefined || granted === undefined) continue;
    scopes.set(key, userScope({ actor: { type: "user", id: user.id, name: user.name }, grants: granted }));
  }
  const queues = await db.query<{ id: string; key: string; company: string }>({
    text: "SELECT q.id, q.key, t.key AS company FROM queue q JOIN tenant t ON t.id = q.tenant_id",
  });
  return { accounts, scopes, queueIds: new Map(queues.map(({ id, key, company }) => [`${company}/${key}`, id])) };
};

const must = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new Error(`the demo misses ${what}`);
  return value;
};

const perform = async (input: SeedInput, cast: Cast, step: Step): Promise<void> => {
  const account = must(cast.accounts.get(step.channel), step.channel);
  if (step.does === "write") return deliver(input.supervisor, account, step.body);
  const commands = input.commandsAt(step.at);
  const conversationId = await conversationOf(input.db, account, step.opening);
  if (step.does === "answer") {
    const { key: clientKey, mode, text } = step;
    const scope = must(cast.scopes.get(step.person), step.person);
    await commands.sendMessage(scope, { conversationId, clientKey, mode, text, uploadIds: [] });
    return;
  }
  const { owner, queue, tags, priority, status, snoozedUntil } = step;
  const scope = must(cast.scopes.get(owner ?? "petr"), "the owner");
  const company = companies[channels[step.channel].company].key;
  await commands.updateConversation(scope, {
    id: conversationId,
    set: {
      ...(owner !== null && { assigneeId: must(scope.actor.id ?? undefined, "the owner's id") }),
      ...(queue !== null && { queueId: queueOf(cast, company, queue) }),
      ...(status !== "open" && { status }),
      ...(status === "snoozed" && { snoozedUntil: snoozedUntil.toISOString() }),
      tags: [...tags],
      priority,
    },
  });
};

const queueOf = (cast: Cast, company: string, queue: QueueKey): string =>
  must(cast.queueIds.get(`${company}/${queue}`), `the queue ${queue}`);

/** Through the same door as any remote: a signed request, believed only for its signature. */
const deliver = async (supervisor: SeedInput["supervisor"], account: Account, body: string): Promise<void> => {
  const signature = createHmac("sha256", account.secret).update(body).digest("hex");
  const request: WebhookRequest = {
    method: "POST",
    path: "",
    query: new URLSearchParams(),
    headers: new Headers({ "x-signature-256": `sha256=${signature}` }),
    body: Buffer.from(body),
  };
  const reply = await supervisor.webhook(account.id, request);
  if (reply?.status !== 200) throw new Error(`a demo message was not taken: ${reply?.status ?? "no such account"}`);
};

const conversationOf = async (db: Db, account: Account, messageId: string): Promise<string> => {
  const [row] = await db.query<{ conversation_id: string }>({
    text: "SELECT conversation_id FROM message WHERE account_id = $1 AND tenant_id = $2 AND external_id = $3",
    values: [account.id, account.tenantId, messageId],
  });
  return must(row?.conversation_id, `the conversation of ${messageId}`);
};
