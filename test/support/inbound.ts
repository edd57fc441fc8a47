import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Address, type InboundMessage, remoteId, threadKey } from "#contract";
import type { AccountRef } from "#core/inbound";
import type { Publisher, StoredChange } from "#core/records";
import { type Db, openDatabase } from "#store/db";
import { type Files, openFiles } from "#store/files";
import { type Journal, startJournal } from "#runtime/journal";
import { uuid } from "#core/uuid";
import { openSecrets, type Secrets } from "../../src/secrets.ts";

/** A tenant with one channel account, made by hand: what an admin would have set up. */
export const seedAccount = async (
  db: Db,
  o: { kind?: string; tenantId?: string; queue?: boolean; replyWindowHours?: number } = {},
): Promise<AccountRef> => {
  const tenantId = o.tenantId ?? uuid();
  const id = uuid();
  const kind = o.kind ?? "loopback";
  const queueId = o.queue === false ? null : uuid();
  await db.query({
    text: "insert into tenant (id, key, name) values ($1, $2, $2) on conflict do nothing",
    values: [tenantId, `t-${tenantId.slice(-12)}`],
  });
  if (queueId !== null)
    await db.query({
      text: "insert into queue (id, tenant_id, key, name) values ($1, $2, $3, 'Queue')",
      values: [queueId, tenantId, queueId.slice(-12)],
    });
  await db.query({
    text: "insert into channel_account (id, tenant_id, kind, name, queue_id) values ($1, $2, $3, 'Account', $4)",
    values: [id, tenantId, kind, queueId],
  });
  return {
    id,
    tenantId,
    kind,
    channel: kind,
    name: "Account",
    queueId,
    replyWindowHours: o.replyWindowHours ?? false,
    reopenDays: 7,
  };
};

export const loopback = (value: string): Address => ({ kind: "loopback", value });
export const email = (value: string): Address => ({ kind: "email", value });

let counter = 0;

/** A message as a connector hands it over; say only what matters. */
export const message = (
  o: Partial<Omit<InboundMessage, "thread" | "id" | "references" | "replyTo">> & {
    thread?: string;
    id?: string;
    references?: string[];
    replyTo?: string;
    sender?: string;
  } = {},
): InboundMessage => {
  counter += 1;
  const { thread, id, references, replyTo, sender = "customer-1", ...rest } = o;
  return {
    type: "message",
    thread: threadKey(thread ?? sender),
    id: remoteId(id ?? `id-${counter}`),
    from: { addresses: [loopback(sender)], name: sender },
    own: false,
    sentAt: new Date(),
    kind: "text",
    text: `text ${counter}`,
    attachments: [],
    raw: { json: { counter } },
    ...(references === undefined ? {} : { references: references.map(remoteId) }),
    ...(replyTo === undefined ? {} : { replyTo: remoteId(replyTo) }),
    ...rest,
  };
};

export interface JournalBench {
  readonly db: Db;
  readonly files: Files;
  readonly secrets: Secrets;
  readonly journal: Journal;
  readonly published: StoredChange[];
  readonly typing: { readonly conversationId: string; readonly active: boolean }[];
  readonly warnings: string[];
  close(): Promise<void>;
}

/** A journal over a real database and file store; `published` is what screens would have heard. */
export const journalBench = async (o: { url: string; max?: number; now?: () => Date }): Promise<JournalBench> => {
  const warnings: string[] = [];
  const note = (fields: object, text: string): void => void warnings.push(`${text} ${JSON.stringify(fields)}`);
  const log = { debug: () => undefined, info: () => undefined, warn: note, error: note };
  const db = openDatabase({ url: o.url, max: o.max ?? 4, log });
  const dir = await mkdtemp(join(tmpdir(), `linka-test-${process.pid}-files-`));
  const files = openFiles({ dir });
  const secrets = openSecrets({ secret: "a secret of the tests, thirty-two characters" });
  const published: StoredChange[] = [];
  const typing: { conversationId: string; active: boolean }[] = [];
  const publisher: Publisher = {
    // Rows go on changing in no later batch: what is published is a picture of its commit.
    changes: (changes) => void published.push(...structuredClone(changes)),
    customerTyping: ({ conversationId, active }) => void typing.push({ conversationId, active }),
    tell: () => undefined,
  };
  const journal = startJournal({ db, files, secrets, publisher, log, now: o.now ?? (() => new Date()) });
  return {
    db,
    files,
    secrets,
    journal,
    published,
    typing,
    warnings,
    close: async () => {
      await journal.stop();
      await db.end();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
